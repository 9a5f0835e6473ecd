import KubernetesModel
import XDB

/// Has members lead, each by an operation on its group: a few at the same time.
///
/// A member that has just come back may be refused for what passes in a moment, so it is asked for again, after longer and
/// longer pauses, as long as there is time.
struct LeaderMoves {
    /// The members that are to lead.
    let moves: [ObjectKey]
    private(set) var done = 0
    /// Those that do not lead in the end, and why not.
    private(set) var failures: [String] = []

    init(_ moves: [ObjectKey]) {
        self.moves = moves
    }

    /// True when nothing more is to come.
    var isOver: Bool { done + failures.count == moves.count }

    /// How far it is.
    var sentence: String {
        if moves.isEmpty { return "no leader is known that left it" }
        let rest = failures.isEmpty ? "" : "; \(failures.firstFew)"
        return "\(done) of \(moves.count) leaders are restored\(rest)"
    }

    /// Begins what can begin, and notes what has come of the others.
    ///
    /// - Parameter isReady: Whether a member's turn may come.
    mutating func goOn(_ work: inout NodeWork, isReady: (NodeWork, ObjectKey) -> Bool) {
        // Those under way go before those that have yet to begin.
        let begun = moves.filter { work.step(NodeWorkStep(.lead, $0).name)?.start != nil }
        var underWay = 0
        for key in begun + moves.filter({ !begun.contains($0) }) {
            let step = NodeWorkStep(.lead, key).name
            guard let (group, member) = work.observation.member(key) else {
                failures.append("\(key) is no member any more")
                continue
            }
            let past = OperationSeries(key, "leads", work).past(work.observation)
            let leads =
                group.status.leader == key.name && group.status.conditions.isTrue(ConditionType.writable.rawValue)
            if work.isDone(step) || leads || past.contains(where: { $0.status.state == .succeeded }) {
                done += 1
                if !work.isDone(step) { work.note(step, "it leads epoch \(group.status.epoch)", end: work.now) }
            } else if let open = past.first(where: { !$0.isFinished }) {
                underWay += 1
                work.note(step, open.status.message ?? "operation \(open.metadata.name) is looked at")
            } else if work.isOverdue {
                failures.append("\(key): \(past.last?.status.message ?? "its turn has not come")")
            } else if isReady(work, key), underWay < OfflineNodes.handoversAtOnce, !work.spec.cancel {
                if wait(step, member, past, &work) { continue }
                underWay += 1
                ask(for: key, in: group, after: past.count, &work)
            }
        }
    }

    /// Notes what a member waits for before it is asked for; false when its time has come.
    private func wait(
        _ step: String,
        _ member: XDBGroup.MemberStatus,
        _ past: [XDBOperation],
        _ work: inout NodeWork
    ) -> Bool {
        if let lag = member.lagSeconds, lag > 0 {
            work.note(step, "its server is \(lag) s behind or more")
            return true
        }
        guard let pause = OperationSeries.pause(after: past, now: work.observation.now) else { return false }
        let why = past.last?.status.message ?? ""
        work.note(step, "\(why); it is asked for again after \(pause.components.seconds) s")
        return true
    }

    private func ask(for key: ObjectKey, in group: XDBGroup, after past: Int, _ work: inout NodeWork) {
        var change = XDBOperation.ChangeLeader()
        change.to = key.name
        var spec = XDBOperation.Spec()
        spec.group = group.metadata.name
        spec.changeLeader = change
        let made = OperationSeries(key, "leads", work).next(after: past)
        work.note(NodeWorkStep(.lead, key).name, "operation \(made.name) is made")
        work.plan.actions.append(.createOperation(made, spec))
    }
}
