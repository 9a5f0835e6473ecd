import KubernetesModel
import Testing
import XDB

@testable import Planning

/// The smaller policies, each by what it adds to the plan of a group of three that takes writes.
struct PolicyTests {
    private static let world = World.writable()
    private static let healthy = world.observation

    private func actions(_ change: (inout GroupObservation) -> Void) -> [GroupAction] {
        var observation = Self.healthy
        change(&observation)
        return plan(observation).actions.filter { if case .ensure = $0 { false } else { true } }
    }

    // MARK: MembershipPolicy

    struct MembersCase: Sendable {
        var learners: [(String, Int)]
        var recorded: [(ordinal: Int, set: String)]
        var expected: [String]
    }

    @Test(arguments: [
        MembersCase(learners: [("w", 2)], recorded: [], expected: ["3w", "4w"]),
        MembersCase(learners: [("w", 1), ("e", 1)], recorded: [], expected: ["3w", "4e"]),
        MembersCase(learners: [("e", 1)], recorded: [(3, "w"), (4, "e")], expected: ["4e"]),
        MembersCase(learners: [("e", 2)], recorded: [(3, "w"), (4, "e")], expected: ["4e", "5e"]),
        MembersCase(learners: [("w", 1), ("e", 1)], recorded: [(4, "e")], expected: ["3w", "4e"]),
        MembersCase(learners: [("w", 1)], recorded: [(3, "w"), (4, "w")], expected: ["3w"]),
    ])
    func learnersKeepTheirOrdinals(_ row: MembersCase) {
        var spec = XDBGroup.Spec()
        spec.members.learners = row.learners.map {
            var set = XDBGroup.LearnerSet()
            set.name = $0.0
            set.replicas = $0.1
            return set
        }
        let recorded = row.recorded.map {
            var member = XDBGroup.MemberStatus()
            member.name = "orders-\($0.ordinal)"
            member.ordinal = $0.ordinal
            member.kind = .learner
            member.learnerSet = $0.set
            return member
        }
        let names = GroupNames(group: "orders", namespace: "shop")
        let wanted = WantedMembers(spec: spec, recorded: recorded, names: names).members
        #expect(wanted.prefix(3).map(\.name) == ["orders-0", "orders-1", "orders-2"])
        #expect(wanted.prefix(3).map(\.kind) == [.candidate, .candidate, .logger])
        #expect(wanted.dropFirst(3).map { "\($0.ordinal)\($0.learnerSet ?? "")" } == row.expected)
    }

    // MARK: OwnedObjectsPolicy

    @Test func everyObjectIsPutBackEveryTime() {
        let ensured = plan(Self.healthy).actions.compactMap { if case .ensure(let object) = $0 { object } else { nil } }
        #expect(ensured.contains(.authority))
        #expect(ensured.contains(.configuration))
        #expect(ensured.contains(.leaderService))
        #expect(ensured.contains(.followersService))
        #expect(ensured.contains(.disruptionBudget(minimumAvailable: 2)))
        #expect(ensured.contains(.certificate(member: "orders-2")))
        // Generated once; never behind the applications' back.
        #expect(!ensured.contains(.users))
    }

    @Test func aRemovedPasswordSecretIsReportedWithItsRemedy() throws {
        var observation = Self.healthy
        observation.secrets = []
        let plan = plan(observation)
        let condition = try #require(plan.status.conditions[ConditionType.progressing.rawValue])
        #expect(condition.reason == Reason.secretMissing.rawValue)
        #expect(condition.message.contains("orders-app"))
        #expect(plan.events.map(\.reason) == [.secretMissing])
        #expect(plan.status.conditions.isTrue(ConditionType.writable.rawValue))
    }

