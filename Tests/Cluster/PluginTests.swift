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
        static let kubeconfig = "\(Lab.state)/kubeconfig"

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
            let places = try JSONValue(json: try await says("nodes", "-A", "-o", "json")).arrayValue ?? []
            let place = try #require(places.first { $0["name"]?.stringValue == node })
            #expect(place["members"]?.arrayValue?.contains { $0["member"]?.stringValue == leader.name } == true)
        }

        @Test func logsAreTheLeadersOrAMembers() async throws {
            let leader = try #require(try await Self.group.member(in: "Leader"))
            let log = try await says("logs", "plug", "--tail", "3")
            #expect(log.contains("\"member\":\"\(leader.name)\""), "\(log)")
            #expect(log.split(separator: "\n").count == 3)
            #expect(try await says("logs", "plug", "2").contains("\"member\":\"plug-2\""))
            #expect(try await says("logs", "plug", "--since", "86400").contains("\"member\":\"\(leader.name)\""))
            // Its container has not been restarted.
            let before = try await xdb("logs", "plug", "--previous")
            #expect(before.code == 1 && before.output.isEmpty, "\(before.output)\(before.errors)")
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
            let told = try JSONValue(json: try await says("explain", "plug", "-o", "json"))
            #expect(told[path: "election", "leader"]?.stringValue == follower.name)
            let operationTold = try JSONValue(json: try await says("explain", operation, "--output", "json"))
            #expect(operationTold["state"]?.stringValue == "Succeeded")
            #expect(try await says("ops").contains(operation))
            #expect(try await says("ops", "plug", "-o", "json").contains(operation))
            #expect(try await says("ops", operation).contains("Result"))
            let logger = try await xdb("change-leader", "plug", "--to", "2")
            #expect(logger.code == 2)
            #expect(logger.errors.contains("there are plug-0 and plug-1"), "\(logger.errors)")
        }

        // MARK: What would be done

        /// What the server would take is printed as it would be made, with every option; nothing is made.
        @Test func operationsAreRehearsed() async throws {
            let before = try await state()
            let node = try #require(try await Lab.nodes().first)
            let rebuild = try await squeezed(
                "rebuild",
                "plug",
                "1",
                "--mode",
                "crosshost",
                "--node",
                node,
                "--source",
                "0",
                "--bytes-per-second",
                "10Mi",
                "--change-leader-first",
                "--timeout",
                "77",
                "--dry-run"
            )
            for words in [
                "generateName: plug-1-rebuild-", "bytesPerSecond: 10Mi", "changeLeaderFirst: true", "mode: CrossHost",
                "node: \(node)", "source: plug-0", "timeoutSeconds: 77",
            ] { #expect(rebuild.contains(words), "\(rebuild)") }
            let discard = try await squeezed("rebuild", "plug", "1", "--mode", "local", "--discard-first", "--dry-run")
            #expect(discard.contains("discardFirst: true"), "\(discard)")
            let restart = try await squeezed("restart", "plug", "1", "--dry-run")
            #expect(restart.contains("restart: member: plug-1"), "\(restart)")
            #expect(try await squeezed("recover-group", "plug", "--dry-run").contains("generateName: plug-recover-"))
            let force = try await squeezed("force-leader", "plug", "1", "--accept-data-loss", "--dry-run")
            #expect(force.contains("acceptDataLoss: true"), "\(force)")
            let offline = try await squeezed("offline", node, "--force", "--dry-run")
            #expect(offline.contains("namespace: xdb-system"), "\(offline)")
            #expect(offline.contains("force: true node: \(node)"), "\(offline)")
            let recover = try await squeezed("recover", node, "--restore-leaders", "--dry-run")
            #expect(recover.contains("node: \(node) restoreLeaders: true"), "\(recover)")
            let elsewhere = try await xdb("recover", node, "--dry-run", "--operator-namespace", "nowhere")
            #expect(elsewhere.code == 2, "\(elsewhere.errors)")
            #expect(try await state() == before)
        }

        @Test func changesOfTheSpecAreRehearsed() async throws {
            let before = try await state()
            for words in [
                ["pause", "plug"], ["resume", "plug"], ["failover", "off", "plug"], ["failover", "off", "--all"],
                ["take-out", "plug", "1"], ["put-back", "plug", "1"],
            ] {
                let ended = try await run(words + ["--dry-run"])
                #expect(ended.code == 0, "\(words): \(ended.errors)")
                #expect(ended.output.hasSuffix("(a dry run: nothing was changed)\n"), "\(ended.output)")
            }
            #expect(try await state() == before)
            #expect(try await says("failover", "status").hasPrefix("for all groups  Automatic\n"))
        }

        /// The operator plans it, and nothing of it is left.
        @Test func migrationsAreRehearsed() async throws {
            let before = try await state()
            let members = try await Self.group.members()
            // The larger zone has room for those of the smaller one.
            var sizes: [String: Int] = [:]
            for node in try await Lab.nodes() { sizes[try await Lab.zone(of: node), default: 0] += 1 }
            let to = try #require(sizes.max { $0.value < $1.value }?.key)
            let from = try #require(members.compactMap(\.zone).first { $0 != to }, "all members are in \(to)")
            let limit = ["--bytes-per-second", "10Mi", "--timeout", "60", "--dry-run"]
            let zone = try await run(["migrate", "plug", "--from", from, "--to", to] + limit)
            #expect(zone.code == 0, "\(zone.errors)")
            for member in members {
                #expect(zone.output.contains(" \(member.name) ") == (member.zone == from), "\(zone.output)")
            }
            let follower = try #require(members.first { $0.role == "Follower" })
            let node = try #require(try await freeNode())
            let one = try JSONValue(
                json: try await says("migrate", "plug", follower.name, "--node", node, "--dry-run", "-o", "json")
            )
            #expect(one["moves"]?.arrayValue?.compactMap { $0["member"]?.stringValue } == [follower.name])
            #expect(one["moves"]?[0]?["toNode"]?.stringValue == node)
            let refused = try await xdb("migrate", "plug", follower.name, "--node", follower.node ?? "", "--dry-run")
            #expect(refused.code == 1)
            #expect(refused.errors.contains("it would be refused: "), "\(refused.errors)")
            #expect(try await state() == before)
        }

        @Test func whatWaitsIsCancelled() async throws {
            #expect(try await says("pause", "plug", "--wait").hasPrefix("plug: paused"))
            let paused = try await says("status", "plug")
            #expect(paused.contains("PAUSED"), "\(paused)")
            #expect(paused.contains("kubectl xdb resume plug"), "\(paused)")
            let waited = try await xdb("change-leader", "plug", "--wait", "--wait-timeout", "1")
            #expect(waited.code == 5, "\(waited.errors)")
            let operation = try made(waited.output)
            let cancelled = try await xdb("cancel", operation, "--wait")
            #expect(cancelled.code == 0, "\(cancelled.errors)")
            #expect(cancelled.output.contains("Cancelled"), "\(cancelled.output)")
            #expect(try await xdb("cancel", operation).code == 1)
            try await aMigrationRests()
            #expect(try await says("resume", "plug", "--wait").hasPrefix("plug: the operator goes on"))
        }

        /// While the group is paused a migration does not begin, and can rest as one that goes on can.
        private func aMigrationRests() async throws {
            let follower = try #require(try await Self.group.member(in: "Follower"))
            let node = try #require(try await freeNode())
            let migration = try made(try await says("migrate", "plug", follower.name, "--node", node))
            #expect(try await says("pause", migration) == "\(migration): it rests after the move that goes on\n")
            let screen = try await squeezed("ops", migration)
            #expect(screen.contains("is to move to node \(node); it is paused"), "\(screen)")
            #expect(screen.contains("kubectl xdb resume \(migration)"), "\(screen)")
            #expect(try await says("resume", migration) == "\(migration): it goes on\n")
            #expect(try await says("cancel", migration, "--dry-run").contains("a dry run: nothing was changed"))
            #expect(try await says("cancel", migration, "--wait").contains("Cancelled"))
            #expect(try await says("ops", "-A").contains(migration))
        }

        @Test func aMemberIsRebuilt() async throws {
            try await Self.group.wait(for: "FullyRedundant")
            async let followed = xdb("logs", "plug", "2", "--follow", "--tail", "1")
            let rebuilt = try await says("rebuild", "plug", "2", "--mode", "CrossHost", "--wait")
            #expect(rebuilt.contains("Succeeded: plug-2 has a new life"), "\(rebuilt)")
            // The log ends with the pod of the old life.
            let log = try await followed
            #expect(log.code == 0, "\(log.errors)")
            #expect(log.output.split(separator: "\n").count > 1, "\(log.output)")
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
            let short = temporary("short.tar.gz")
            defer { try? FileManager.default.removeItem(atPath: short) }
            _ = try await says("report", "plug", "-o", short, "--log-lines", "2")
            let log = try await Lab.command(["tar", "-xzOf", short, "xdb-report-plug/logs/plug-0.log"])
            #expect(log.split(separator: "\n").count == 2, "\(log)")
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
            let context = try await xdb("status", "plug", "--context", "nowhere")
            #expect(context.code == 4, "\(context.errors)")
            #expect(context.errors.contains("nowhere"), "\(context.errors)")
            #expect(!(try await Lab.command(["\(Lab.programs)/kubectl-xdb", "version"])).isEmpty)
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

        /// Whoever may view or edit a namespace may do so with its groups.
        @Test func theUsualRolesAreEnough() async throws {
            let person = "plug-person"
            func may(_ verb: String, _ kind: String, _ options: String...) async throws -> Bool {
                let asked = ["auth", "can-i", verb, "\(kind).xdb-operator.github.io", "--as", person] + options
                return try await Lab.run(["kubectl", "--kubeconfig", Self.kubeconfig] + asked).code == 0
            }
            for (role, mayEdit) in [("view", false), ("edit", true)] {
                try await Lab.kubectl("create", "rolebinding", person, "--clusterrole", role, "--user", person)
                // The roles are put together by a controller.
                try await eventually("\(role) has groups") { () -> Bool? in
                    guard try await may("list", "xdbgroups") else { return nil }
                    return try await may("patch", "xdbgroups") == mayEdit ? true : nil
                }
                #expect(try await may("watch", "xdboperations"))
                #expect(try await may("create", "xdboperations") == mayEdit)
                #expect(try await !may("patch", "xdbgroups", "--subresource", "status"))
                try await Lab.kubectl("delete", "rolebinding", person)
            }
        }

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
