import Logging
import Testing
import XDB

@testable import Agent

@Suite struct ReplicationErrorTests {
    @Test func saysWhatToDo() {
        let error = ReplicationError.epochTooOld(asked: Epoch(rawValue: 3), promised: Epoch(rawValue: 4))
        #expect(error.reason == "EpochTooOld")
        #expect(error.description.contains("observe the group again"))
    }

    /// A log is not begun anew where there was one.
    @Test func aLogThatEndsBeforeWhatWasCommittedIsLost() throws {
        let directory = try TemporaryDirectory()
        try FileLogStorage.prepare(directory: FileLogStorage.directory(of: directory.path))
        try directory.write("committed", "0-64-17\n")
        let error = #expect(throws: ReplicationError.self) { try Self.open(directory) }
        #expect(error?.reason == "LogLost")
        #expect(error?.description.contains("4/17 was noted as committed") == true, "\(String(describing: error))")
    }

    /// Not even where everything is lost that tells of it, but that the member was there.
    @Test func aLogWhoseFilesAreGoneIsLost() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: ReplicationError.self) { try Self.open(directory) }
        #expect(error?.reason == "LogLost")
        #expect(error?.description.contains("its files are gone") == true, "\(String(describing: error))")
    }

    private static func open(_ directory: TemporaryDirectory) throws -> OpenedLog {
        let settings = ReplicationConfiguration(
            member: "orders-0",
            group: "orders",
            namespace: "shop",
            directory: directory.path
        )
        return try OpenedLog(configuration: settings, logger: Logger(label: "test"))
    }
}