    @Test func aMissingStorageClassIsReportedWithTheOnesThereAre() throws {
        var world = World(claim: true)
        world.group.spec.storage.volumeClaim?.storageClassName = "fast"
        var observation = world.observation
        observation.storageClasses = ["local"]
        let plan = plan(observation)
        let condition = try #require(plan.status.conditions[ConditionType.progressing.rawValue])
        #expect(condition.reason == Reason.storageClassMissing.rawValue)
        #expect(condition.message.contains("'fast' (the cluster has local)"))
        #expect(plan.events.contains { $0.reason == .storageClassMissing })
    }

    /// It is told, and the member is rebuilt with another one: see `RepairPolicyTests`.
    @Test func aClaimThatIsGoneIsNotMadeAgain() throws {
        var observation = World.writable(claim: true).observation
        observation.claims.removeAll { $0.member == "orders-1" }
        observation.pods.removeAll { $0.member == "orders-1" }
        let plan = plan(observation)
        #expect(plan.status.members[1].reason == Reason.dataMissing.rawValue)
        #expect(plan.events.map(\.reason) == [.dataMissing])
        #expect(plan.events.first?.message.contains("its claim data-orders-1 is gone") == true)
        let concerned = plan.actions.filter {
            switch $0 {
            case .ensure(.claim(_, let member, _, _)): member == "orders-1"
            case .createPod(let pod): pod.member == "orders-1"
            default: false
            }
        }
        #expect(concerned == [])
    }

    /// What is planned for a claim that is there would make another when that one goes before the plan is carried out.
    @Test func noClaimIsPlannedForAMemberThatHasJoined() {
        let claims = plan(World.writable(claim: true).observation).actions.filter {
            if case .ensure(.claim) = $0 { true } else { false }
        }
        #expect(claims == [])
    }

    // MARK: PodPolicy

    @Test func aPodThatFailedIsMadeAgain() throws {
        let pod = try #require(Self.healthy.pods.first { $0.member == "orders-1" })
        let actions = actions { observation in
            for index in observation.pods.indices where observation.pods[index].member == "orders-1" {
                observation.pods[index].phase = .failed
                observation.pods[index].failure = "Evicted"
            }
        }
        #expect(actions.contains(.deletePod(name: pod.name, uid: pod.uid, why: "Evicted")))
    }

    @Test func aPodThatDoesNotStartIsMadeAgainWhenTheSpecChanges() {
        func change(_ observation: inout GroupObservation) {
            for index in observation.pods.indices where observation.pods[index].member == "orders-1" {
                observation.pods[index].isRunning = false
                observation.pods[index].waitingReason = "ImagePullBackOff"
            }
            observation.agents["orders-1"] = nil
        }
        let isDeletion = { (action: GroupAction) in if case .deletePod = action { true } else { false } }
        #expect(!actions(change).contains(where: isDeletion))
        let changed = actions {
            change(&$0)
            $0.group.spec.image = "engine:2"
        }
        #expect(changed.count(where: isDeletion) == 1)
        // Where a pod may run does not concern one that runs.
        let running = actions { $0.group.spec.placement.nodeSelector = ["disk": "fast"] }
        #expect(!running.contains(where: isDeletion))
        // Nor one whose agent answers before the kubelet has told that it runs.
        func answering(_ waitingReason: String?) -> [GroupAction] {
            actions { observation in
                change(&observation)
                observation.agents["orders-1"] = Self.healthy.agents["orders-1"]
                observation.group.spec.placement.nodeSelector = ["disk": "fast"]
                for index in observation.pods.indices where observation.pods[index].member == "orders-1" {
                    observation.pods[index].waitingReason = waitingReason
                }
            }
        }
        #expect(!answering(nil).contains(where: isDeletion))
        // But what was heard a moment ago is over when the kubelet tells that the container does not start.
        #expect(answering("CrashLoopBackOff").count(where: isDeletion) == 1)
    }

