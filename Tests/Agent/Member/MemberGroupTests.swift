import Foundation
import Glibc
import Testing
import XDB

@testable import Agent

/// Members as real programs with real servers: what the tables of `MemberPlan` promise, seen from outside.
@Suite(.serialized, .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/mariadbd")))
struct MemberGroupTests {
    static func lead(_ epoch: UInt32, start: Position, voters: [String]) -> LeadRequest {
        LeadRequest(epoch: Epoch(rawValue: epoch), start: start, source: nil, voters: voters, learners: [])
    }

    /// A stream that the operator reads must not keep the agent from ending: the pod would stay until it is killed.
    @Test(.timeLimit(.minutes(5)))
    func anAgentThatIsWatchedEndsInOrder() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(2, kind: .logger, files: files)
        let agent = try member.start()
        try await member.wait("there") { $0.phase == .uninitialized }
        let watch = try member.watch()
        while (try? String(contentsOfFile: watch.output, encoding: .utf8))?.contains("\n") != true {
            try await Task.sleep(for: .milliseconds(50))
        }
        agent.signal(SIGTERM)
        #expect(await watch.curl.ended() == .exited(0))
        #expect(await agent.ended() == .exited(0))
        await files.end([agent], [member])
    }

    /// Nor must a client that is cut off in the middle of a request.
    @Test(.timeLimit(.minutes(5)))
    func anAgentEndsThoughAConnectionDoesNot() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(2, kind: .logger, files: files)
        let agent = try member.start()
        try await member.wait("there") { $0.phase == .uninitialized }
        let clients = try [7700, 7703].map { port in
            let client = try #require(Socket.connected(to: port, host: member.address))
            client.send(Array("GET /live".utf8))
            return client
        }
        agent.signal(SIGTERM)
        #expect(await agent.ended() == .exited(0))
        _ = clients
        await files.end([agent], [member])
    }

    /// A group of one: made, written to, its agent killed, its server killed, and elected anew.
    @Test(.timeLimit(.minutes(5)))
    func aLoneMemberSurvivesTheDeathOfEachProcess() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        var agent = try member.start()
        do {
            try await member.wait("there") { $0.phase == .uninitialized }
            let early = await #expect(throws: AgentError.self) { try await member.seal(1) }
            #expect(early?.reason == "NotInitialized")
            try await member.initialize()
            try await member.initialize()
            #expect(try await member.seal(1).position == .zero)
            try await member.leadAlone(1)
            try await member.sql("CREATE DATABASE shop")
            try await member.sql("CREATE TABLE shop.t (id INT PRIMARY KEY)")
            try await member.sql("INSERT INTO shop.t VALUES (1)")

            // The agent dies: the server goes on, and commits wait for the next agent.
            let server = try #require(member.server)
            agent.signal(SIGKILL)
            _ = await agent.ended()
            async let waiting = member.sql("INSERT INTO shop.t VALUES (2)", seconds: 60)
            try await Task.sleep(for: .milliseconds(300))
            agent = try member.start()
            try await member.wait("writable again") { $0.phase == .writable && $0.epoch == Epoch(rawValue: 1) }
            _ = try await waiting
            #expect(member.server?.pid == server.pid)

            // The server dies: the member never leads this epoch again, and waits fail-safe for an election.
            server.signal(SIGKILL)
            let sealed = try await member.wait("sealed with a new server") {
                $0.role == .sealed && $0.server.state == .running
            }
            #expect(sealed.epoch == Epoch(rawValue: 1))
            #expect(sealed.problems.contains { $0.reason == "Resigned" })
            #expect(sealed.server.readOnly == true)
            await #expect(throws: SQLError.self) { try await member.sql("INSERT INTO shop.t VALUES (99)") }
            let refused = await #expect(throws: AgentError.self) {
                try await member.lead(Self.lead(1, start: .zero, voters: [member.name]))
            }
            #expect(refused?.reason == "Resigned")

            // An election: everything that was acknowledged is there.
            let leader = try await member.leadAlone(2)
            #expect(leader.server.unacknowledged == 0)
            try await member.sql("INSERT INTO shop.t VALUES (3)")
            #expect(try await member.sql("SELECT GROUP_CONCAT(id ORDER BY id) FROM shop.t") == "1,2,3")
            // Its accounts are there: they are not written again, in no epoch.
            #expect(try member.occurrences(of: "GRANT LOCK TABLES", inFiles: "binlog.0") == 1)

            let old = await #expect(throws: AgentError.self) { try await member.seal(1) }
            #expect(old?.reason == "EpochTooOld")
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// Each election ends the server that led, mostly while it is asked how it is.
    @Test(.timeLimit(.minutes(5)))
    func aServerThatIsEndedIsNotSaidToBeSilent() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        let agent = try member.start()
        do {
            try await member.wait("there") { $0.phase == .uninitialized }
            try await member.initialize()
            try await member.leadAlone(1)
            let watch = try member.watch()
            for epoch in UInt32(2)...6 { try await member.leadAlone(epoch) }
            agent.signal(SIGTERM)
            #expect(await watch.curl.ended() == .exited(0))
            let seen = try String(contentsOfFile: watch.output, encoding: .utf8)
            #expect(seen.contains("\n"))
            #expect(!seen.contains("ServerUnresponsive"))
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// Both processes die at once, at many moments of the way to lead; the directory alone says what goes on.
    @Test(.timeLimit(.minutes(5)))
    func aMemberGoesOnFromAnyMomentOfItsWayToLead() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        var agent = try member.start()
        do {
            try await member.join()
            var epoch: UInt32 = 1
            for milliseconds in [0, 5, 20, 50, 100, 200, 400, 800] {
                let answer = try await member.seal(epoch)
                try await member.lead(Self.lead(epoch, start: answer.position, voters: [member.name]))
                try await Task.sleep(for: .milliseconds(milliseconds))
                agent.signal(SIGKILL)
                _ = await agent.ended()
                if milliseconds % 100 == 0 { member.server?.signal(SIGKILL) }
                agent = try member.start()
                let status = try await member.wait("back") {
                    $0.phase == .writable || ($0.role == .sealed && $0.phase == .idle && $0.server.state == .running)
                }
                #expect(status.epoch == Epoch(rawValue: epoch))
                epoch += 1
            }
            try await member.leadAlone(epoch)
            try await member.sql("CREATE DATABASE shop")
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// A server that is killed right after a schema change that its engine does not log: what stands before it in the
    /// binlog is in doubt, cannot be truncated, and need not be, for the group has committed it.
    @Test(.timeLimit(.minutes(3)))
    func aCommittedTailWithASchemaChangeIsKept() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        let agent = try member.start()
        do {
            try await member.join()
            try await member.leadAlone(1)
            try await member.sql("CREATE DATABASE shop")
            try await member.sql("CREATE TABLE shop.t (id INT PRIMARY KEY)")
            for id in 0..<20 {
                try await member.sql("INSERT INTO shop.t VALUES (\(id))")
                try await member.sql("CREATE OR REPLACE VIEW shop.v AS SELECT \(id) AS last")
            }
            member.server?.signal(SIGKILL)
            try await member.wait("back") { $0.role == .sealed && $0.server.state == .running }
            try await member.leadAlone(2)
            #expect(try await member.sql("SELECT COUNT(*) FROM shop.t") == "20")
            #expect(try await member.sql("SELECT last FROM shop.v") == "19")
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// Nobody but the server has what it wrote last, and it cannot remove that behind a schema change: so it is the group's.
    @Test(.timeLimit(.minutes(3)))
    func aLoneMembersTailIsItsGroups() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, files: files)
        var agent = try member.start()
        do {
            try await member.join()
            try await member.leadAlone(1)
            try await member.sql("CREATE DATABASE shop")
            let before = try await member.written()

            // A write that no log gets, and then everything dies. A heartbeat may be before it, and wait for its
            // acknowledgement: behind the two the server writes nothing more.
            agent.signal(SIGSTOP)
            let view = Task { try await member.sql("CREATE VIEW shop.v AS SELECT 1 AS last", seconds: 60) }
            while try member.occurrences(of: "VIEW `shop`.`v`", inFiles: "binlog.0") == 0 {
                try await Task.sleep(for: .milliseconds(20))
            }
            member.server?.signal(SIGKILL)
            agent.signal(SIGKILL)
            _ = await agent.ended()
            await #expect(throws: (any Error).self) { try await view.value }

            agent = try member.start()
            try await member.wait("back") { $0.role == .sealed && $0.position > before }
            try await member.leadAlone(2)
            #expect(try await member.sql("SELECT last FROM shop.v") == "1")
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// Leader, follower and logger: written to, the leader changed by seal and lead, equal in the end.
    @Test(.timeLimit(.minutes(5)))
    func aGroupOfThreeChangesItsLeader() async throws {
        let files = try TestGroupFiles()
        let members = [
            TestMember(0, files: files), TestMember(1, files: files), TestMember(2, kind: .logger, files: files),
        ]
        let voters = members.map(\.name)
        let agents = try members.map { try $0.start() }
        do {
            for member in members {
                try await member.join()
            }
            func elect(_ epoch: UInt32, _ leader: TestMember) async throws {
                var start = Position.zero
                for member in members { start = max(start, try await member.seal(epoch).position) }
                try await leader.lead(Self.lead(epoch, start: start, voters: voters))
                for member in members where member !== leader { try await member.follow(epoch, leader) }
                try await leader.wait("writable") { $0.phase == .writable }
                for member in members where member !== leader {
                    try await member.wait("streaming") { $0.phase == .streaming && $0.hearsLeader }
                }
            }
            try await elect(1, members[0])
            try await members[0].sql("CREATE DATABASE shop")
            try await members[0].sql("CREATE TABLE shop.t (id INT PRIMARY KEY)")
            for id in 0..<50 { try await members[0].sql("INSERT INTO shop.t VALUES (\(id))") }
            await #expect(throws: SQLError.self) { try await members[1].sql("INSERT INTO shop.t VALUES (99)") }

            let old = try #require(members[0].server)
            try await elect(2, members[1])
            #expect(old.end == .signalled(SIGKILL) || old.end == .unknown)
            for id in 50..<100 { try await members[1].sql("INSERT INTO shop.t VALUES (\(id))") }
            await #expect(throws: SQLError.self) { try await members[0].sql("INSERT INTO shop.t VALUES (999)") }

            let end = try await members[1].written()
            for member in members.prefix(2) {
                try await member.shows(end)
                #expect(try await member.sql("SELECT COUNT(*) FROM shop.t") == "100")
            }
            #expect(try await members[0].status().server.lagSeconds ?? 99 < 5)
            let refused = await #expect(throws: AgentError.self) {
                try await members[2].lead(Self.lead(3, start: end, voters: voters))
            }
            #expect(refused?.reason == "NotACandidate")

            // Only the operator is answered.
            let answer = try await members[0].call("GET", "status", nil, certificate: "orders-1")
            #expect(try JSONDecoder().decode(AgentError.self, from: answer).reason == "NotTheOperator")
        } catch {
            Issue.record("\(error)\n\(members.map(\.log).joined(separator: "\n"))")
        }
        await files.end(agents, members)
    }

    /// An option that the server does not know is named; corrected, the server starts.
    @Test(.timeLimit(.minutes(3)))
    func aWrongOptionIsNamed() async throws {
        let files = try TestGroupFiles()
        try files.directory.write("user.cnf", "[mysqld]\nno_such_option=1\n")
        let member = TestMember(0, files: files)
        let agent = try member.start()
        do {
            try await member.join()
            let status = try await member.wait("refused") { $0.server.state == .refused }
            let problem = status.problems.first { $0.reason == "InvalidConfiguration" }
            #expect(problem?.message.contains("no_such_option") == true)
            try files.directory.write("user.cnf", "[mysqld]\nserver_id=7\n")
            let started = try await member.wait("running") { $0.server.state == .running }
            #expect(started.problems.contains { $0.reason == "OptionIgnored" && $0.message.contains("server_id") })

            // An orderly end of the agent ends the server.
            let server = try #require(member.server)
            agent.signal(SIGTERM)
            #expect(await agent.ended() == .exited(0))
            #expect(await server.ended() == .unknown)
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// A directory of another member is refused, and said so.
    @Test func aForeignDirectoryIsRefused() async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, kind: .logger, files: files)
        try DurableFile.makeDirectories(member.directory)
        try DurableState(directory: member.directory).write(
            Identity(group: "other", member: "orders-7", ordinal: 7, incarnation: 1, kind: .logger)
        )
        let agent = try member.start()
        do {
            let status = try await member.wait("answering") { !$0.problems.isEmpty }
            #expect(status.problems.first?.reason == "WrongIdentity")
            let refused = await #expect(throws: AgentError.self) { try await member.initialize() }
            #expect(refused?.reason == "WrongIdentity")
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end([agent], [member])
    }

    /// A member of which everything is lost that tells of its log, or of its promise, is no new one: it answers nobody.
    @Test(arguments: [("log", "LogLost"), ("promise.json", "StateUnreadable")])
    func whoHasLostItsLogOrPromiseAnswersNoElection(_ lost: String, _ reason: String) async throws {
        let files = try TestGroupFiles()
        let member = TestMember(0, kind: .logger, files: files)
        let first = try member.start()
        var agents = [first]
        do {
            try await member.wait("there") { $0.phase == .uninitialized }
            try await member.initialize()
            #expect(try await member.seal(3).position == .zero)
            first.signal(SIGKILL)
            _ = await first.ended()
            try FileManager.default.removeItem(atPath: "\(member.directory)/\(lost)")
            agents.append(try member.start())
            let status = try await member.wait("answering") { !$0.problems.isEmpty }
            #expect(status.problems.map(\.reason) == [reason])
            let refused = await #expect(throws: AgentError.self) { try await member.seal(4) }
            #expect(refused?.reason == reason)
        } catch {
            Issue.record("\(error)\n\(member.log)")
        }
        await files.end(agents, [member])
    }
}
