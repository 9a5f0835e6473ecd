import BinaryLog
import Testing
import XDB

struct LogStateTests {
    private static func state(_ text: String) throws -> LogState {
        try LogState(text.split(separator: ",").compactMap { GTID(String($0)) })
    }

    @Test(
        "what continues a log, and what does not",
        arguments: [
            ("", "0-17-1", true), ("", "0-17-900", true), ("", "1-17-1", false),
            ("0-17-5", "0-17-6", true), ("0-17-5", "0-17-9", true), ("0-17-5", "0-17-5", false),
            ("0-17-5", "0-17-4", false), ("0-17-5", "0-33-6", true), ("0-17-5", "0-33-5", false),
            ("0-33-5", "0-17-6", false), ("0-33-5", "0-34-6", false), ("0-17-5", "1-17-6", false),
        ]
    )
    func continuing(log: String, gtid: String, accepted: Bool) throws {
        var state = try Self.state(log)
        let next = try #require(GTID(gtid))
        if accepted {
            try state.append(next)
            #expect(state.last == next)
        } else {
            #expect(throws: BinaryLogError.self) { try state.append(next) }
        }
    }

    @Test(
        "the last position that two logs share",
        arguments: [
            ("", "", "0/0"), ("", "0-17-5", "0/0"), ("0-17-5", "0-17-5", "1/5"), ("0-17-5", "0-17-9", "1/5"),
            // The follower has two transactions of epoch 1 that the leader of epoch 2 never had.
            ("0-17-7", "0-17-5,0-33-9", "1/5"),
            ("0-17-5,0-33-8", "0-17-5,0-33-6,0-49-9", "2/6"),
            ("0-17-5,0-34-8", "0-17-6,0-49-9", "1/5"),
            ("0-17-5", "0-33-5", nil),
        ] as [(String, String, String?)]
    )
    func matching(left: String, right: String, position: String?) throws {
        let left = try Self.state(left)
        let right = try Self.state(right)
        #expect(left.matching(right) == position.flatMap { Position($0) })
        #expect(right.matching(left) == position.flatMap { Position($0) })
    }

    @Test("what is remembered is bounded, and is what happened last")
    func bounded() throws {
        var state = LogState()
        for epoch in 1...UInt32(LogState.limit + 10) {
            try state.append(
                GTID(serverID: ServerID(epoch: Epoch(rawValue: epoch), ordinal: 0), sequence: UInt64(epoch))
            )
        }
        #expect(state.gtids.count == LogState.limit)
        #expect(state.gtids.first?.sequence == 11)
    }

    @Test(
        "a log's part up to a transaction",
        arguments: [
            ("0-17-5", "0-17-5", "0-17-5"), ("0-17-5", "0-17-3", "0-17-3"), ("0-17-5", "0-17-6", nil),
            ("0-17-5,0-33-9", "0-33-7", "0-17-5,0-33-7"), ("0-17-5,0-33-9", "0-17-2", "0-17-2"),
            ("0-17-5,0-33-9", "0-49-10", nil), ("", "0-17-1", nil),
            // The sequence is one of the server before it.
            ("0-17-5,0-33-9", "0-33-5", nil),
        ] as [(String, String, String?)]
    )
    func cutting(log: String, at text: String, expected: String?) throws {
        let gtid = try #require(GTID(text))
        #expect(try Self.state(log).cut(at: gtid) == expected.map { try Self.state($0) })
    }
}
