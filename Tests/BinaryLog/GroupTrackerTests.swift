import BinaryLog
import Testing
import XDB

struct GroupTrackerTests {
    @Test("every shape of group ends where it ends", arguments: 0..<50 as Range<UInt64>)
    func shapes(seed: UInt64) throws {
        var maker = GroupMaker(seed: seed)
        var tracker = GroupTracker()
        for _ in 0..<20 {
            let group = maker.next()
            for (index, event) in group.events.enumerated() {
                let step = try event.bytes.withUnsafeBytes { try tracker.step(EventPiece(whole: $0)) }
                switch step {
                case .begins(let begin):
                    #expect(index == 0)
                    #expect(begin.gtid == group.gtid)
                case .continues:
                    #expect(index > 0 && index < group.events.count - 1)
                case .ends:
                    #expect(index == group.events.count - 1)
                case .outside:
                    Issue.record("\(event.header.type) is in the group")
                }
            }
            #expect(tracker.isAtBoundary)
        }
    }

    @Test("what describes files is outside; what belongs to a group is refused without one")
    func outside() throws {
        var tracker = GroupTracker()
        for event in [RotateEvent(file: "f").artificialEvent(serverID: 1), try Event(Golden.gtidList)] {
            #expect(try event.bytes.withUnsafeBytes { try tracker.step(EventPiece(whole: $0)) } == .outside)
        }
        for type in [EventType.xid, .query, .writeRows, .incident, EventType(rawValue: 200)] {
            let event = Event(type: type, timestamp: 1, serverID: 1, body: [UInt8](repeating: 0, count: 40))
            #expect(throws: BinaryLogError.unexpectedEvent(type)) {
                try event.bytes.withUnsafeBytes { try tracker.step(EventPiece(whole: $0)) }
            }
        }
    }

    @Test("a GTID event that no server writes is refused, so that readers can rely on its length")
    func longGTID() throws {
        var body = [UInt8](repeating: 0, count: 1100)
        body[0] = 1
        let event = Event(type: .gtid, timestamp: 1, serverID: 17, body: body)
        var tracker = GroupTracker()
        #expect(throws: BinaryLogError.self) {
            try event.bytes.withUnsafeBytes { try tracker.step(EventPiece(whole: $0)) }
        }
    }

    @Test("a group inside a group is refused")
    func nested() throws {
        var tracker = GroupTracker()
        try Golden.ddlGTID.withUnsafeBytes { raw in
            _ = try tracker.step(EventPiece(whole: raw))
            #expect(throws: BinaryLogError.self) { try tracker.step(EventPiece(whole: raw)) }
        }
    }
}
