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
        let terms = Promise.LeadTerms(
            start: request.start,
            source: request.source,
            voters: request.voters,
            learners: request.learners
        )
        guard request.epoch == promise.epoch else {
            return .accept(Promise(epoch: request.epoch, duty: .lead(terms)), enters: true)
        }
        switch promise.duty {
        case .sealed: return .accept(Promise(epoch: request.epoch, duty: .lead(terms)), enters: false)
        case .lead(let current):
            // Where the log comes from may change while it is not complete, and so may who learns it; who votes may not.
            guard current.start == terms.start, current.voters == terms.voters else {
                return .refuse(conflict("this member leads epoch \(promise.epoch) with other voters or another start"))
            }
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

    /// One epoch has one leader: a second request for another one is a fault of whoever asks.
    private static func conflict(_ message: String) -> AgentError {
        AgentError(reason: "EpochConflict", message: message + "; one epoch has one leader: use a newer epoch")
    }
}
