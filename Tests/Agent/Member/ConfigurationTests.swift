import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// Option files that change under real servers.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/mariadbd")))
struct ConfigurationTests {
    private static func revision(_ text: String) -> String { ServerConfiguration.revision(of: text) }

    @Test(.timeLimit(.minutes(15)))
    func whatCanBeSetIsSetAndTheRestWaits() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        var agent = try member.start()
        do {
            try await member.join()
            try await member.leadAlone(1)
            let first = try String(contentsOfFile: files.configuration, encoding: .utf8)
            try await member.wait("writable, with its options") {
                $0.phase == .writable && $0.configuration == Self.revision(first) && $0.pendingRestart == nil
            }
            let server = try #require(member.server)

            let second = "[mysqld]\ninnodb_buffer_pool_size=48M\nmax_connections=60\nperformance_schema=ON\n"
            try files.directory.write("user.cnf", second)
            try await member.wait("changed") {
                $0.configuration == Self.revision(second) && $0.pendingRestart == ["performance_schema"]
            }
            #expect(try await member.sql("SELECT @@global.max_connections") == "60")
            #expect(try await member.sql("SELECT @@global.innodb_buffer_pool_size") == "\(48 << 20)")
            #expect(try await member.sql("SELECT @@global.performance_schema") == "0")
            #expect(member.server?.pid == server.pid)

            // The next agent knows what its server has, and a default comes back.
            agent.signal(SIGKILL)
            _ = await agent.ended()
            let third = "[mysqld]\ninnodb_buffer_pool_size=48M\nperformance_schema=ON\n"
            try files.directory.write("user.cnf", third)
            agent = try member.start()
            try await member.wait("changed again") {
                $0.configuration == Self.revision(third) && $0.pendingRestart == ["performance_schema"]
            }
            #expect(try await member.sql("SELECT @@global.max_connections") == "151")

            // A server that ends by itself has what it had: the rest comes with the next pod.
            let wrong = third + "no_such_option=1\n"
            try files.directory.write("user.cnf", wrong)
            try await member.wait("waiting for more") { $0.pendingRestart == ["no_such_option", "performance_schema"] }
            server.signal(SIGKILL)
            let back = try await member.wait("back") {
                $0.role == .sealed && $0.server.state == .running && $0.configuration == Self.revision(wrong)
            }
            #expect(back.pendingRestart == ["no_such_option", "performance_schema"])
            #expect(member.server?.pid != server.pid)

            // In the next pod it has all of it.
            try files.directory.write("user.cnf", third)
            agent.signal(SIGTERM)
            _ = await agent.ended()
            try FileManager.default.removeItem(atPath: "\(member.directory)-run")
            agent = try member.start()
            try await member.wait("new") { $0.configuration == Self.revision(third) && $0.pendingRestart == nil }
            try await member.leadAlone(2)
            #expect(try await member.sql("SELECT @@global.performance_schema") == "1")
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    @Test(.timeLimit(.minutes(15)))
    func aValueThatTheServerRefusesIsTold() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        let agent = try member.start()
        do {
            try await member.join()
            try await member.wait("running") { $0.configuration != nil }
            try files.directory.write("user.cnf", "[mysqld]\nmax_connections=many\nlong_query_time=3\n")
            let status = try await member.wait("complaining") { !$0.problems.isEmpty }
            let problem = try #require(status.problems.first { $0.reason == AgentStatus.Problem.optionRefused })
            #expect(problem.message.contains("max_connections"))
            #expect(status.server.state == .running)
            #expect(status.pendingRestart == nil)
            try files.directory.write("user.cnf", "[mysqld]\nmax_connections=70\nlong_query_time=3\n")
            try await member.wait("content") { $0.problems.isEmpty && $0.configuration != status.configuration }
            let sql = member.connection("test")
            let row = try await sql.query("SELECT @@global.max_connections AS m, @@global.long_query_time AS t").first
            #expect(row?["m"] == "70")
            #expect(row?["t"]?.hasPrefix("3.") == true)
            await sql.disconnect()
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// Certificates are renewed months before they end: the agent shows the new one from the next connection on, and neither
    /// it nor its server is started again.
    @Test(.timeLimit(.minutes(15)))
    func aRenewedCertificateIsShownWithoutARestart() async throws {
        let files = try TestGroupFiles()
        let keys = TestCertificates(names: ["orders-0", "operator"])
        let member = TestMember(0, files: files, certificates: keys)
        let agent = try member.start()
        do {
            try await member.join()
            try await member.wait("running") { $0.server.state == .running }
            let server = try #require(member.server)
            let old = try await member.shownCertificate()
            #expect(old.contains("BEGIN CERTIFICATE"))
            keys.issue("orders-0", into: keys.path(of: "orders-0"))
            var new = try await member.shownCertificate()
            while new == old || !new.contains("BEGIN CERTIFICATE") {
                try await Task.sleep(for: .milliseconds(50))
                new = try await member.shownCertificate()
            }
            try await member.wait("answering") { $0.server.state == .running }
            #expect(member.server?.pid == server.pid)
            #expect(agent.end == nil)
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }
}
