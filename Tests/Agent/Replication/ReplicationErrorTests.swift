import Testing
import XDB

@testable import Agent

@Suite struct ReplicationErrorTests {
    @Test func saysWhatToDo() {
        let error = ReplicationError.epochTooOld(asked: Epoch(rawValue: 3), promised: Epoch(rawValue: 4))
        #expect(error.reason == "EpochTooOld")
        #expect(error.description.contains("observe the group again"))
    }
}
