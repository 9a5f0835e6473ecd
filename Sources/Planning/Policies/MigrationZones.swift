import XDB

/// The zones in a group's spec while its members move from one zone to another, and afterwards.
///
/// While it goes on both zones are among them, so that a member in either can be started again where its volume is; at the
/// end only the new one, so that nothing is made anew in the old. All of it follows from the present spec and from where
/// the members are; only what was there before is recorded, for one that is given up before anything has moved.
struct MigrationZones {
    /// Voters, or a set of learners: whatever shares a list of zones.
    struct MemberSet: Hashable {
        /// Nil for the voters.
        var learners: String?
        /// As the spec has them.
        var zones: [String]
        /// Where its members are, in the order of their ordinals.
        var present: [String]

        /// As it is called in a plan.
        var name: String { learners.map { "learners/\($0)" } ?? XDBOperation.ZoneChange.voters }
    }

    let from: String
    let to: String

    /// Whether a set has to do with it: it may be in the zone that is left, or is there although no zone is named.
    func concerns(_ set: MemberSet) -> Bool {
        if set.zones.contains(from) { return true }
        // Voters stay where they are when their zones change; learners outside of theirs go back by themselves.
        return set.present.contains(from) && (set.learners == nil || set.zones.isEmpty)
    }

    /// The zones while it goes on: the new one is preferred to the old.
    func during(_ set: MemberSet) -> [String] {
        guard concerns(set) else { return set.zones }
        var zones = set.zones
        if zones.isEmpty {
            for zone in set.present where !zones.contains(zone) { zones.append(zone) }
        }
        if !zones.contains(to) { zones.insert(to, at: zones.firstIndex(of: from) ?? 0) }
        return zones
    }

    /// The zones when all have moved.
    func after(_ set: MemberSet) -> [String] {
        guard concerns(set) else { return set.zones }
        return during(set).filter { $0 != from }
    }

    /// The zones when it is given up: as before, unless some have moved and others have not.
    ///
    /// - Parameter before: As they were when it was planned; nil when the set was not concerned then.
    func givenUp(_ set: MemberSet, before: [String]?) -> [String] {
        guard let before, concerns(set) else { return set.zones }
        if !set.present.contains(from) { return after(set) }
        if set.present.contains(to), !before.contains(to) { return during(set) }
        // Whatever somebody has changed meanwhile stays.
        let known = during(MemberSet(learners: set.learners, zones: before, present: set.present))
        return Set(known) == Set(set.zones) ? before : set.zones.filter { before.contains(to) || $0 != to }
    }
}

extension MigrationZones {
    /// The voters and the sets of learners of a group.
    static func sets(_ draft: Draft) -> [MemberSet] {
        func present(_ learners: String?) -> [String] {
            draft.status.members.filter { !$0.isSuccessor && !$0.leaving && $0.learnerSet == learners }
                .sorted { $0.ordinal < $1.ordinal }.compactMap(\.zone)
        }
        return [MemberSet(zones: draft.spec.placement.zones, present: present(nil))]
            + draft.spec.members.learners.map {
                MemberSet(learners: $0.name, zones: $0.zones, present: present($0.name))
            }
    }

    /// The zones of all sets, each changed in some way.
    static func zones(_ draft: Draft, _ change: (MemberSet) -> [String]) -> MemberZones {
        var zones = MemberZones(draft.spec)
        for set in sets(draft) {
            if let name = set.learners { zones.learners[name] = change(set) } else { zones.voters = change(set) }
        }
        return zones
    }
}
