import FoundationEssentials
import XDB

/// What the controller says of the member.
extension MemberController {
    /// Puts what is known now on the board.
    func publish() {
        var status = AgentStatus(
            member: configuration.member,
            incarnation: configuration.incarnation,
            version: version
        )
        status.group = identity?.group
        status.server = serverStatus
        if let stateError {
            status.problems = [AgentStatus.Problem(reason: stateError.reason, message: "\(stateError)")]
        }
        guard identity != nil, stateError == nil else {
            board.publish(status)
            return
        }
        let snapshot = replication?.snapshot ?? ReplicationSnapshot()
        status.role = MemberPlan.role(promise)
        status.phase = MemberPlan.phase(situation(), streaming: snapshot.streaming)
        status.epoch = promise.epoch
        status.leader = promise.terms != nil ? configuration.member : promise.leader?.name
        status.first = snapshot.first
        status.position = snapshot.position
        status.committed = snapshot.committed
        status.hearsLeader = snapshot.hearsLeader
        status.logBytes = snapshot.logBytes
        status.peers = snapshot.peers
        if snapshot.role == .leader {
            status.voters = snapshot.voters
            status.votersVersion = promise.terms?.votersVersion ?? 0
        }
        status.discardedTail = snapshot.discarded
        status.copy = copies.status
        status.verification = verifier.status
        status.configuration = running.revision
        status.pendingRestart = running.waiting.isEmpty ? nil : running.waiting
        if stopping, promise.terms != nil { status.isStopping = true }
        if relay != nil { status.isRelaying = true }
        status.problems = problems(snapshot)
        board.publish(status)
    }

    private var serverStatus: AgentStatus.Server {
        guard configuration.kind == .data else { return AgentStatus.Server(state: .none) }
        let state: AgentStatus.Server.State =
            switch serverState {
            case .stopped: .stopped
            case .ended: .crashed
            case .refused: .refused
            case .running: observation == nil ? .starting : .running
            }
        var status = AgentStatus.Server(state: state, crashes: serverCrashes)
        status.message = serverFailure?.message
        status.dataBytes = dataBytes
        guard let observation else { return status }
        status.version = observation.version
        status.readOnly = observation.readOnly
        // A leader's binlog may end beyond what it has committed: with what waits for an acknowledgement.
        status.applied = observation.applied.map { applied in
            promise.terms == nil ? applied.position : min(applied.position, replication?.snapshot.committed ?? .zero)
        }
        status.unacknowledged = observation.unacknowledged
        if promise.terms == nil {
            status.lagSeconds = observation.heartbeat?.age(at: Date())
            status.busySeconds = careVerdict.busy.map { Int($0.components.seconds) }
        }
        return status
    }

    /// True when this leader and the voters that are connected are a majority.
    var hearsMajority: Bool {
        guard let terms = promise.terms else { return false }
        let peers = replication?.snapshot.peers ?? []
        let connected = peers.count { $0.connected && terms.voters.contains($0.name) }
        return connected + 1 > terms.voters.count / 2
    }

    /// A leader whose server does not commit although a majority would acknowledge is of no use to anybody.
    private var standstill: AgentStatus.Problem? {
        guard promise.terms != nil, rowAcknowledged, beating != nil, hearsMajority, let lastBeat else { return nil }
        let waiting = ContinuousClock.now - lastBeat
        guard waiting >= Self.standstillLimit else { return nil }
        return AgentStatus.Problem(
            reason: "CommitsStandStill",
            message:
                "the server has not committed a row for \(waiting.components.seconds) s, although a majority of the "
                + "voters is connected; look at its processes and its disk"
        )
    }

    /// A leader without a majority of the voters can commit nothing; another may be able to.
    private var isolation: AgentStatus.Problem? {
        let message: String
        if promise.duty == .resigned, resignation == .isolated {
            message = "no majority of the voters was connected to this member while it led"
        } else if promise.terms != nil, let isolatedSince, .now - isolatedSince >= Self.isolationNotice {
            message = "no majority of the voters is connected to this leader; look at the network between the members"
        } else {
            return nil
        }
        return AgentStatus.Problem(reason: AgentStatus.Problem.noMajority, message: message)
    }

    /// Shorter interruptions are not worth a word.
    private static let isolationNotice = Duration.seconds(3)

    /// For how long a row may wait for its commit: much longer than any sync of a disk that is still good for something.
    private static let standstillLimit = Duration.seconds(5)

    private func problems(_ snapshot: ReplicationSnapshot) -> [AgentStatus.Problem] {
        var problems: [AgentStatus.Problem] = []
        if let failure = snapshot.failure {
            problems.append(AgentStatus.Problem(reason: failure.reason, message: "\(failure)"))
        }
        if let problem = tail.problem {
            problems.append(problem)
        } else if let failure = serverFailure {
            problems.append(AgentStatus.Problem(reason: failure.reason, message: failure.message))
        }
        if let problem = careVerdict.problem { problems.append(problem) }
        if promise.duty == .resigned {
            let why =
                switch resignation {
                case .serverEnded: "its server ended"
                case .isolated: "gave up, since no majority of the voters was connected to it"
                // An agent that was started since.
                case nil: "its server is gone"
                }
            problems.append(
                AgentStatus.Problem(
                    reason: AgentStatus.Problem.resigned,
                    message: "it led epoch \(promise.epoch), and \(why)"
                )
            )
        }
        if let isolation { problems.append(isolation) }
        if let standstill { problems.append(standstill) }
        if incompleteLog, let terms = promise.terms, snapshot.position < terms.start {
            problems.append(
                AgentStatus.Problem(
                    reason: "LogIncomplete",
                    message:
                        "the log ends at \(snapshot.position) and the epoch starts at \(terms.start), but no source "
                        + "was named: repeat the request to lead with one"
                )
            )
        }
        problems += running.problems
        problems += ignoredOptions.map { AgentStatus.Problem(reason: "OptionIgnored", message: $0) }
        problems += failures.sorted { $0.key < $1.key }.map(\.value)
        var seen: Set<String> = []
        return problems.filter { seen.insert($0.reason + $0.message).inserted }
    }
}
