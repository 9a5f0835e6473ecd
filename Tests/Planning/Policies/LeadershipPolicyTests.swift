import KubernetesModel
import Testing
import XDB

@testable import Planning

struct LeadershipPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var title: String
        var candidates = 2
        var loggers = 1
        /// Changes what is seen of a group whose leader is orders-0.
        var change: @Sendable (inout GroupObservation) -> Void
        var expected: @Sendable (Leadership) -> Bool

        var testDescription: String { title }
    }

    private static func lost(_ words: String) -> @Sendable (Leadership) -> Bool {
        { if case .lost(let why) = $0 { why.contains(words) } else { false } }
    }

    private static func suspected(_ words: String) -> @Sendable (Leadership) -> Bool {
        { if case .suspected(let why) = $0 { why.contains(words) } else { false } }
    }

    static let all: [Case] = [
        Case(title: "all is well") { _ in
        } expected: {
            $0 == .leads(isWritable: true)
        },
        Case(title: "the leader is on its way") {
            $0.agents["orders-0"]?.status.phase = .recovering
        } expected: {
            $0 == .leads(isWritable: false)
        },
        Case(title: "the leader's log cannot be written, and its server takes writes or does not") {
            $0.agents["orders-0"]?.status.phase = .recovering
            $0.agents["orders-0"]?.status.peers = []
            $0.agents["orders-0"]?.status.problems = [.init(reason: "StorageFailed", message: "no space left")]
            $0.agents["orders-1"]?.status.phase = .connecting
        } expected: {
            lost("commits nothing: no space left")($0)
        },
        Case(title: "the leader's log cannot be written, and the others cannot elect without it") {
            $0.agents["orders-0"]?.status.phase = .recovering
            $0.agents["orders-0"]?.status.problems = [.init(reason: "StorageFailed", message: "no space left")]
            $0.agents["orders-2"]?.age = .seconds(60)
        } expected: {
            $0 == .leads(isWritable: false)
        },
        Case(title: "the leader has not been told") {
            $0.agents["orders-0"]?.status.role = .sealed
            $0.agents["orders-0"]?.status.position = .zero
        } expected: {
            $0 == .recorded
        },
        Case(title: "the leader is of an older epoch") {
            $0.agents["orders-0"]?.status.epoch = .none
        } expected: {
            $0 == .recorded
        },
        Case(title: "the leader's server ended") {
            $0.agents["orders-0"]?.status.role = .sealed
            $0.agents["orders-0"]?.status.position = .zero
            $0.agents["orders-0"]?.status.problems = [.init(reason: "Resigned", message: "")]
        } expected: {
            lost("ended while it led")($0)
        },
        Case(title: "the leader is sealed with transactions of its epoch") {
            $0.agents["orders-0"]?.status.role = .sealed
        } expected: {
            lost("ended while it led")($0)
        },
        Case(title: "the leader's data are gone") {
            $0.agents["orders-0"]?.status.group = nil
        } expected: {
            lost("data of orders-0 are not there")($0)
        },
        Case(title: "the leader refuses to lead") {
            $0.agents["orders-0"]?.status.role = .sealed
            $0.agents["orders-0"]?.status.position = .zero
            $0.agents["orders-0"]?.refusal = RequestRefusal(
                .lead,
                epoch: Epoch(rawValue: 1),
                error: AgentError(reason: "NotAVoter", message: "no vote")
            )
        } expected: {
            lost("no vote")($0)
        },
        Case(title: "a voter has promised more") {
            $0.agents["orders-2"]?.status.epoch = Epoch(rawValue: 2)
        } expected: {
            lost("orders-2 has promised epoch 2")($0)
        },
        Case(title: "silent, and heard by another voter") {
            $0.agents["orders-0"]?.age = .seconds(60)
        } expected: {
            suspected("orders-1, orders-2 still hears it")($0)
        },
        Case(title: "silent, heard by one voter, which makes a majority with it") {
            $0.agents["orders-0"]?.age = .seconds(60)
            $0.agents["orders-1"]?.status.hearsLeader = false
        } expected: {
            suspected("orders-2 still hears it")($0)
        },
        Case(title: "silent, as is another voter") {
            $0.agents["orders-0"]?.age = .seconds(60)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.age = .seconds(60)
        } expected: {
            suspected("too many other voters")($0)
        },
        Case(title: "silent, and heard by nobody") {
            $0.agents["orders-0"]?.age = .seconds(60)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            lost("for 3 s")($0)
        },
        Case(title: "silent for less than the limit is not silent") {
            $0.agents["orders-0"]?.age = .milliseconds(2999)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            $0 == .leads(isWritable: true)
        },
        Case(title: "its pod is gone, and nobody hears it") {
            $0.pods.removeAll { $0.member == "orders-0" }
            $0.agents["orders-0"]?.age = .milliseconds(100)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            lost("pod of orders-0 is gone")($0)
        },
        Case(title: "its pod is gone, and it is still heard") {
            $0.pods.removeAll { $0.member == "orders-0" }
        } expected: {
            suspected("still hears it")($0)
        },
        Case(title: "a new pod has not been reached yet, and nobody hears the leader") {
            $0.agents["orders-0"]?.podUID = "older"
            $0.agents["orders-0"]?.age = .seconds(1)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            suspected("given up after 3 s")($0)
        },
        Case(title: "an operator that has just started gives the leader its time") {
            $0.agents["orders-0"] = nil
            $0.observing = .seconds(1)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            suspected("given up after 3 s")($0)
        },
        Case(title: "of five, one voter that hears it makes no majority", candidates: 3, loggers: 2) {
            $0.agents["orders-0"]?.age = .seconds(60)
            for member in ["orders-1", "orders-2", "orders-3"] { $0.agents[member]?.status.hearsLeader = false }
        } expected: {
            lost("no majority of voters hears it")($0)
        },
        Case(title: "of five, two voters that hear it make a majority", candidates: 3, loggers: 2) {
            $0.agents["orders-0"]?.age = .seconds(60)
            for member in ["orders-1", "orders-2"] { $0.agents[member]?.status.hearsLeader = false }
        } expected: {
            suspected("orders-3, orders-4 still hears it")($0)
        },
        Case(title: "the only voter is silent", candidates: 1, loggers: 0) {
            $0.agents["orders-0"]?.age = .seconds(60)
        } expected: {
            suspected("silent")($0)
        },
    ]

    @Test(arguments: all)
    func weighs(_ row: Case) {
        var observation = World.writable(candidates: row.candidates, loggers: row.loggers).observation
        row.change(&observation)
        let leadership = LeadershipPolicy.leadership(Draft(observation))
        #expect(row.expected(leadership), "\(leadership)")
    }
}
