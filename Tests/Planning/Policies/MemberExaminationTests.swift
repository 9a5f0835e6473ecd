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
        Case(.nodeMissing, "bring the node back under its old name", promotable: true) { observation in
            let node = observation.group.status.members[1].node
            observation.nodes.removeAll { $0.name == node }
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
        .agent(.dataMissing, "mount or restore them") {
            $0.group = nil
            $0.phase = .uninitialized
        },
        .agent(.wrongIdentity, "uid other") { $0.group = "other" },
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
