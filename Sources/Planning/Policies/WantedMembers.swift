import KubernetesModel
import XDB

/// Who belongs to the group: worked out from what the spec wants and from who is recorded.
///
/// A member keeps its ordinal and its kind, except that a learner which is dropped becomes a candidate where one is added.
/// A new member gets the lowest ordinal of which nothing is left.
struct WantedMembers {
    /// Those that stay and those that come, by ordinal.
    private(set) var members: [XDBGroup.MemberStatus] = []
    /// Candidates and loggers that are recorded and not wanted any more, in the order in which they go.
    private(set) var surplus: [XDBGroup.MemberStatus] = []
    /// How many members are wanted for which there is no ordinal.
    private(set) var lacking = 0

    private let names: GroupNames
    private let former: [XDBGroup.FormerMember]
    /// The group has had a leader, so who is added now has to get its vote.
    private let hasLed: Bool
    private var taken: Set<Int>

    /// Works it out.
    ///
    /// - Parameters:
    ///   - occupied: Names of members of which something is left: a pod, or data on a node that is away.
    init(
        spec: XDBGroup.Spec,
        recorded: [XDBGroup.MemberStatus],
        names: GroupNames,
        hasLed: Bool = false,
        former: [XDBGroup.FormerMember] = [],
        occupied: Set<String> = [],
        now: Time = Time(seconds: 0)
    ) {
        self.names = names
        self.former = former
        self.hasLed = hasLed
        taken = Set(recorded.map(\.ordinal))
        taken.formUnion((0..<Int(ServerID.ordinals)).filter { occupied.contains(names.member($0)) })

        func goesBefore(_ left: XDBGroup.MemberStatus, _ right: XDBGroup.MemberStatus) -> Bool {
            Self.goesBefore(left, right, now)
        }
        let present = recorded.filter { !$0.isSuccessor && !$0.leaving }
        let learners = Dictionary(grouping: present.filter { $0.kind == .learner }) { $0.learnerSet ?? "" }
        var kept: [XDBGroup.MemberStatus] = []
        for set in spec.members.learners {
            kept += (learners[set.name] ?? []).sorted { goesBefore($1, $0) }.prefix(set.replicas)
        }
        let rebuilt = Set(recorded.compactMap(\.successorOf))
        var dropped = present.filter { learner in
            learner.kind == .learner && !kept.contains { $0.name == learner.name }
                && Self.mayBecomeCandidate(learner, spec) && !rebuilt.contains(learner.name)
        }

        for (kind, count) in [
            (XDBGroup.MemberKind.candidate, spec.members.candidates), (.logger, spec.members.loggers),
        ] {
            let own = present.filter { $0.kind == kind }.sorted(by: goesBefore)
            let going = max(0, own.count - count)
            surplus += own.prefix(going)
            members += own.dropFirst(going)
            for _ in own.count..<max(own.count, count) {
                if kind == .candidate, hasLed, !dropped.isEmpty {
                    promote(dropped.removeFirst())
                } else {
                    add(kind)
                }
            }
        }
        members += kept
        for set in spec.members.learners {
            let count = kept.count { $0.learnerSet == set.name }
            for _ in count..<max(count, set.replicas) { add(.learner, learnerSet: set.name) }
        }
        members.sort { $0.ordinal < $1.ordinal }
        surplus.sort(by: goesBefore)
    }

    /// What costs the group least goes first: who has no vote, then who does not play its part, then the highest ordinals.
    private static func goesBefore(
        _ left: XDBGroup.MemberStatus,
        _ right: XDBGroup.MemberStatus,
        _ now: Time
    ) -> Bool {
        func rank(_ member: XDBGroup.MemberStatus) -> Int {
            if member.newcomer { return 0 }
            if member.kind.votes, !member.voter { return 1 }
            return member.isOutOfOrder(now: now) ? 2 : 3
        }
        return (rank(left), -left.ordinal) < (rank(right), -right.ordinal)
    }

    /// A learner has all that a candidate needs, where candidates may be.
    private static func mayBecomeCandidate(_ learner: XDBGroup.MemberStatus, _ spec: XDBGroup.Spec) -> Bool {
        let zones = spec.placement.zones
        return learner.joined && learner.health != .unhealthy
            && (zones.isEmpty || learner.zone.map { zones.contains($0) } ?? false)
    }

    private mutating func promote(_ learner: XDBGroup.MemberStatus) {
        var candidate = learner
        candidate.kind = .candidate
        candidate.learnerSet = nil
        candidate.newcomer = true
        members.append(candidate)
    }

    private mutating func add(_ kind: XDBGroup.MemberKind, learnerSet: String? = nil) {
        guard let ordinal = (0..<Int(ServerID.ordinals)).first(where: { !taken.contains($0) }) else {
            lacking += 1
            return
        }
        taken.insert(ordinal)
        var member = XDBGroup.MemberStatus()
        member.name = names.member(ordinal)
        member.ordinal = ordinal
        member.kind = kind
        member.voter = kind.votes && !hasLed
        member.newcomer = kind.votes && hasLed
        member.learnerSet = learnerSet
        // No life is begun twice, also not one of another member of that name.
        let lives = former.first { $0.name == member.name }?.incarnations ?? 0
        member.incarnation = lives + 1
        member.incarnations = lives + 1
        members.append(member)
    }
}

extension XDBGroup.MemberStatus {
    /// Whether it does not play its part, and that is not what a change of leader leaves behind for a moment.
    func isOutOfOrder(now: Time) -> Bool {
        guard health == .unhealthy else { return false }
        switch reason.flatMap(Reason.init(rawValue:)) {
        // A leader's server is stopped when it hands over.
        case .agentProblem, .serverDown: return since.map { now.since($0) >= RepairNeed.moment } ?? true
        default: return true
        }
    }
}
