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

    private static func lost(
        _ verdict: XDBGroup.LeaderVerdict,
        _ words: String
    ) -> @Sendable (Leadership) -> Bool {
        {
            if case .lost(let finding) = $0 {
                finding.verdict == verdict && finding.words.contains(words)
            } else {
                false
            }
        }
    }

    private static func suspected(
        _ verdict: XDBGroup.LeaderVerdict,
        _ words: String
    ) -> @Sendable (Leadership) -> Bool {
        {
            guard case .suspected(let finding) = $0 else { return false }
            return finding.verdict == verdict && finding.words.contains(words)
        }
    }

    /// Nobody hears the leader any more.
    private static func silence(_ observation: inout GroupObservation) {
        observation.agents["orders-0"]?.age = .seconds(60)
        observation.agents["orders-1"]?.status.hearsLeader = false
        observation.agents["orders-2"]?.status.hearsLeader = false
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
            lost(.logFailed, "commits nothing: no space left")($0)
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
            $0.agents["orders-0"]?.status.problems = [.init(reason: "Resigned", message: "its server ended")]
        } expected: {
            lost(.serverGone, "orders-0 has given up leading: its server ended")($0)
        },
        Case(title: "the leader gave up since it was cut off") {
            $0.agents["orders-0"]?.status.role = .sealed
            $0.agents["orders-0"]?.status.problems = [
                .init(reason: "Resigned", message: "it gave up"), .init(reason: "NoMajority", message: "no majority"),
            ]
        } expected: {
            lost(.cutOff, "orders-0 has given up leading: it gave up")($0)
        },
        Case(title: "the leader hears no majority, and the others can elect") {
            $0.agents["orders-0"]?.status.peers = []
            $0.agents["orders-0"]?.status.problems = [.init(reason: "NoMajority", message: "no majority")]
            $0.agents["orders-1"]?.status.phase = .connecting
        } expected: {
            lost(.cutOff, "no majority")($0)
        },
        Case(title: "the leader hears no majority, since the others are gone") {
            $0.agents["orders-0"]?.status.peers = []
            $0.agents["orders-0"]?.status.problems = [.init(reason: "NoMajority", message: "no majority")]
            $0.agents["orders-1"]?.status.phase = .connecting
            $0.agents["orders-2"]?.age = .seconds(60)
        } expected: {
            $0 == .leads(isWritable: true)
        },
        Case(title: "the elected leader's server has what the log has not") {
            $0.agents["orders-0"]?.status.phase = .applying
            $0.agents["orders-0"]?.status.problems = [.init(reason: "Diverged", message: "the server has 0-16-16")]
        } expected: {
            lost(.diverged, "the server has 0-16-16")($0)
        },
        Case(title: "the leader's commits stand still") {
            $0.agents["orders-0"]?.status.problems = [.init(reason: "CommitsStandStill", message: "no row for 7 s")]
        } expected: {
            lost(.hung, "no row for 7 s")($0)
        },
        Case(title: "the leader's server does not answer, and nobody else could lead") {
            $0.agents["orders-0"]?.status.problems = [.init(reason: "ServerUnresponsive", message: "no answer")]
            $0.agents["orders-1"]?.age = .seconds(60)
        } expected: {
            $0 == .leads(isWritable: true)
        },
        Case(title: "the leader's disk is full") {
            $0.agents["orders-0"]?.status.problems = [.init(reason: "DiskFull", message: "no space left")]
        } expected: {
            lost(.diskFull, "no space left")($0)
        },
        Case(title: "the leader's disk is read-only") {
            $0.agents["orders-0"]?.status.problems = [.init(reason: "DiskReadOnly", message: "read-only")]
        } expected: {
            lost(.diskReadOnly, "read-only")($0)
        },
        Case(title: "the leader completes its log from a voter that is gone") {
            $0.agents["orders-0"]?.status.phase = .recovering
            $0.agents["orders-0"]?.status.position = .zero
            $0.agents["orders-2"]?.age = .seconds(60)
            $0.group.status.epochs[0].source = "orders-2"
            $0.group.status.epochs[0].start = Position(epoch: Epoch(rawValue: 1), sequence: 1)
        } expected: {
            lost(.sourceGone, "orders-2")($0)
        },
        Case(title: "the leader is sealed with transactions of its epoch") {
            $0.agents["orders-0"]?.status.role = .sealed
        } expected: {
            lost(.serverGone, "ended while it led")($0)
        },
        Case(title: "the leader's data are gone") {
            $0.agents["orders-0"]?.status.group = nil
        } expected: {
            lost(.dataGone, "data of orders-0 are not there")($0)
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
            lost(.refuses, "no vote")($0)
        },
        Case(title: "a voter has promised more") {
            $0.agents["orders-2"]?.status.epoch = Epoch(rawValue: 2)
        } expected: {
            lost(.newerEpoch, "orders-2 has promised epoch 2")($0)
        },
        Case(title: "silent, and heard by another voter") {
            $0.agents["orders-0"]?.age = .seconds(60)
        } expected: {
            suspected(.operatorCutOff, "orders-1, orders-2 still hears it")($0)
        },
        Case(title: "silent, heard by one voter, which makes a majority with it") {
            $0.agents["orders-0"]?.age = .seconds(60)
            $0.agents["orders-1"]?.status.hearsLeader = false
        } expected: {
            suspected(.operatorCutOff, "orders-2 still hears it")($0)
        },
        Case(title: "silent, as is another voter") {
            $0.agents["orders-0"]?.age = .seconds(60)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.age = .seconds(60)
        } expected: {
            suspected(.votersUnreachable, "too many other voters")($0)
        },
        Case(title: "silent, and heard by nobody") {
            $0.agents["orders-0"]?.age = .seconds(60)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            lost(.unreachable, "for 3 s")($0)
        },
        Case(title: "silent, and its node is not ready") {
            silence(&$0)
            let node = $0.pods.first { $0.member == "orders-0" }?.node
            for index in $0.nodes.indices where $0.nodes[index].name == node { $0.nodes[index].ready = .unknown }
        } expected: {
            lost(.nodeGone, "is not ready")($0)
        },
        Case(title: "silent, and its node has left the cluster") {
            silence(&$0)
            let node = $0.pods.first { $0.member == "orders-0" }?.node
            $0.nodes.removeAll { $0.name == node }
        } expected: {
            lost(.nodeGone, "not in the cluster any more")($0)
        },
        Case(title: "silent, and its container does not run") {
            silence(&$0)
            for index in $0.pods.indices where $0.pods[index].member == "orders-0" { $0.pods[index].isRunning = false }
        } expected: {
            lost(.agentGone, "its container does not run")($0)
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
            lost(.podGone, "pod of orders-0 is gone")($0)
        },
        Case(title: "its pod is gone, and it is still heard") {
            $0.pods.removeAll { $0.member == "orders-0" }
        } expected: {
            suspected(.operatorCutOff, "still hears it")($0)
        },
        Case(title: "a new pod has not been reached yet, and nobody hears the leader") {
            $0.agents["orders-0"]?.podUID = "older"
            $0.agents["orders-0"]?.age = .seconds(1)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            suspected(.silent, "given up after 3 s")($0)
        },
        Case(title: "an operator that has just started gives the leader its time") {
            $0.agents["orders-0"] = nil
            $0.observing = .seconds(1)
            $0.agents["orders-1"]?.status.hearsLeader = false
            $0.agents["orders-2"]?.status.hearsLeader = false
        } expected: {
            suspected(.silent, "given up after 3 s")($0)
        },
        Case(title: "of five, one voter that hears it makes no majority", candidates: 3, loggers: 2) {
            $0.agents["orders-0"]?.age = .seconds(60)
            for member in ["orders-1", "orders-2", "orders-3"] { $0.agents[member]?.status.hearsLeader = false }
        } expected: {
            lost(.unreachable, "no majority of voters hears it")($0)
        },
        Case(title: "of five, two voters that hear it make a majority", candidates: 3, loggers: 2) {
            $0.agents["orders-0"]?.age = .seconds(60)
            for member in ["orders-1", "orders-2"] { $0.agents[member]?.status.hearsLeader = false }
        } expected: {
            suspected(.operatorCutOff, "orders-3, orders-4 still hears it")($0)
        },
        Case(title: "the only voter is silent", candidates: 1, loggers: 0) {
            $0.agents["orders-0"]?.age = .seconds(60)
        } expected: {
            suspected(.votersUnreachable, "silent")($0)
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
