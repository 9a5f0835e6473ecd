import KubernetesModel
import XDB

/// What of a member is older than the spec wants, as its pod and its agent show.
struct Outdated: Hashable {
    /// Its pod was made with another image.
    var image = false
    /// Its pod was made with other resources.
    var resources = false
    /// Its pod is from before it was noted what pods are made with, and would be made differently now.
    var pod = false
    /// Its server waits for a restart to have these options of the configuration.
    var options: [String] = []
    /// The newest option file has not come to it yet.
    var awaitsFile = false

    /// Nil for a member that has everything, and for one of which nothing can be said now.
    init?(of member: XDBGroup.MemberStatus, _ draft: Draft) {
        guard let pod = draft.pod(of: member), !pod.isBeingDeleted else { return nil }
        let wanted = MemberPod(of: member, draft: draft)
        if pod.image == nil, pod.resources == nil {
            self.pod = pod.revision != wanted.revision
        } else {
            image = pod.image != wanted.annotations[Label.image]
            resources = pod.resources != wanted.annotations[Label.resources]
        }
        if member.kind.hasData, let agent = draft.heard(member), let revision = agent.configuration {
            awaitsFile = revision != wanted.annotations[Label.configuration]
            // What waits for a restart with an older file may not with the newest.
            if !awaitsFile { options = agent.pendingRestart ?? [] }
        }
        guard isToBeRenewed || awaitsFile else { return nil }
    }

    /// True when only a new pod brings it up to date.
    var isToBeRenewed: Bool { image || resources || pod || !options.isEmpty }

    /// The word for options.
    static let configuration = "configuration"

    /// For the member's status.
    var words: String {
        var words: [String] = []
        if image { words.append("image") }
        if resources { words.append("resources") }
        if pod { words.append("pod") }
        if !options.isEmpty {
            words.append("\(Self.configuration) (\(options.joined(separator: ", ")))")
        } else if awaitsFile {
            words.append(Self.configuration)
        }
        return words.joined(separator: ", ")
    }
}

/// A change of the spec on its way to members that run.
struct Rollout: Hashable {
    /// The members that lack something, by name.
    var members: [String: Outdated] = [:]
    /// How many it concerns, and how many of them have it.
    var total = 0
    var done = 0
    /// Which member does not come back with it, and what to do.
    var stop: Finding?
    /// What it waits for, or what is being done.
    var next: String?

    /// What is new, in words.
    var what: String {
        let all = members.values
        var parts: [String] = []
        if all.contains(where: { $0.image }) { parts.append("image") }
        if all.contains(where: { $0.resources }) { parts.append("resources") }
        if all.contains(where: { $0.pod }) { parts.append("pod") }
        if all.contains(where: { !$0.options.isEmpty || $0.awaitsFile }) { parts.append("configuration") }
        return "the new \(parts.joined(separator: " and "))"
    }

    /// How far it is.
    var sentence: String { "\(done) of \(total) members have \(what)" }
}

/// Finds out which members lack what the spec wants, and whether one of those that have it does not come back with it.
enum RolloutReport {
    /// How long a new pod is waited for before its trouble is told as that of the change: what passes by itself passes.
    static let patience = Duration.seconds(10)
    /// How long it may be on its way: a server may have a long recovery.
    static let longPatience = Duration.seconds(600)

    static func apply(_ draft: inout Draft) {
        let retired = Set(draft.retired.map(\.name))
        let members = draft.status.members.filter { !$0.isSuccessor && !retired.contains($0.name) }
        var rollout = Rollout()
        for member in members {
            guard let index = draft.status.members.firstIndex(where: { $0.name == member.name }) else { continue }
            let outdated = Outdated(of: member, draft)
            if outdated == nil, !isKnown(member, draft) { continue }
            rollout.members[member.name] = outdated
            if member.outdated?.isEmpty == false, outdated == nil {
                draft.tell(.rollingChange, "\(member.name) has what the spec wants: \(member.outdated ?? "")")
            }
            draft.status.members[index].outdated = outdated?.words
        }
        let refused = refusedOptions(draft)
        if let refused { draft.problems.insert(refused, at: 0) }
        guard !rollout.members.isEmpty else { return }
        let isOfServers = rollout.members.values.allSatisfy { !$0.image && !$0.resources && !$0.pod }
        let concerned = members.filter { $0.kind.hasData || !isOfServers }
        rollout.total = concerned.count
        // Of a member whose pod is being made again, what was recorded before holds.
        rollout.done = concerned.count { member in draft.member(member.name)?.outdated == nil }
        rollout.stop = stop(of: rollout, among: concerned, draft)
        if let stop = rollout.stop { draft.problems.insert(stop, at: 0) }
        // A server that is started with the option would not come up.
        rollout.stop = rollout.stop ?? refused
        draft.rollout = rollout
    }

    /// Whether a member that seems to lack nothing does: its pod is there and, where options were waiting, its agent is heard.
    private static func isKnown(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        guard let pod = draft.pod(of: member), !pod.isBeingDeleted else { return false }
        guard let recorded = member.outdated, recorded.contains(Outdated.configuration) else { return true }
        return draft.heard(member) != nil
    }

    private static func stop(
        of rollout: Rollout,
        among members: [XDBGroup.MemberStatus],
        _ draft: Draft
    ) -> Finding? {
        guard rollout.members.values.contains(where: \.isToBeRenewed) else { return nil }
        for member in members where !draft.isSetAside(member) {
            guard draft.member(member.name)?.outdated == nil, let found = draft.findings[member.name],
                found.health != .healthy,
                let pod = draft.pod(of: member), !pod.isBeingDeleted
            else { continue }
            let age = pod.created.map { draft.observation.now.since($0) } ?? .zero
            guard
                age >= longPatience
                    || age >= patience && found.health == .unhealthy
                        && Renewal.blamed.contains(found.finding.reason)
            else { continue }
            return Finding(
                .rollingChangeStopped,
                "\(member.name) does not play its part with \(rollout.what) (\(found.finding.reason.rawValue): "
                    + "\(found.finding.message)). \(rollout.sentence); the others are left as they are. Put the spec right, or "
                    + "set it back: \(member.name) is made again first"
            )
        }
        return nil
    }

    /// A server that goes on with the old value of an option is healthy, and somebody has to know of it.
    private static func refusedOptions(_ draft: Draft) -> Finding? {
        var complaints: [(members: [String], words: String)] = []
        for member in draft.status.members {
            let problems = draft.heard(member)?.problems.filter { $0.reason == AgentStatus.Problem.optionRefused } ?? []
            guard !problems.isEmpty else { continue }
            let words = problems.map(\.message).joined(separator: "; ")
            if let index = complaints.firstIndex(where: { $0.words == words }) {
                complaints[index].members.append(member.name)
            } else {
                complaints.append(([member.name], words))
            }
        }
        guard !complaints.isEmpty else { return nil }
        let words = complaints.map { "\($0.members.joined(separator: ", ")): \($0.words)" }
        return Finding(.invalidConfiguration, words.joined(separator: "; "))
    }
}
