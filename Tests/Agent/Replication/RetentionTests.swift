import Testing

@testable import Agent

@Suite struct RetentionTests {
    /// A copy that takes long, or a member that is away, must not fill the disk of a member that works.
    @Test(
        arguments: [
            (0, 0), (1 << 30, 256 << 20), (8 << 30, 2 << 30), (64 << 30, 16 << 30), ((64 << 30) + 4, 16 << 30),
            (.max, 16 << 30),
        ] as [(UInt64, UInt64)]
    )
    func theLogThatIsKeptForOthersLeavesTheVolumeItsRoom(_ volume: UInt64, _ kept: UInt64) {
        #expect(ReplicationConfiguration.retainedBytes(forPeersOnVolumeOf: volume) == kept)
    }
}
