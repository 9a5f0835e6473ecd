import ClusterFixture
import Foundation
import KubernetesModel
import Testing

extension ClusterTests {
    /// Every command of `kubectl xdb`, run as a process.
    ///
    /// One group for all of it.
    @Suite(.serialized) struct Plugin {
        static let group = LabGroup(name: "plug")
        private static let kubeconfig = "\(Lab.state)/kubeconfig"

        /// Runs the plugin on the cluster.
        private func xdb(_ words: String..., kubeconfig: String = kubeconfig) async throws -> Lab.Ended {
            let command = words.prefix { $0 != "--" }
            let rest = words.dropFirst(command.count)
            return try await Lab.run(["\(Lab.programs)/kubectl-xdb"] + command + ["--kubeconfig", kubeconfig] + rest)
        }

        /// What it prints when it succeeds.
        private func says(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> String
        {
            let ended = try await Lab.run(
                ["\(Lab.programs)/kubectl-xdb"] + words.prefix { $0 != "--" } + ["--kubeconfig", Self.kubeconfig]
                    + words.drop { $0 != "--" }
            )
            #expect(ended.code == 0, "\(words): \(ended.errors)", sourceLocation: sourceLocation)
            return ended.output
        }

        /// The same with single spaces: how wide columns are depends on the other groups that there are.
        private func squeezed(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws
            -> String
        {
            let ended = try await Lab.run(["\(Lab.programs)/kubectl-xdb"] + words + ["--kubeconfig", Self.kubeconfig])
            #expect(ended.code == 0, "\(words): \(ended.errors)", sourceLocation: sourceLocation)
            return singleSpaced(ended.output)
        }

        private func singleSpaced(_ text: String) -> String {
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }

        /// The name in `operation NAME is made`.
        private func made(_ output: String) throws -> String {
            let words = try #require(output.split(separator: "\n").first { $0.hasSuffix(" is made") })
            return String(words.split(separator: " ")[1])
        }

        private func temporary(_ name: String) -> String {
            FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)").path
        }

        @Test func begins() async throws {
            try await Lab.kubectl("delete", "xop", "--all", "-n", Self.group.namespace)
            try await Self.group.apply()
            try await Self.group.wait(for: "FullyRedundant")
        }

        // MARK: Looking

        @Test func aWholeGroupIsShown() async throws {
            let screen = try await says("status", "plug")
            #expect(screen.hasPrefix("default/plug  takes writes, and every member plays its part\n"))
            for member in try await Self.group.members() {
                let node = try #require(member.node)
                let line = screen.split(separator: "\n").first { $0.hasPrefix("  \(member.name) ") }
                #expect(line?.contains(" \(node) ") == true, "\(screen)")
            }
            #expect(singleSpaced(screen).contains("Wrong nothing Next nothing to do"), "\(screen)")
            #expect(!screen.contains("\u{1B}"))
            #expect(try await xdb("status", "plug", "--exit-code").code == 0)
            #expect(try await squeezed("status").contains("plug 3/3"))
            #expect(try await squeezed("status", "-A").contains("default plug 3/3"))
            let json = try JSONValue(json: try await says("status", "plug", "-o", "json"))
            #expect(json["kind"]?.stringValue == "XDBGroup")
            let leader = try #require(try await Self.group.member(in: "Leader"))
            #expect(json[path: "status", "leader"]?.stringValue == leader.name)
            #expect(try await says("status", "-o", "yaml").contains("kind: XDBGroup"))
        }

        @Test func nodesHaveTheirMembers() async throws {
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let node = try #require(leader.node)
            let lines = try await says("nodes").split(separator: "\n")
            let line = try #require(lines.first { $0.hasPrefix("\(node) ") })
            #expect(line.contains("Ready"))
            #expect(line.contains("default/\(leader.name) Leader"))
            for name in try await Lab.nodes() { #expect(lines.contains { $0.hasPrefix("\(name) ") }) }
        }

        @Test func logsAreTheLeadersOrAMembers() async throws {
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let log = try await says("logs", "plug", "--tail", "3")
            #expect(log.contains("\"member\":\"\(leader.name)\""), "\(log)")
            #expect(log.split(separator: "\n").count == 3)
            #expect(try await says("logs", "plug", "2").contains("\"member\":\"plug-2\""))
        }

        @Test func statementsRunOnTheLeaderAndOnAFollower() async throws {
            let query = "SELECT CURRENT_USER(), @@read_only, @@hostname"
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let follower = try #require(try await Self.group.member(in: "Follower"))
            let written = try await says("sql", "plug", "--", "-N", "-e", query)
            #expect(written == "app@%\t0\t\(leader.name)\n")
            let read = try await says("sql", "plug", "--follower", "--admin", "--", "-N", "-e", query)
            #expect(read == "admin@%\t1\t\(follower.name)\n")
            let wrong = try await xdb("sql", "plug", "--", "-e", "SELECT nonsense")
            #expect(wrong.code != 0)
            let logger = try await xdb("sql", "plug", "--member", "2")
            #expect(logger.code == 1)
            #expect(logger.errors.contains("no server to connect to"))
        }

        @Test func namesAreCompleted() async throws {
            let link = temporary("link")
            try FileManager.default.createDirectory(atPath: link, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: link) }
            let program = "\(link)/kubectl_complete-xdb"
            try FileManager.default.createSymbolicLink(
                atPath: program,
                withDestinationPath: "\(Lab.programs)/kubectl-xdb"
            )
            let words = ["--kubeconfig", Self.kubeconfig]
            #expect(try await Lab.command([program, "sta"]) == "status\n:4\n")
            #expect(try await Lab.command([program, "status"] + words + ["pl"]) == "plug\n:4\n")
            #expect(try await Lab.command([program, "logs"] + words + ["plug", "plug-1"]) == "plug-1\n:4\n")
        }

        // MARK: Changing

        @Test func theLeaderIsChanged() async throws {
            let follower = try #require(try await Self.group.member(in: "Follower"))
            let epoch = try await Self.group.epoch()
            let draft = try await says("change-leader", "plug", "--to", follower.name, "--dry-run")
            #expect(draft.contains("generateName: plug-change-leader-"), "\(draft)")
            #expect(try await Self.group.epoch() == epoch)
            let changed = try await says("change-leader", "plug", "--to", follower.name, "--wait")
            #expect(changed.contains("Succeeded: \(follower.name) takes writes"), "\(changed)")
            #expect(try await Self.group.member(in: "Leader")?.name == follower.name)
            let operation = try made(changed)
            let explanation = try await says("explain", operation)
            #expect(explanation.contains("\(follower.name), because it was asked for"), "\(explanation)")
            #expect(explanation.contains("Promote"), "\(explanation)")
            #expect(try await says("explain", "plug").contains("How \(follower.name) came to lead"))
            #expect(try await says("ops").contains(operation))
            #expect(try await says("ops", "plug", "-o", "json").contains(operation))
            #expect(try await says("ops", operation).contains("Result"))
            let logger = try await xdb("change-leader", "plug", "--to", "2")
            #expect(logger.code == 2)
            #expect(logger.errors.contains("there are plug-0 and plug-1"), "\(logger.errors)")
        }

        @Test func whatWaitsIsCancelled() async throws {
            #expect(try await says("pause", "plug", "--wait").hasPrefix("plug: paused"))
            let paused = try await says("status", "plug")
            #expect(paused.contains("PAUSED"), "\(paused)")
            #expect(paused.contains("kubectl xdb resume plug"), "\(paused)")
            let operation = try made(try await says("change-leader", "plug"))
            let cancelled = try await xdb("cancel", operation, "--wait")
            #expect(cancelled.code == 0, "\(cancelled.errors)")
            #expect(cancelled.output.contains("Cancelled"), "\(cancelled.output)")
            #expect(try await xdb("cancel", operation).code == 1)
            #expect(try await says("resume", "plug", "--wait").hasPrefix("plug: the operator goes on"))
        }

        @Test func aMemberIsRebuilt() async throws {
            try await Self.group.wait(for: "FullyRedundant")
            let rebuilt = try await says("rebuild", "plug", "2", "--mode", "CrossHost", "--wait")
            #expect(rebuilt.contains("Succeeded: plug-2 has a new life"), "\(rebuilt)")
            let watched = try await says("ops", try made(rebuilt), "--watch")
            #expect(watched.contains("Vote"), "\(watched)")
            let refused = try await xdb(
                "rebuild",
                "plug",
                try await Self.group.object()[path: "status", "leader"]?.stringValue ?? "",
                "--wait"
            )
            #expect(refused.code == 1)
            #expect(refused.output.contains("a leader is not rebuilt"), "\(refused.output)")
        }

        @Test func aLostLeaderWaitsForAPersonWhoIsToldWhatToDo() async throws {
            try await Self.group.wait(for: "FullyRedundant")
            _ = try await says("failover", "off", "plug", "--wait")
            #expect(try await squeezed("failover", "status", "plug").contains("plug Manual Manual"))
            let leader = try #require(try await Self.group.member(in: "Leader"))
            try await Self.group.kill(.server, of: leader.life)
            try await eventually("the failover is left to people") { () -> Bool? in
                try await Self.group.condition("Writable")?.reason == "FailoverPending" ? true : nil
            }
            let status = try await xdb("status", "plug", "--exit-code")
            #expect(status.code == 11)
            #expect(status.output.contains("TAKES NO WRITES: FailoverPending"), "\(status.output)")
            #expect(status.output.contains("kubectl xdb change-leader plug"), "\(status.output)")
            _ = try await says("change-leader", "plug", "--wait")
            _ = try await says("failover", "on", "plug", "--wait")
            try await Self.group.wait(for: "FullyRedundant")
        }

        @Test func theSwitchForAllGroups() async throws {
            #expect(try await says("failover", "off", "--all") == "all groups: failover Manual\n")
            #expect(try await says("failover", "status").hasPrefix("for all groups  Manual\n"))
            #expect(try await squeezed("status", "plug").contains("kubectl xdb failover on --all"))
            #expect(try await says("failover", "on", "--all") == "all groups: failover Automatic\n")
            #expect(try await says("failover", "status").hasPrefix("for all groups  Automatic\n"))
        }

        @Test func nobodyIsForcedByMistake() async throws {
            let epoch = try await Self.group.epoch()
            let careless = try await xdb("force-leader", "plug", "1")
            #expect(careless.code == 64)
            #expect(careless.errors.contains("--accept-data-loss"), "\(careless.errors)")
            #expect(try await xdb("force-leader", "plug", "1", "--accept-data-loss").code == 64)
            let refused = try await xdb("force-leader", "plug", "1", "--accept-data-loss", "--yes", "--wait")
            #expect(refused.code == 1)
            #expect(refused.output.contains("use changeLeader"), "\(refused.output)")
            #expect(try await Self.group.epoch() == epoch)
        }

        // MARK: Reports

        @Test func aReportHasEverythingButSecrets() async throws {
            let file = temporary("report.tar.gz")
            defer { try? FileManager.default.removeItem(atPath: file) }
            #expect(try await says("report", "plug", "-o", file) == "\(file)\n")
            let names = try await Lab.command(["tar", "-tzf", file])
            for name in ["status.txt", "group.yaml", "operations.yaml", "events.yaml", "pods.yaml", "logs/plug-0.log"] {
                #expect(names.contains("xdb-report-plug/\(name)\n"), "\(names)")
            }
            #expect(names.contains("xdb-report-plug/operator/xdb-operator-"), "\(names)")
            let contents = try await Lab.command(["tar", "-xzOf", file])
            #expect(contents.contains("reason: Elected"))
            for account in ["app", "admin"] {
                let password = try await Self.group.password(of: account)
                #expect(!password.isEmpty && !contents.contains(password))
            }
            #expect(!contents.contains("kind: Secret"))
            #expect(try await xdb("report", "plug", "-o", file).code == 1)
        }

        // MARK: Complaints

        @Test func whatIsNotThereIsToldWithWhatIs() async throws {
            let group = try await xdb("status", "plugg")
            #expect(group.code == 2)
            #expect(group.errors.contains("there is no group plugg in namespace default; there"), "\(group.errors)")
            #expect(group.errors.contains("plug"))
            #expect(try await xdb("status", "plug", "-n", "kube-system").errors.contains("choose it with -n"))
            #expect(try await xdb("explain", "nothing").code == 2)
            #expect(try await xdb("rebuild", "plug", "9").errors.contains("there are plug-0, plug-1 and plug-2"))
            #expect(try await xdb("status", "plug", kubeconfig: "/nowhere").code == 4)
            #expect(try await xdb("failover", "off").code == 64)
        }

        /// Who may read groups and nothing else sees them, and is told which right is missing for the rest.
        @Test func fewRightsAreEnoughToLook() async throws {
            let few = try await kubeconfigWithFewRights()
            defer { try? FileManager.default.removeItem(atPath: few) }
            let status = try await xdb("status", "plug", kubeconfig: few)
            #expect(status.code == 0, "\(status.errors)")
            #expect(status.output.contains("takes writes"), "\(status.output)")
            #expect(status.output.contains("Not shown: operations: you may not list xdboperations"), "\(status.output)")
            let nodes = try await xdb("nodes", kubeconfig: few)
            #expect(nodes.code == 0, "\(nodes.errors)")
            #expect(nodes.output.contains("plug-0"), "\(nodes.output)")
            let change = try await xdb("change-leader", "plug", kubeconfig: few)
            #expect(change.code == 3)
            #expect(change.errors.contains("you may not create xdboperations"), "\(change.errors)")
            #expect(change.errors.contains("verbs: [create]"), "\(change.errors)")
            #expect(try await xdb("pause", "plug", kubeconfig: few).errors.contains("verbs: [patch]"))
            #expect(try await xdb("logs", "plug", kubeconfig: few).errors.contains("resources: [pods/log]"))
        }

        /// A kubeconfig of a ServiceAccount that may read groups.
        private func kubeconfigWithFewRights() async throws -> String {
            try await Lab.kubectl("apply", "-f", "-", input: Self.fewRights)
            let token = try await eventually("the token of the ServiceAccount") { () -> String? in
                let text = try await Lab.kubectl("get", "secret", "plug-few", "-o", "jsonpath={.data.token}")
                return Data(base64Encoded: text).flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
            }
            let file = temporary("kubeconfig")
            try FileManager.default.copyItem(atPath: Self.kubeconfig, toPath: file)
            let config = ["kubectl", "--kubeconfig", file, "config"]
            try await Lab.command(config + ["set-credentials", "few", "--token", token])
            try await Lab.command(config + ["set-context", "--current", "--user", "few"])
            return file
        }

        private static let fewRights = """
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: plug-few, namespace: default}
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: plug-few
              namespace: default
              annotations: {kubernetes.io/service-account.name: plug-few}
            type: kubernetes.io/service-account-token
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: plug-few, namespace: default}
            rules:
            - {apiGroups: [xdb-operator.github.io], resources: [xdbgroups], verbs: [get, list]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: plug-few, namespace: default}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: plug-few}
            subjects:
            - {kind: ServiceAccount, name: plug-few, namespace: default}
            """

        /// Who watches a group sees it to its end.
        @Test func ends() async throws {
            async let watched = xdb("status", "plug", "--watch")
            try await Self.group.delete()
            let end = try await watched
            #expect(end.code == 2)
            #expect(end.errors.contains("there is no group plug"), "\(end.errors)")
            for kind in ["serviceaccount", "secret", "role", "rolebinding"] {
                try await Lab.kubectl("delete", kind, "plug-few", "--ignore-not-found")
            }
        }
    }
}
