import ClusterFixture
import Kubernetes
import KubernetesModel
import Testing

extension ClusterTests {
    /// Members come and go under a writing client: from one voter to five and back, one of them with its node lost, and
    /// learners that become candidates.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Members {
        static let group = LabGroup(name: "size")

        private static func shape(_ candidates: Int, _ loggers: Int, learners: Int = 0) -> LabGroup.Shape {
            let sets = learners == 0 ? "[]" : "[{name: near, replicas: \(learners)}]"
            return LabGroup.Shape(candidates: candidates, loggers: loggers, learners: sets)
        }

        /// Asks for so many members, and waits until there are no others.
        private static func change(_ candidates: Int, _ loggers: Int, learners: Int = 0) async throws {
            try await group.apply(shape(candidates, loggers, learners: learners))
            try await group.isAsWanted()
            let members = try await group.members()
            #expect(members.count { $0.kind == "Candidate" } == candidates)
            #expect(members.count { $0.kind == "Logger" } == loggers)
            #expect(members.count { $0.kind == "Learner" } == learners)
            let voters = members.filter { $0.kind != "Learner" }.map(\.name)
            #expect(try await group.voters() == voters)
        }

        /// Pods, certificates and directories are those of the members and of nobody else.
        private static func expectNothingElse() async throws {
            let lives = try await group.members().map(\.life).sorted()
            let selection = Selection(labels: ["xdb-operator.github.io/group": group.name])
            let pods = try await Lab.client.list(Pod.self, in: group.namespace, ListOptions(selection)).items
            #expect(pods.map(\.metadata.name).sorted() == lives)
            let secrets = try await Lab.client.list(Secret.self, in: group.namespace, ListOptions(selection)).items
            let certificates = secrets.map(\.metadata.name).filter { $0.hasSuffix("-tls") && !$0.contains("operator") }
            #expect(certificates.sorted() == lives.map { "\($0)-tls" })
            for node in try await Lab.nodes() {
                let path = "/var/lib/xdb/\(group.namespace)/\(group.name)"
                let files = try await Lab.files(on: node, under: path)
                let here = try await group.members().filter { $0.node == node }.map { "/\($0.name)/" }
                let foreign = files.filter { file in !here.contains { "\(file)/".contains($0) } && file != path }
                #expect(foreign.isEmpty, "\(node) still has \(foreign.prefix(5))")
            }
        }

        @Test func fromOneVoterToFiveAndBack() async throws {
            try await Lab.ensureNodes(5)
            try await Self.group.apply(Self.shape(1, 0))
            try await Self.group.wait(for: "FullyRedundant")
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)

            for (candidates, loggers) in [(2, 1), (3, 2)] {
                try await Self.change(candidates, loggers)
                try await writer.progress(by: 20)
                try await Self.expectNothingElse()
            }

            // The node of a follower dies, and the group does without it.
            let lost = try #require(try await Self.group.member(in: "Follower"))
            let node = try #require(lost.node)
            try await Lab.power(off: node)
            try await eventually("the loss of \(node) is seen") { () -> Bool? in
                try await Self.group.condition("FullyRedundant")?.status == "False" ? true : nil
            }
            try await Self.group.apply(Self.shape(2, 1))
            try await eventually("three others vote") { () -> Bool? in
                let voters = try await Self.group.voters()
                return voters.count == 3 && !voters.contains(lost.name) ? true : nil
            }
            try await Self.group.wait(for: "FullyRedundant")
            try await writer.progress(by: 20)
            try await Lab.power(on: node, zone: lost.zone ?? "a")
            try await Self.group.isAsWanted()
            try await Self.expectNothingElse()

            try await Self.change(1, 0)
            try await writer.progress(by: 20)
            try await Self.group.expectSame(as: writer)
            try await Self.expectNothingElse()
            let reasons = try await Self.group.eventReasons()
            #expect(reasons.contains("ChangingMembers"))
        }

        @Test func learnersBecomeCandidatesWithTheirData() async throws {
            try await Self.change(1, 0, learners: 2)
            let writer = try await Writer.start(Self.group, patience: 3)
            try await writer.progress(by: 20)
            let learners = try await Self.group.members().filter { $0.kind == "Learner" }
            #expect(learners.count == 2)
            // A namesake of a member that was removed begins with the next life.
            #expect(learners.allSatisfy { $0.life == "\($0.name)-i2" }, "\(learners.map(\.life))")
            let pods = try await Self.uids(of: learners)
            try await Self.change(3, 0)
            let candidates = try await Self.group.members().filter { $0.kind == "Candidate" }
            #expect(Set(candidates.map(\.life)).isSuperset(of: learners.map(\.life)))
            #expect(try await Self.uids(of: learners) == pods)
            try await writer.progress(by: 20)
            try await Self.group.expectSame(as: writer)
            try await Self.expectNothingElse()
        }

        private static func uids(of members: [LabGroup.Member]) async throws -> [String] {
            var uids: [String] = []
            for member in members {
                let key = ObjectKey(namespace: group.namespace, name: member.life)
                uids.append(try await Lab.client.get(Pod.self, key).metadata.uid)
            }
            return uids
        }

        @Test func ends() async throws {
            try await Self.group.letGo()
        }
    }
}
