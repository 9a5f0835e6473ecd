import KubernetesModel
import Planning
import XDB

/// Something that is wrong with a group, and what to do about it.
package struct Problem: Hashable, Sendable {
    /// What is wrong.
    package var words: String
    /// The next step; nil where there is nothing to be done but to wait.
    package var step: String?
    /// True where writes are concerned.
    package var isGrave: Bool

    package init(_ words: String, _ step: String? = nil, isGrave: Bool = false) {
        self.words = words
        self.step = step
        self.isGrave = isGrave
    }

    /// Everything that is wrong with a group, the worst first.
    package static func all(_ scene: GroupScene) -> [Problem] {
        let change = progress(scene)
        let start = start(scene)
        let problems =
            [operatorIsAway(scene), spec(scene), start ?? writes(scene)] + members(scene, beside: [change, start])
        let others = [missingVotes(scene), repairs(scene), change]
        var told: Set<String> = []
        return (problems + others).compactMap(\.self).filter { told.insert($0.words).inserted }
    }

    // MARK: The whole group

    private static func operatorIsAway(_ scene: GroupScene) -> Problem? {
        guard let absence = scene.operatorState.absence(scene.now) else { return nil }
        let namespace = scene.operatorState.namespace
        return Problem(
            "the operator has not been at work for \(Phrase.age(absence)): nothing is done by itself, and what stands here "
                + "is as old",
            "see why: kubectl -n \(namespace) get pods; kubectl -n \(namespace) logs deployment/xdb-operator",
            isGrave: true
        )
    }

    private static func spec(_ scene: GroupScene) -> Problem? {
        guard let valid = scene.condition(.specValid), valid.status == .false else { return nil }
        return Problem(
            "the spec is refused: \(valid.message)",
            "put it right: \(scene.invocation.kubectl("edit xdb \(scene.name)"))"
        )
    }

    private static func writes(_ scene: GroupScene) -> Problem? {
        guard let writable = scene.condition(.writable) else {
            return Problem(
                "the operator has not looked at the group yet",
                "wait a moment; if this stays, see whether the operator runs: "
                    + "kubectl -n \(scene.operatorState.namespace) get pods"
            )
        }
        guard writable.status != .true else { return nil }
        let step = Advice(scene).step(for: writable.reason, leader: scene.status.leader)
        return Problem(writable.message, step, isGrave: true)
    }

    /// A group that has had no leader yet waits for its members, and says for what each of them does.
    private static func start(_ scene: GroupScene) -> Problem? {
        guard let writable = scene.condition(.writable), writable.reason == Reason.bootstrapping.rawValue else {
            return nil
        }
        let concerned = away(scene).filter { isTold($0, in: writable.message) }
        guard !concerned.isEmpty else { return nil }
        return Problem(
            writable.message,
            Advice(scene).step(for: .bootstrapping, stoppedAt: concerned),
            isGrave: true
        )
    }

    private static func missingVotes(_ scene: GroupScene) -> Problem? {
        guard let redundant = scene.condition(.fullyRedundant), redundant.reason == Reason.votersMissing.rawValue
        else { return nil }
        return Problem(redundant.message, Advice(scene).step(for: redundant.reason))
    }

    private static func repairs(_ scene: GroupScene) -> Problem? {
        guard let pending = scene.condition(.repairPending), pending.isTrue else { return nil }
        // Why nothing is repaired may be told already.
        if let writable = scene.condition(.writable), writable.status != .true,
            pending.message.contains(writable.message)
        {
            return nil
        }
        // What is wrong with the members that it is about is told with them.
        let words = away(scene).reduce(pending.message) { words, member in
            words.replacing(" (\(member.reason ?? ""): \(member.message ?? ""))", with: "")
        }
        return Problem(words, Advice(scene).step(for: pending.reason))
    }

    /// What keeps the operator from going on with what the spec wants.
    private static func progress(_ scene: GroupScene) -> Problem? {
        guard let progressing = scene.condition(.progressing), progressing.status == .false,
            let reason = Reason(rawValue: progressing.reason), stops.contains(reason)
        else { return nil }
        let concerned = away(scene).filter { isTold($0, in: progressing.message) }
        // Each member tells what it is refused itself.
        if reason == .refused, !concerned.isEmpty { return nil }
        return Problem(progressing.message, Advice(scene).step(for: reason, stoppedAt: concerned))
    }

    private static let stops: Set<Reason> = [
        .refused, .secretMissing, .storageClassMissing, .cleanupPending, .cleanupFailed, .changeWaits,
        .rollingChangeStopped, .invalidConfiguration, .unknownMember,
    ]

    // MARK: Members

    /// - Parameter others: Why the group does not start, or a change does not go on: the members that it waits for are told
    ///   with it.
    private static func members(_ scene: GroupScene, beside others: [Problem?]) -> [Problem?] {
        let told = others.compactMap { $0?.words }
        return away(scene).filter { member in !told.contains { isTold(member, in: $0) } }.map { member in
            Problem(
                "\(member.name): \(member.message ?? member.reason ?? "it does not play its part")"
                    + (member.since.map { " (for \(Phrase.age(since: $0, scene.now)))" } ?? ""),
                member.reason.flatMap { Advice(scene).step(for: $0, member: member) }
            )
        }
    }

    private static func away(_ scene: GroupScene) -> [XDBGroup.MemberStatus] {
        scene.status.members.filter { $0.health == .unhealthy }
    }

    /// Whether a sentence says already what is wrong with a member.
    private static func isTold(_ member: XDBGroup.MemberStatus, in words: String) -> Bool {
        member.message.map { words.contains(member.name) && words.contains($0) } ?? false
    }
}
