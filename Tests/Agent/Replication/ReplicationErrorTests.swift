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
        try directory.write("committed", "0-64-17\n")
        let settings = ReplicationConfiguration(
            member: "orders-0",
            group: "orders",
            namespace: "shop",
            directory: directory.path
        )
        let error = #expect(throws: ReplicationError.self) {
            try OpenedLog(configuration: settings, logger: Logger(label: "test"))
        }
        #expect(error?.reason == "LogLost")
        #expect(error?.description.contains("4/17 was noted as committed") == true, "\(String(describing: error))")
    }
}
