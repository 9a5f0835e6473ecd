import Glibc
import Testing

@testable import Agent

@Suite struct WatchedProcessTests {
    @Test func tellsHowAProgramEnded() async throws {
        let directory = try TemporaryDirectory()
        let output = directory.path + "/out"
        let seven = try WatchedProcess.start(["/bin/sh", "-c", "echo hello; exit 7"], output: output)
        #expect(await seven.ended() == .exited(7))
        #expect(seven.end == .exited(7))
        let sleeper = try WatchedProcess.start(["/bin/sleep", "100"], output: output)
        #expect(sleeper.end == nil)
        #expect(await !sleeper.ends(within: .milliseconds(20)))
        sleeper.signal(SIGKILL)
        #expect(await sleeper.ends(within: .seconds(60)))
        #expect(await sleeper.ended() == .signalled(SIGKILL))
        sleeper.signal(SIGKILL)
        let text = try DurableFile(directory: directory.path, name: "out").read().map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(text == "hello\n")
    }

    @Test func aMissingProgramIsAnError() {
        #expect(throws: SystemError.self) { try WatchedProcess.start(["/nonexistent"], output: "/dev/null") }
    }

    @Test func findsWhatAnotherAgentStarted() async throws {
        let directory = try TemporaryDirectory()
        let marker = "marker-\(directory.path)"
        let process = try WatchedProcess.start(["/bin/sh", "-c", "kill -STOP $$", marker], output: "/dev/null")
        // A shell that only stops itself: one that starts a command is there twice between fork and exec. The kernel
        // shows a program's arguments a moment after its start.
        var found: [WatchedProcess] = []
        for _ in 0..<500 where found.isEmpty {
            found = WatchedProcess.find(program: "/bin/sh", argument: marker)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(found.map(\.pid) == [process.pid])
        #expect(WatchedProcess.find(program: "/bin/sh", argument: marker + "x").isEmpty)
        found.first?.signal(SIGKILL)
        process.signal(SIGKILL)
        #expect(await process.ended() != .exited(0))
    }
}
