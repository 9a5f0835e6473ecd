import BinaryLog
import Testing
import XDB

/// Events as MariaDB 10.11.19 wrote them.
enum Golden {
    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }
        return stride(from: 0, to: digits.count, by: 2).compactMap { offset in
            let start = digits.index(digits.startIndex, offsetBy: offset)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
        }
    }

    static let formatDescription = bytes(
        """
        da0c016b0f11000000fc000000000100000100040031302e31312e31392d4d6172696144422d302b646562313275312d6c6f
        670000000000000000000000000000000000000000da0c016b13380d000800120004040404120000e400041a080000000808
        08020000000a0a0a0000000000000a0a0a000000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
        000000000000000000000000000000000000000000000000000000000000000000000000041304000d0808080a0a0a012666
        4b67
        """
    )
    static let ddlGTID = bytes(
        "dd0c016b a2 11000000 2a000000 6f010000 0800 0100000000000000 00000000 29 000000000000 657a1e22"
    )
    static let ddl = bytes(
        """
        dd0c016b 02 11000000 51000000 c0010000 0800 04000000 00000000 01 0000 1a00 0000000001 0100002054 00000000
        0603737464 042100210008 00 73 00 6372656174652064617461626173652073 230a59cc
        """
    )
    static let xid = bytes("dd0c016b 10 11000000 1f000000 9a040000 0000 0700000000000000 042400a7")
    static let gtidList = bytes("da0c016b a3 11000000 1d000000 1d010000 0000 000000000000 dea1b01e")
}

struct EventTests {
    private func withEvent<Result>(
        _ bytes: [UInt8],
        _ body: (EventHeader, UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try bytes.withUnsafeBytes { try body(EventHeader($0), $0) }
    }

    @Test("events of a real server are read, and checked")
    func golden() throws {
        let gtid = try withEvent(Golden.ddlGTID) { try GTIDEvent(header: $0, bytes: $1) }
        #expect(gtid.gtid == GTID("0-17-1"))
        #expect(gtid.flags == [.standalone, .allowParallel, .ddl])
        #expect(gtid.commitID == nil)
        #expect(try Event(Golden.ddl).header.endPosition == 448)
        let query = try withEvent(Golden.ddl) { try QueryEvent(header: $0, bytes: $1) }
        #expect(query.database == "s")
        #expect(query.statement == "create database s")
        #expect(query.threadID == 4)
        #expect(query.statusVariables == QueryEvent.standardStatusVariables)
        #expect(try Event(Golden.xid).header.type == .xid)
        #expect(try withEvent(Golden.gtidList) { try GTIDListEvent(header: $0, bytes: $1) }.gtids == [])
    }

    @Test("events that are built are those that a server writes, byte by byte")
    func built() throws {
        let gtid = try #require(GTID("0-17-1"))
        let begin = GTIDEvent(gtid: gtid, flags: [.standalone, .allowParallel, .ddl], timestamp: 0x6B01_0CDD)
        #expect(begin.event().ending(at: 367).bytes == Golden.ddlGTID)
        let query = QueryEvent(threadID: 4, database: "s", statement: "create database s")
        let event = query.event(timestamp: 0x6B01_0CDD, serverID: 17, flags: .suppressUse)
        #expect(event.ending(at: 448).bytes == Golden.ddl)
        #expect(GTIDListEvent([]).event(timestamp: 0x6B01_0CDA, serverID: 17).ending(at: 285).bytes == Golden.gtidList)
    }

    @Test("a server's format description loses its marks of one file, and what is made for a new log is the same")
    func formatDescription() throws {
        let format = try withEvent(Golden.formatDescription) { try FormatDescription(header: $0, bytes: $1) }
        #expect(format.serverVersion == "10.11.19-MariaDB-0+deb12u1-log")
        #expect(format.event.header.flags == [])
        #expect(format.event.body[71..<75] == [0, 0, 0, 0], "no creation time")
        let made = FormatDescription(serverVersion: format.serverVersion, timestamp: 1, serverID: 2)
        #expect(made.describesSameFormat(as: format))
        let again = try withEvent(made.event.bytes) { try FormatDescription(header: $0, bytes: $1) }
        #expect(again == made)
    }

    @Test("a binlog without checksums is refused, with what to set")
    func noChecksum() throws {
        var bytes = Golden.formatDescription
        bytes[bytes.count - 5] = 0
        let error = #expect(throws: BinaryLogError.self) {
            try withEvent(bytes) { try FormatDescription(header: $0, bytes: $1) }
        }
        #expect(error?.description.contains("binlog_checksum=CRC32") == true)
    }

    @Test("any changed bit is found")
    func bitFlips() throws {
        for index in Golden.ddl.indices {
            var bytes = Golden.ddl
            bytes[index] ^= 1 << (index % 8)
            #expect(throws: BinaryLogError.self) { try Event(bytes) }
        }
    }

    @Test("an event is relocated in place")
    func relocation() throws {
        var bytes = Golden.xid
        bytes.withUnsafeMutableBytes { Event.relocate($0, endPosition: 4711) }
        let event = try Event(bytes)
        #expect(event.header.endPosition == 4711)
        #expect(event.ending(at: 0x49A).bytes == Golden.xid)
    }

    @Test("what is built can be read", arguments: [nil, 77] as [UInt64?])
    func roundTrip(commitID: UInt64?) throws {
        let gtid = try #require(GTID("0-113-4711"))
        let begin = GTIDEvent(gtid: gtid, flags: [.transactional], commitID: commitID, timestamp: 9)
        #expect(try withEvent(begin.event().bytes) { try GTIDEvent(header: $0, bytes: $1) } == begin)
        let list = GTIDListEvent([gtid, try #require(GTID("0-128-4712"))])
        #expect(
            try withEvent(list.event(timestamp: 1, serverID: 2).bytes) { try GTIDListEvent(header: $0, bytes: $1) }
                == list
        )
        let rotate = RotateEvent(file: "000001.log")
        #expect(
            try withEvent(rotate.artificialEvent(serverID: 1).bytes) { try RotateEvent(header: $0, bytes: $1) }
                == rotate
        )
        let heartbeat = HeartbeatEvent(file: "000001.log", position: 99)
        #expect(
            try withEvent(heartbeat.event(serverID: 1).bytes) { try HeartbeatEvent(header: $0, bytes: $1) } == heartbeat
        )
    }
}
