import KubernetesModel
import Testing
import XDB

@testable import Planning

struct MemberExaminationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var reason: Reason
        var words: String
        var promotable: Bool
        /// Changes what is seen of orders-1, a healthy follower.
        var change: @Sendable (inout GroupObservation) -> Void

        init(
            _ reason: Reason,
            _ words: String,
            promotable: Bool = false,
            _ change: @escaping @Sendable (inout GroupObservation) -> Void
        ) {
            self.reason = reason
            self.words = words
            self.promotable = promotable
            self.change = change
        }

        var testDescription: String { "\(reason.rawValue): \(words)" }

        /// Changes the pod of orders-1.
        static func pod(
            _ reason: Reason,
            _ words: String,
            promotable: Bool = false,
            _ change: @escaping @Sendable (inout PodObservation) -> Void
        ) -> Case {
            Case(reason, words, promotable: promotable) { observation in
                guard let index = observation.pods.firstIndex(where: { $0.member == "orders-1" }) else { return }
                change(&observation.pods[index])
            }
        }

        /// Changes what the agent of orders-1 says.
        static func agent(
            _ reason: Reason,
            _ words: String,
            promotable: Bool = false,
            _ change: @escaping @Sendable (inout AgentStatus) -> Void
        ) -> Case {
            Case(reason, words, promotable: promotable) { observation in
                guard var agent = observation.agents["orders-1"] else { return }
                change(&agent.status)
                observation.agents["orders-1"] = agent
            }
        }

        /// A pod that has not started, with nothing heard of its agent.
        static func waiting(_ reason: Reason, _ words: String, _ waiting: String, _ message: String) -> Case {
            Case(reason, words) { observation in
                guard let index = observation.pods.firstIndex(where: { $0.member == "orders-1" }) else { return }
                observation.pods[index].isRunning = false
                observation.pods[index].waitingReason = waiting
                observation.pods[index].waitingMessage = message
                observation.agents["orders-1"] = nil
            }
        }
    }

    static let all: [Case] = [
        Case(.healthy, "it follows orders-0", promotable: true) { _ in },
        .agent(.joining, "has applied nothing of the log yet", promotable: true) { $0.server.applied = nil },
        Case(.nodeMissing, "rebuilt on another node, unless that one is back under its old name", promotable: true) {
            loseNode(&$0)
        },
        Case(.nodeMissing, "; bring the node back under its old name, or rebuild it with", promotable: true) {
            loseNode(&$0)
            $0.group.spec.repair.strategy = .localOnly
        },
        Case(.nodeMissing, "{member: orders-1} (spec.repair.mode is Manual)", promotable: true) {
            loseNode(&$0)
            $0.group.spec.repair.mode = .manual
        },
        Case(.nodeNotReady, "bring the node back", promotable: true) { observation in
            let node = observation.group.status.members[1].node
            for index in observation.nodes.indices where observation.nodes[index].name == node {
                observation.nodes[index].ready = .unknown
            }
        },
        Case(.starting, "its pod is being made") { $0.pods.removeAll { $0.member == "orders-1" } },
        .pod(.terminating, "made again on the same data", promotable: true) { $0.isBeingDeleted = true },
        .pod(.terminating, "Evicted", promotable: true) { $0.failure = "Evicted" },
        .pod(.unschedulable, "0/4 nodes; its data are on", promotable: true) { $0.unschedulable = "0/4 nodes" },
        .waiting(.imagePull, "put spec.image right", "ImagePullBackOff", "no such image"),
        .waiting(.imagePull, "'engine:1' cannot be had (ErrImagePull: denied)", "ErrImagePull", "denied"),
        .waiting(.containerFailed, "kubectl describe pod orders-1", "CreateContainerConfigError", "secret not found"),
        .waiting(.containerFailed, "CrashLoopBackOff", "CrashLoopBackOff", ""),
        .waiting(.starting, "its containers start", "ContainerCreating", ""),
        Case(.agentUnreachable, "(connection refused)") {
            $0.agents["orders-1"]?.age = .seconds(10)
            $0.agents["orders-1"]?.failure = "connection refused"
        },
        Case(.starting, "its agent starts") { begin(after: 2, &$0) },
        Case(.agentUnreachable, "its agent does not answer") { begin(after: 3, &$0) },
        Case(.dataMissing, "it is rebuilt from the others after 10 s, unless they are there again") { loseData(&$0) },
        Case(.dataMissing, "mount or restore them, or rebuild it with an XDBOperation: rebuild: {member: orders-1}") {
            loseData(&$0)
            $0.group.spec.repair.mode = .manual
        },
        Case(.dataMissing, "(the annotation \(Label.repair) is disabled)") {
            loseData(&$0)
            $0.group.metadata.annotations[Label.repair] = "disabled"
        },
        Case(.dataMissing, "(it is under maintenance (spec.maintenance))") {
            loseData(&$0)
            $0.group.spec.maintenance = ["orders-1"]
        },
        Case(.dataMissing, "(spec.paused is true)") {
            loseData(&$0)
            $0.group.spec.paused = true
        },
        Case(.dataMissing, "mount or restore them: it is the only voter") {
            loseData(&$0)
            $0.group.status.epochs[0].voters = ["orders-1"]
        },
        Case(.dataMissing, "mount or restore them: a leader was forced without it") {
            loseData(&$0)
            $0.group.status.epochs[0].voters = ["orders-0"]
        },
        .agent(.wrongIdentity, "(uid other), perhaps") { $0.group = "other" },
        .agent(.wrongIdentity, ", and it is rebuilt") { $0.group = "other" },
        .agent(.invalidConfiguration, "unknown variable 'foo'", promotable: true) {
            $0.problems = [.init(reason: "InvalidConfiguration", message: "unknown variable 'foo'")]
        },
        .agent(.diverged, "0-16-9") { $0.problems = [.init(reason: "Diverged", message: "0-16-9 is not in the log")] },
        .agent(.agentProblem, "DiskFull: no space") { $0.problems = [.init(reason: "DiskFull", message: "no space")] },
        .agent(.healthy, "it follows", promotable: true) {
            $0.problems = [.init(reason: "OptionIgnored", message: "the option port is set by the operator")]
        },
        .agent(.serverDown, "cannot start: broken page") {
            $0.server.state = .refused
            $0.server.message = "broken page"
        },
        .agent(.serverDown, "ended by itself") { $0.server.state = .crashed },
        .agent(.starting, "its server starts", promotable: true) { $0.server.state = .starting },
        .agent(.connecting, "it connects to orders-0", promotable: true) { $0.phase = .connecting },
        .agent(.sealed, "it is sealed", promotable: true) { $0.role = .sealed },
        Case(.agentProblem, "it refuses to follow: Odd: no", promotable: true) {
            $0.agents["orders-1"]?.refusal = RequestRefusal(
                .follow,
                epoch: Epoch(rawValue: 1),
                error: AgentError(reason: "Odd", message: "no")
            )
        },
    ]

    private static func loseNode(_ observation: inout GroupObservation) {
        let node = observation.group.status.members[1].node
        observation.nodes.removeAll { $0.name == node }
    }

    private static func loseData(_ observation: inout GroupObservation) {
        observation.agents["orders-1"]?.status.group = nil
        observation.agents["orders-1"]?.status.phase = .uninitialized
    }

    /// A container that has run for so many seconds, after another one of which nothing has been heard for long.
    private static func begin(after seconds: Int, _ observation: inout GroupObservation) {
        observation.observing = .seconds(600)
        observation.agents["orders-1"]?.podUID = "before"
        observation.agents["orders-1"]?.age = .seconds(60)
        for index in observation.pods.indices where observation.pods[index].member == "orders-1" {
            observation.pods[index].started = observation.now.advanced(by: .zero - .seconds(seconds))
        }
    }

    private static let healthy = World.writable().observation

    @Test(arguments: all)
    func finds(_ row: Case) {
        var observation = Self.healthy
        row.change(&observation)
        let draft = Draft(observation)
        let examination = MemberExamination(draft: draft, member: draft.status.members[1])
        #expect(examination.finding.finding.reason == row.reason)
        #expect(examination.finding.finding.message.contains(row.words), "\(examination.finding.finding.message)")
        #expect((examination.refusal == nil) == row.promotable, "\(examination.refusal ?? "promotable")")
    }

    /// What is seen of the pod, the claim and the node of a follower that keeps its data on a claim.
    struct ClaimCase: Sendable, CustomTestStringConvertible {
        enum PodState { case runs, waits, isUnschedulable, isGone }
        enum ClaimState { case isThere, isBeingDeleted, isGone }

        var pod: PodState
        var claim = ClaimState.isThere
        var hasNode = true
        var joined = true
        var reason: Reason
        var words = ""

        var testDescription: String { "pod \(pod), claim \(claim), node \(hasNode), joined \(joined): \(reason)" }
    }

    @Test(arguments: [
        ClaimCase(pod: .isGone, reason: .starting),
        ClaimCase(pod: .isGone, claim: .isGone, reason: .dataMissing, words: "its claim data-orders-1 is gone; it is"),
        ClaimCase(
            pod: .isGone,
            claim: .isBeingDeleted,
            reason: .dataMissing,
            words: "data-orders-1 is being deleted; it is rebuilt from the others after 10 s"
        ),
        ClaimCase(pod: .isUnschedulable, claim: .isGone, reason: .dataMissing, words: "is gone"),
        ClaimCase(pod: .isUnschedulable, claim: .isBeingDeleted, reason: .dataMissing, words: "is being deleted"),
        ClaimCase(pod: .waits, claim: .isGone, reason: .dataMissing, words: "is gone"),
        // Nothing is lost as long as something uses it.
        ClaimCase(pod: .waits, claim: .isBeingDeleted, reason: .containerFailed),
        ClaimCase(pod: .runs, claim: .isBeingDeleted, reason: .healthy),
        ClaimCase(pod: .runs, claim: .isGone, reason: .healthy),
        // One that has nothing yet gets a new one.
        ClaimCase(pod: .isGone, claim: .isGone, joined: false, reason: .starting),
        // A claim may be attached elsewhere, unless it is seen not to be.
        ClaimCase(pod: .isUnschedulable, reason: .unschedulable, words: "no node fits its pod: 0/4 nodes"),
        ClaimCase(
            pod: .isUnschedulable,
            hasNode: false,
            reason: .nodeMissing,
            words: "its volume may be bound to that node; when that is so for 60 s it is rebuilt on another"
        ),
        ClaimCase(pod: .isUnschedulable, hasNode: false, joined: false, reason: .unschedulable),
        ClaimCase(pod: .isGone, hasNode: false, reason: .starting),
        ClaimCase(pod: .runs, hasNode: false, reason: .healthy),
    ])
    func findsOfAMemberWithAClaim(_ row: ClaimCase) throws {
        var observation = World.writable(claim: true).observation
        let index = try #require(observation.pods.firstIndex { $0.member == "orders-1" })
        switch row.pod {
        case .runs: break
        case .waits:
            observation.pods[index].isRunning = false
            observation.pods[index].waitingReason = "CreateContainerError"
        case .isUnschedulable:
            observation.pods[index].isRunning = false
            observation.pods[index].node = nil
            observation.pods[index].unschedulable = "0/4 nodes"
        case .isGone: observation.pods.remove(at: index)
        }
        if row.pod != .runs { observation.agents["orders-1"] = nil }
        let claim = try #require(observation.claims.firstIndex { $0.name == "data-orders-1" })
        switch row.claim {
        case .isThere: break
        case .isBeingDeleted: observation.claims[claim].isBeingDeleted = true
        case .isGone: observation.claims.remove(at: claim)
        }
        if !row.hasNode { Self.loseNode(&observation) }
        observation.group.status.members[1].joined = row.joined
        let draft = Draft(observation)
        let found = MemberExamination(draft: draft, member: draft.status.members[1]).finding
        #expect(found.finding.reason == row.reason, "\(found.finding.message)")
        #expect(found.finding.message.contains(row.words), "\(found.finding.message)")
    }

    @Test func loggersAndStrangersAreNotPromotable() {
        var observation = Self.healthy
        observation.group.status.members[1].joined = false
        let draft = Draft(observation)
        #expect(MemberExamination(draft: draft, member: draft.status.members[1]).refusal == "it has not joined")
        #expect(MemberExamination(draft: draft, member: draft.status.members[2]).refusal == "it is a logger")
    }

    /// What is told once is told as a condition, an event and a reason of the member alike.
    @Test func aProblemReachesTheConditionTheEventAndTheMember() throws {
        var observation = Self.healthy
        observation.agents["orders-1"]?.status.problems = [.init(reason: "DiskFull", message: "no space")]
        let plan = plan(observation)
        #expect(plan.status.members[1].reason == Reason.agentProblem.rawValue)
        let condition = try #require(plan.status.conditions[ConditionType.fullyRedundant.rawValue])
        #expect(condition.status == .false)
        #expect(condition.message.contains("orders-1: DiskFull: no space"))
        #expect(plan.events.map(\.message) == ["orders-1: DiskFull: no space"])
        #expect(plan.events.filter { !$0.isWarning } == [])
        observation.group.status = plan.status
        #expect(Planning.plan(observation).events == [])
    }
}
