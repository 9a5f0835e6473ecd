import Foundation
import Testing
import XDB

@testable import Agent

@Suite struct BinlogTailTests {
    /// An event with a body, without a meaningful checksum.
    static func event(_ type: UInt8, server: UInt32, _ body: [UInt8]) -> [UInt8] {
        var event = [UInt8](repeating: 0, count: 4) + [type] + number(UInt64(server), 4)
        event += number(UInt64(19 + body.count + 4), 4) + [UInt8](repeating: 0, count: 6)
        return event + body + [0, 0, 0, 0]
    }

    static func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    static func transaction(_ server: UInt32, _ sequence: UInt64) -> [UInt8] {
        event(162, server: server, number(sequence, 8) + number(0, 4) + [0, 0, 0, 0, 0, 0, 0])
    }

    static func list(_ gtids: [(UInt32, UInt64)]) -> [UInt8] {
        let entries = gtids.flatMap { number(0, 4) + number(UInt64($0.0), 4) + number($0.1, 8) }
        return event(163, server: 1, number(UInt64(gtids.count), 4) + entries)
    }

    static func write(_ files: [String: [UInt8]], index: String) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for (name, bytes) in files {
            try Data([0xFE] + Array("bin".utf8) + bytes).write(to: URL(fileURLWithPath: "\(directory.path)/\(name)"))
        }
        try directory.write("binlog.index", index)
        return directory
    }

    @Test func findsTheLastTransaction() throws {
        let directory = try Self.write(
            [
                "binlog.000001": Self.list([]) + Self.transaction(16, 1) + Self.event(16, server: 16, [1])
                    + Self.transaction(17, 2)
            ],
            index: "./binlog.000001\n"
        )
        #expect(try BinlogTail(dataDirectory: directory.path).last() == GTID("0-17-2"))
    }

    @Test func aNewFileSaysWhatWasBefore() throws {
        let directory = try Self.write(
            ["binlog.000001": Self.transaction(16, 1), "binlog.000002": Self.list([(16, 7), (33, 9), (17, 8)])],
            index: "./binlog.000001\n./binlog.000002\n"
        )
        #expect(try BinlogTail(dataDirectory: directory.path).last() == GTID("0-33-9"))
    }

    @Test func hostileFilesAreNoTrap() throws {
        for bytes in [[], [1, 2, 3], Self.event(162, server: 1, []), Self.event(163, server: 1, Self.number(.max, 4))] {
            let directory = try Self.write(["binlog.000001": bytes], index: "./binlog.000001\n./gone\n")
            #expect(try BinlogTail(dataDirectory: directory.path).last() == nil)
        }
        let empty = try TemporaryDirectory()
        #expect(try BinlogTail(dataDirectory: empty.path).last() == nil)
    }
}