    @Test func votersAreSpreadOverTheirZonesAndLearnersStayInTheirs() throws {
        var world = World(learners: [("west", 1)])
        world.group.spec.placement.zones = ["a", "b"]
        world.group.spec.members.learners[0].zones = ["c"]
        let pods = plan(world.observation).actions.compactMap { if case .createPod(let pod) = $0 { pod } else { nil } }
        #expect(pods.map(\.name) == ["orders-0", "orders-1", "orders-2", "orders-3"])
        #expect(pods[0].placement == .free(zones: ["a", "b"], isSpreadRequired: true))
        #expect(pods[0].data == .hostPath("/var/lib/xdb/shop/orders/orders-0/i1"))
        #expect(pods[3].placement == .free(zones: ["c"], isSpreadRequired: true))
        #expect(Set(pods.map(\.spread)) == ["voters", "learners-west"])
        #expect(pods.allSatisfy { $0.labels[Label.member] == $0.member })
    }

    // MARK: RolePolicy

    @Test func anAgentThatWasStartedAgainIsToldItsPart() {
        let actions = actions {
            $0.agents["orders-2"]?.status.role = .sealed
            $0.agents["orders-2"]?.status.phase = .idle
        }
        let address = Self.healthy.pods.first { $0.member == "orders-0" }?.ip ?? ""
        #expect(
            actions == [
                .follow(
                    member: "orders-2",
                    FollowRequest(epoch: Epoch(rawValue: 1), leader: PeerAddress(name: "orders-0", host: address))
                )
            ]
        )
    }

    @Test func aFollowerThatHearsNothingIsToldTheAddressAgain() {
        let actions = actions {
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-1"]?.status.phase = .connecting
        }
        #expect(actions.count == 1)
        #expect(actions.first?.words == "tell orders-1 to follow orders-0")
    }

    @Test func nobodyIsToldAnythingOfAnEpochThatIsAboutToEnd() {
        let actions = actions {
            $0.agents["orders-0"]?.status.role = .sealed
            $0.agents["orders-1"]?.status.role = .sealed
        }
        let told = actions.filter {
            switch $0 {
            case .lead, .follow: true
            default: false
            }
        }
        #expect(told == [])
    }

    // MARK: RoutePolicy

    /// What is seen after `orders-1` was elected in epoch 2.
    private func elected(_ observation: inout GroupObservation, phase: AgentStatus.Phase, isRelaying: Bool? = nil) {
        var record = XDBGroup.EpochRecord()
        record.epoch = Epoch(rawValue: 2)
        record.leader = "orders-1"
        record.voters = ["orders-0", "orders-1", "orders-2"]
        observation.group.status.epochs.insert(record, at: 0)
        observation.group.status.epoch = record.epoch
        observation.group.status.leader = record.leader
        for member in record.voters {
            observation.agents[member]?.status.epoch = record.epoch
            observation.agents[member]?.status.role = member == "orders-1" ? .leader : .follower
            observation.agents[member]?.status.leader = "orders-1"
            observation.agents[member]?.status.phase = member == "orders-1" ? phase : .streaming
            observation.agents[member]?.status.hearsLeader = member != "orders-1"
        }
        observation.agents["orders-0"]?.status.isRelaying = isRelaying
        observation.agents["orders-1"]?.status.peers = ["orders-0", "orders-2"].map {
            AgentStatus.Peer(name: $0, durable: nil, connected: true)
        }
    }

    @Test func theOldLeaderLosesTheLabelBeforeTheNewOneGetsIt() {
        #expect(
            actions { elected(&$0, phase: .writable) }
                == [.label(pod: "orders-0", role: .follower), .label(pod: "orders-1", role: .leader)]
        )
    }

    @Test func anOldLeaderThatKeepsClientsForTheNewOneHasTheLabelUntilThen() {
        #expect(actions { elected(&$0, phase: .applying, isRelaying: true) } == [])
        #expect(
            actions { elected(&$0, phase: .writable, isRelaying: true) }
                == [.label(pod: "orders-1", role: .leader), .label(pod: "orders-0", role: .follower)]
        )
    }

    @Test func aLeaderThatDoesNotTakeWritesHasNoLabel() {
        let actions = actions { $0.agents["orders-0"]?.status.phase = .recovering }
        #expect(actions == [.label(pod: "orders-0", role: nil)])
    }

    @Test func silenceAloneMovesNoLabel() {
        let actions = actions { $0.agents["orders-0"]?.age = .seconds(60) }
        #expect(actions == [])
    }

    // MARK: ConditionPolicy

    @Test func commitsThatWaitForAMajorityAreNotWritable() throws {
        var observation = Self.healthy
        for index in observation.agents["orders-0"]?.status.peers.indices ?? 0..<0 {
            observation.agents["orders-0"]?.status.peers[index].connected = false
        }
        let plan = plan(observation)
        let condition = try #require(plan.status.conditions[ConditionType.writable.rawValue])
        #expect(condition.reason == Reason.noQuorum.rawValue)
        #expect(condition.message.contains("orders-1, orders-2 do not acknowledge"))
        #expect(plan.events.contains { $0.reason == .noQuorum })
    }

    @Test func everyReasonOfAConditionIsInTheCatalogue() {
        for condition in plan(Self.healthy).status.conditions {
            #expect(Reason(rawValue: condition.reason) != nil)
            #expect(ConditionType(rawValue: condition.type) != nil)
        }
    }

    // MARK: PositionPolicy

    @Test func numbersAloneAreWrittenAtABoundedRate() {
        var observation = Self.healthy
        observation.agents["orders-1"]?.status.position = Position(epoch: Epoch(rawValue: 1), sequence: 100_000)
        observation.sincePositions = .seconds(1)
        #expect(plan(observation).status == observation.group.status)
        observation.sincePositions = .seconds(301)
        #expect(plan(observation).status.members[1].position?.sequence == 100_000)
        // Along with something else they are as new as can be.
        observation.sincePositions = .seconds(1)
        observation.agents["orders-1"]?.status.server.lagSeconds = 70
        let status = plan(observation).status
        #expect(status.members[1].position?.sequence == 100_000)
        #expect(status.members[1].lagSeconds == 60)
        #expect(status.lag == ">=60s")
    }

    /// In steps, too; and it is as well as any other.
    @Test(arguments: [(nil as Int?, nil as String?), (59, nil), (60, "for over 60 s"), (400, "for over 300 s")])
    func aLargeTransactionIsTold(_ seconds: Int?, _ words: String?) {
        var observation = Self.healthy
        observation.agents["orders-1"]?.status.server.busySeconds = seconds
        let member = plan(observation).status.members[1]
        #expect(member.health == .healthy)
        #expect((member.message == nil) == (words == nil))
        if let words { #expect(member.message?.contains(words) == true) }
    }

    @Test(arguments: [(0.0, 0), (4.9, 0), (5, 5), (59, 15), (100, 60), (1e9, 86400)])
    func lagIsShownInSteps(_ seconds: Double, _ step: Int) {
        #expect(ObservationPolicy.step(of: seconds) == step)
    }

    // MARK: GroupNames

    @Test func namesFitTheirPlaces() {
        let name = String(repeating: "x", count: 40)
        let names = GroupNames(group: name, namespace: "n")
        for text in [
            names.leaderService, names.followersService, names.pod(of: names.member(15), incarnation: 999),
            names.cleanupPod(uid: "u", node: "a.very.long.node.name.example.com", directory: "/a"),
        ] {
            #expect(text.utf8.count <= 63, "\(text)")
        }
        #expect(names.pod(of: "orders-1", incarnation: 1) == "orders-1")
        #expect(names.pod(of: "orders-1", incarnation: 2) == "orders-1-i2")
        let pod = names.cleanupPod(uid: "u", node: "a", directory: "/x")
        #expect(names.cleanupPod(uid: "u", node: "b", directory: "/x") != pod)
        // Another group of the same name, in another namespace or at another time.
        #expect(names.cleanupPod(uid: "v", node: "a", directory: "/x") != pod)
    }
}
