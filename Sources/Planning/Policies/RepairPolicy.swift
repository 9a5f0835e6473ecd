import KubernetesModel
import XDB

/// Rebuilds members that do not recover by themselves, by making the operations that a person would make.
///
/// Where nothing is done (`repair.mode: Manual`, the annotation, a refusal), the condition `RepairPending` says what would be
/// done, and why it is not.
enum RepairPolicy {
    static func apply(_ draft: inout Draft) {
        guard draft.status.epoch > .none, draft.status.rebuild == nil else { return }
        let operations = draft.observation.operations.filter { $0.spec.rebuild != nil }
        // Whoever asked first is served first; the next is looked at when that has ended.
        guard !operations.contains(where: { !$0.isFinished }) else { return }
        let migration = MigrationRequest.current(draft).flatMap { $0.isGoingOn ? $0 : nil }
        for member in draft.status.members
        where !member.isSuccessor && !member.leaving && member.name != draft.status.leader
            && (!draft.unwanted.contains(member.name) || member.discarded)
        {
            guard !draft.isSetAside(member), let need = RepairNeed(of: member, draft) else { continue }
            draft.checkAgain(within: .seconds(1))
            // Its move is its rebuild; and one that is well comes when no other waits for it.
            if let migration, need.isMove || migration.isAway(member) { continue }
            guard need.isDue else { continue }
            if repair(member, need, operations, &draft) { return }
        }
    }

    /// True when an operation was made.
    private static func repair(
        _ member: XDBGroup.MemberStatus,
        _ need: RepairNeed,
        _ operations: [XDBOperation],
        _ draft: inout Draft
    ) -> Bool {
        var need = need
        var wish = XDBOperation.Rebuild()
        wish.member = member.name
        wish.mode = need.mode
        wish.isRepair = !need.isMove
        let zones = MigrationRequest.shelter(for: member.name, draft)
        // There it would fail again.
        if need.mode == .local, draft.spec.repair.strategy != .localOnly,
            let lack = RebuildRequest(draft: draft, wish: wish, zones: zones).lackOfSpace(member)
        {
            need.mode = .crossHost
            need.words += "; its node \(member.node ?? "") \(lack)"
            wish.mode = .crossHost
        }
        func wait(_ why: String) -> Bool {
            draft.pendingRepairs.append(
                Finding(.repairPending, "\(member.name) (\(need.words)) is not rebuilt: \(why)")
            )
            return false
        }
        func refuse(_ why: String) -> Bool {
            draft.irreparable[member.name] = why
            return wait(why)
        }
        let isAskedFor = Recovery.current(draft) != nil && !need.isMove
        // What a forced leader was made without may be found there alone.
        if draft.outsiders.contains(where: { $0.name == member.name }), !member.discarded {
            return refuse(
                "a leader was forced without it, and it may have the only copy of what was lost then; when nothing of it is "
                    + "needed any more, \(Self.remedy(wish))"
            )
        }
        // Room is made by people: its data would take as much of another disk.
        if need.disk == .full { return wait("make room on its disk, or enlarge it; \(Self.remedy(wish))") }
        // With the same image and configuration its next life would be no better.
        if let stop = draft.rollout?.stop, need.isOfServer,
            !(draft.rollout?.members.keys.contains(member.name) ?? false)
        {
            return refuse("a rolling change has stopped: \(stop.message)")
        }
        if need.mode == .crossHost, draft.spec.repair.strategy == .localOnly {
            let first = need.disk == nil ? "bring its node back" : "put its disk right"
            return refuse("spec.repair.strategy is LocalOnly; \(first), or make an XDBOperation with rebuild")
        }
        switch RebuildRequest(draft: draft, wish: wish, zones: zones).verdict {
        case .refuse(let why): return refuse(why)
        case .wait(let why): return wait(why)
        case .done, .begin: break
        }
        // Whoever adds a member wants it to have data, and whoever asks for the recovery of the group wants it whole.
        if draft.spec.repair.mode == .manual, !member.newcomer, !isAskedFor {
            return wait("spec.repair.mode is Manual; \(Self.remedy(wish))")
        }
        if draft.observation.group.metadata.annotations[Label.repair] == "disabled", !isAskedFor {
            return wait("the annotation \(Label.repair) is disabled; \(Self.remedy(wish))")
        }
        let names = draft.names
        func name(_ number: Int) -> String { names.repair(of: member.name, number) }
        let past = operations.filter { $0.metadata.name.hasPrefix(name(0).dropLast()) }
        if let pause = pause(after: past, draft) { return wait("the last attempt failed (\(pause))") }
        var number = 1
        while past.contains(where: { $0.metadata.name == name(number) }) { number += 1 }
        var spec = XDBOperation.Spec()
        spec.group = draft.names.group
        spec.rebuild = wish
        draft.act(.createOperation(name: name(number), spec))
        draft.tell(.rebuilding, "\(member.name) is to be rebuilt by operation \(name(number)): \(need.words)")
        return true
    }

    private static func remedy(_ wish: XDBOperation.Rebuild) -> String {
        "an XDBOperation with rebuild: {member: \(wish.member), mode: \(wish.mode.rawValue)} would do it"
    }

    /// How long the first failure is waited for; twice as long after each further one.
    static let firstPause = Duration.seconds(60)
    static let longestPause = Duration.seconds(3600)

