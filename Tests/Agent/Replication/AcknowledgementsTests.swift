import BinaryLog
import Testing

@testable import Agent

@Suite struct AcknowledgementsTests {
    private func place(_ position: UInt64) -> BinlogCoordinates {
        BinlogCoordinates(file: "bin.000001", position: position)
    }

    @Test func onlyTheLastOfWhatIsCommittedIsSent() {
        var queue = Acknowledgements()
        for sequence in 1...200 as ClosedRange<UInt64> { queue.wait(at: place(sequence * 100), for: sequence) }
        #expect(queue.release(committed: 0) == nil)
        #expect(queue.release(committed: 70) == place(7000))
        #expect(queue.release(committed: 70) == nil)
        for sequence in 201...300 as ClosedRange<UInt64> { queue.wait(at: place(sequence * 100), for: sequence) }
        #expect(queue.release(committed: 299) == place(29900))
        #expect(!queue.isEmpty)
        #expect(queue.release(committed: 1000) == place(30000))
        #expect(queue.isEmpty)
    }

    @Test func nothingIsLeftAfterAReset() {
        var queue = Acknowledgements()
        queue.wait(at: place(1), for: 1)
        queue.removeAll()
        #expect(queue.release(committed: 9) == nil)
    }
}
