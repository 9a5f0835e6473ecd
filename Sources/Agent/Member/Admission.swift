import XDB

/// What a request means for a member that has promised something already.
enum Admission: Hashable, Sendable {
    /// It is so already.
    case already
    /// A new promise. `enters`: it belongs to a newer epoch, so that everything of the old one ends first.
    case accept(Promise, enters: Bool)
    case refuse(AgentError)

    /// Judges `POST /v1/seal`.
    static func seal(_ epoch: Epoch, _ promise: Promise) -> Admission {
        if let refusal = tooOld(epoch, promise) { return .refuse(refusal) }
        if epoch == promise.epoch { return .already }
        return .accept(Promise(epoch: epoch, duty: .sealed), enters: true)
    }

    /// Judges `POST /v1/lead`.
    static func lead(
        _ request: LeadRequest,
        _ promise: Promise,
        member: String,
        kind: AgentConfiguration.Kind
    ) -> Admission {
        if let refusal = tooOld(request.epoch, promise) { return .refuse(refusal) }
        guard kind == .data else {
            return .refuse(AgentError(reason: "NotACandidate", message: "a logger has no data and cannot lead"))
        }
        guard request.voters.contains(member) else {
            return .refuse(
                AgentError(reason: "NotAVoter", message: "\(member) is not among the voters and cannot lead them")
            )
        }
        var terms = Promise.LeadTerms(
            start: request.start,
            source: request.source,
            voters: request.voters,
            learners: request.learners,
            votersVersion: request.votersVersion
        )
        guard request.epoch == promise.epoch else {
            return .accept(Promise(epoch: request.epoch, duty: .lead(terms)), enters: true)
        }
        switch promise.duty {
        case .sealed: return .accept(Promise(epoch: request.epoch, duty: .lead(terms)), enters: false)
        case .lead(let current):
            let (known, asked) = (current.votersVersion ?? 0, request.votersVersion ?? 0)
            guard asked >= known, asked > known || Set(current.voters) == Set(request.voters) else {
                return .refuse(votersTooOld(current, request))
            }
            // Where the log comes from may change while it is not complete, and so may who learns it.
            guard current.start == terms.start, let seats = Seats(current, change: request.voters) else {
                return .refuse(
                    conflict(
                        "this member leads epoch \(promise.epoch) from \(current.start) with the voters "
                            + "\(current.voters.joined(separator: ", ")), of whom one other than itself may be replaced at "
                            + "a time; asked for were \(request.voters.joined(separator: ", ")) from \(request.start)"
                    )
                )
            }
            terms.voters = seats.voters
            terms.newcomers = seats.newcomers
            guard current != terms else { return .already }
            return .accept(Promise(epoch: request.epoch, duty: .lead(terms)), enters: false)
        case .resigned:
            return .refuse(
                AgentError(
                    reason: AgentStatus.Problem.resigned,
                    message: "this member has led epoch \(promise.epoch) and lost its server; elect a leader anew"
                )
            )
        case .follow(let leader):
            return .refuse(conflict("this member follows \(leader.name) in epoch \(promise.epoch)"))
        }
    }

    /// Judges `POST /v1/follow`.
    static func follow(_ request: FollowRequest, _ promise: Promise, member: String) -> Admission {
        if let refusal = tooOld(request.epoch, promise) { return .refuse(refusal) }
        guard request.leader.name != member else {
            return .refuse(AgentError(reason: "FollowsItself", message: "\(member) cannot follow itself"))
        }
        let next = Promise(epoch: request.epoch, duty: .follow(request.leader))
        guard request.epoch == promise.epoch else { return .accept(next, enters: true) }
        switch promise.duty {
        case .sealed: return .accept(next, enters: false)
        case .follow(let leader):
            guard leader.name == request.leader.name else {
                return .refuse(conflict("this member follows \(leader.name) in epoch \(promise.epoch)"))
            }
            return leader == request.leader ? .already : .accept(next, enters: false)
        case .lead, .resigned:
            return .refuse(conflict("this member was made the leader of epoch \(promise.epoch)"))
        }
    }

    /// The voters of an epoch that is led already, as a request wants them.
    ///
    /// One of them may be another one than before: the next life of the same member. Two may not. The operator has
    /// recorded before that the seat is vacant, so that an election among N voters needs its majority from the N − 1
    /// others alone, as long as the newcomer has not got beyond what its predecessor can have been counted for. With two
    /// seats open, a majority of the others could be one that has never had what the two predecessors made committed.
    private struct Seats {
        /// In the order of the epoch's begin, with the newcomer in its predecessor's place.
        var voters: [String]
        /// Nil while everybody is there from the epoch's begin, as in the files of agents that knew no other case.
        var newcomers: [String]?

        /// Nil when the change is not allowed.
        init?(_ current: Promise.LeadTerms, change wanted: [String]) {
            let (old, new) = (Set(current.voters), Set(wanted))
            guard wanted.count == current.voters.count, new.count == wanted.count else { return nil }
            let (gone, came) = (old.subtracting(new), new.subtracting(old))
            guard gone.count <= 1, gone.count == came.count else { return nil }
            guard let predecessor = gone.first, let newcomer = came.first else {
                voters = current.voters
                newcomers = current.newcomers
                return
            }
            voters = current.voters.map { $0 == predecessor ? newcomer : $0 }
            newcomers = (current.newcomers ?? []).filter { $0 != predecessor } + [newcomer]
        }
    }

    private static func tooOld(_ epoch: Epoch, _ promise: Promise) -> AgentError? {
        guard epoch > .none, epoch < .max else {
            return AgentError(reason: "InvalidEpoch", message: "epoch \(epoch) is out of range")
        }
        guard epoch < promise.epoch else { return nil }
        return AgentError(
            reason: "EpochTooOld",
            message: "epoch \(epoch) was asked for, but epoch \(promise.epoch) is promised; observe the group again"
        )
    }

    /// Somebody asks who has read an older record: the voters would go to and fro.
    private static func votersTooOld(_ current: Promise.LeadTerms, _ request: LeadRequest) -> AgentError {
        AgentError(
            reason: "VotersTooOld",
            message:
                "this member counts the voters \(current.voters.joined(separator: ", ")) of version "
                + "\(current.votersVersion ?? 0), and was asked for \(request.voters.joined(separator: ", ")) of version "
                + "\(request.votersVersion ?? 0); observe the group again, and record the voters before"
        )
    }

    /// One epoch has one leader: a second request for another one is a fault of whoever asks.
    private static func conflict(_ message: String) -> AgentError {
        AgentError(reason: "EpochConflict", message: message + "; one epoch has one leader: use a newer epoch")
    }
}