    /// What is waited for after failures; nil when it may be tried again.
    private static func pause(after past: [XDBOperation], _ draft: Draft) -> String? {
        let ended = past.sorted { ($0.status.completionTime?.seconds ?? 0) < ($1.status.completionTime?.seconds ?? 0) }
        let failures = ended.reversed().prefix { $0.status.state == .failed }
        guard let last = failures.first, let time = last.status.completionTime else { return nil }
        let pause = min(firstPause * (1 << min(failures.count - 1, 10)), longestPause)
        let gone = draft.observation.now.since(time)
        guard gone < pause else { return nil }
        return
            "\(last.metadata.name): \(last.status.message ?? ""); it is tried again after \(pause.components.seconds) s"
    }
}

/// Why a member has to be rebuilt, where, and whether the time has come.
struct RepairNeed: Hashable {
    var mode: XDBOperation.Rebuild.Mode
    var words: String
    /// Its server does not run, or does not apply the log.
    var isOfServer: Bool
    /// It has been so for long enough.
    var isDue: Bool
    /// It is well, and in the wrong place.
    var isMove = false
    /// What is wrong with its disk, where that is what keeps it from playing its part.
    var disk: DiskTrouble?

    /// A disk that takes nothing more.
    enum DiskTrouble: Hashable {
        /// It is full: a person makes room.
        case full
        /// It fails: what is written to it is lost, wherever on it that is.
        case failing
    }

    /// What is wrong for good is looked at twice.
    static let moment = Duration.seconds(10)

    /// Nil for a member that is well, that is on its way, or whose trouble a rebuild does not end.
    init?(of member: XDBGroup.MemberStatus, _ draft: Draft) {
        guard member.joined, let finding = draft.findings[member.name]?.finding else { return nil }
        let now = draft.observation.now
        let lasting = member.since.map { now.since($0) } ?? .zero
        let grace = Duration.seconds(draft.spec.repair.graceSeconds)
        let recovery = Recovery.current(draft)
        let patience = recovery == nil ? grace : min(grace, Recovery.patience)
        let isReady = draft.node(member.node).map { $0.ready == .true } ?? false
        let isElsewhere = draft.spec.repair.strategy == .preferCrossHost || !isReady
        words = "\(finding.reason.rawValue): \(finding.message)"
        mode = isElsewhere ? .crossHost : .local
        isOfServer = finding.reason == .serverDown || finding.reason == .agentProblem

        switch finding.reason {
        case .healthy:
            guard let zone = Self.wrongZone(member, draft) else { return nil }
            words = zone
            mode = .crossHost
            isDue = true
            isMove = true
        case .nodeMissing:
            mode = .crossHost
            // A claim may find another node yet.
            isDue = draft.status.storage?.hostPath != nil || lasting >= grace
        case .nodeNotReady:
            mode = .crossHost
            let away = draft.node(member.node)?.since.map { now.since($0) } ?? lasting
            // Of nodes that lost their power together, some are back later than others.
            isDue = away >= grace || recovery.map { min(away, $0.age) >= Recovery.patience } ?? false
        // Its data are not what they should be, and nothing brings them back.
        case .dataMissing, .dataDiscarded, .diverged:
            isDue = lasting >= Self.moment
        case .agentProblem where Self.isForGood(member, draft):
            isDue = lasting >= Self.moment
        case .agentProblem where Self.diskTrouble(member, draft) != nil:
            disk = Self.diskTrouble(member, draft)
            isOfServer = false
            mode = .crossHost
            isDue = lasting >= patience
        // While it runs it may run on. One that has ended once may be at its recovery, which takes as long as it takes.
        case .agentProblem where RepairNeed.isLooping(member, draft):
            guard draft.heard(member)?.server.state != .running else { return nil }
            isDue = lasting >= patience
        // It may still help itself.
        case .agentProblem where Self.isApplying(member, draft), .serverDown:
            isDue = lasting >= patience
        default: return nil
        }
    }

    /// Says where a learner is that its set does not want there; nil when it is where it should be.
    private static func wrongZone(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> String? {
        guard member.kind == .learner, let zone = member.zone,
            let set = draft.spec.members.learners.first(where: { $0.name == member.learnerSet }), !set.zones.isEmpty,
            !set.zones.contains(zone)
        else { return nil }
        return "it is in zone \(zone), and its set \(set.name) is to be in \(set.zones.joined(separator: ", "))"
    }

    /// The agent says that nothing but a rebuild helps.
    static func isForGood(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        has(RepairCause.forGood, member, draft)
    }

    /// Its server ends again and again.
    static func isLooping(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        has([AgentStatus.Problem.crashLoop], member, draft)
    }

    /// Its server does not apply the log, with an error or without.
    private static func isApplying(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        has(RepairCause.applying, member, draft)
    }

    /// What its agent says of the disk that its log or its state is on.
    private static func diskTrouble(_ member: XDBGroup.MemberStatus, _ draft: Draft) -> DiskTrouble? {
        for problem in draft.heard(member)?.problems ?? [] {
            switch problem.reason {
            case "DiskFull": return .full
            case AgentStatus.Problem.storageFailed:
                return full.contains { problem.message.contains($0) } ? .full : .failing
            default: continue
            }
        }
        return nil
    }

    /// The system's words for a disk, or a share of one, that is full.
    private static let full = ["No space left on device", "Disk quota exceeded"]

    private static func has(_ reasons: Set<String>, _ member: XDBGroup.MemberStatus, _ draft: Draft) -> Bool {
        draft.heard(member)?.problems.contains { reasons.contains($0.reason) } ?? false
    }
}
