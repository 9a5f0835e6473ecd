import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// The first process of a member's container, as a real program over a real agent.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/mariadbd")))
struct SupervisorTests {
    /// The process that it has started; nil between two.
    private func child(of supervisor: WatchedProcess) -> pid_t? {
        let path = "/proc/\(supervisor.pid)/task/\(supervisor.pid)/children"
        let children = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ") ?? []
        return children.first.flatMap { pid_t($0) }
    }

    /// An agent that dies is started again and finds its server; an end that was asked for ends all three.
    @Test(.timeLimit(.minutes(15)))
    func theDeathOfAnAgentIsNotThatOfItsServer() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        let supervisor = try member.startSupervised()
        do {
            try await member.join()
            try await member.leadAlone(1)
            try await member.sql("CREATE DATABASE shop")
            try await member.sql("CREATE TABLE shop.t (id INT PRIMARY KEY)")
            let server = try #require(member.server)
            for id in 1...3 {
                let agent = try #require(child(of: supervisor))
                kill(agent, SIGKILL)
                while child(of: supervisor) ?? agent == agent { try await Task.sleep(for: .milliseconds(20)) }
                try await member.wait("writable again") { $0.phase == .writable && $0.epoch == Epoch(rawValue: 1) }
                try await member.sql("INSERT INTO shop.t VALUES (\(id))")
            }
            #expect(try await member.sql("SELECT COUNT(*) FROM shop.t") == "3")
            #expect(member.server?.pid == server.pid)
            #expect(supervisor.end == nil)

            supervisor.signal(SIGTERM)
            let end = await supervisor.ended()
            #expect(end == .exited(0), "\(member.log)")
            #expect(member.server == nil)
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([supervisor], [member])
    }

    /// It does not give an agent up that cannot start, and ends with that agent's code when it is asked to.
    @Test(.timeLimit(.minutes(5)))
    func itEndsWithItsAgentOnly() async throws {
        let files = try TestGroupFiles()
        let supervisor = try WatchedProcess.start(
            [try TestMember.program(), "init", "--", "run", "--no-such-option"],
            output: "\(files.directory.path)/init.log"
        )
        func log() throws -> String { try String(contentsOfFile: "\(files.directory.path)/init.log", encoding: .utf8) }
        while try log().components(separatedBy: "it is started again").count < 3 {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(supervisor.end == nil)
        supervisor.signal(SIGTERM)
        #expect(await supervisor.ended() != .exited(0))
    }
}
