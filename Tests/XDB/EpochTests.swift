import Testing
import XDB

struct EpochTests {
    @Test func aServerIDNamesItsEpochAndOrdinal() {
        let id = ServerID(epoch: Epoch(rawValue: 7), ordinal: 2)
        #expect(id.rawValue == 114)
        #expect(id.epoch == Epoch(rawValue: 7))
        #expect(id.ordinal == 2)
    }

    @Test func noTwoLeadersShareAServerID() {
        var seen: Set<ServerID> = []
        for epoch in UInt32(0)..<64 {
            for ordinal in 0..<ServerID.ordinals {
                #expect(seen.insert(ServerID(epoch: Epoch(rawValue: epoch), ordinal: ordinal)).inserted)
            }
        }
    }

    @Test func theLargestEpochStillFitsAServerID() {
        let last = ServerID.ordinals - 2
        #expect(ServerID(epoch: Epoch(rawValue: Epoch.max.rawValue - 1), ordinal: last).epoch.next == .max)
    }

    @Test func epochsAreOrdered() {
        #expect(Epoch.none < Epoch.none.next)
        #expect(Epoch(rawValue: 9) < Epoch(rawValue: 10))
    }
}
