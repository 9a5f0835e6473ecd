import KubernetesModel
import XDB

/// Brings a node back: takes its mark away and follows its members until they play their part.
///
/// How each comes back is the groups' own decision, as after any outage: who has all of the log does nothing, who lacks a
/// part of it catches up, and who cannot is rebuilt.
struct NodeRecovery {
    static let unmark = "Unmark"
    static let members = "Members"
    static let leaders = "RestoreLeaders"

    let wish: XDBOperation.RecoverNode
    let observation: NodeWorkObservation

    private var name: String { wish.node }

    func plan(_ work: inout NodeWork) {
        work.status.node = name
        guard let node = observation.node(name) else {
            return work.end(
                .failed,
                "there is no node \(name): groups rebuild the members of a node that has left the cluster by themselves"
            )
        }
        guard work.hasBegun else { return begin(node, &work) }
        if work.step(Self.unmark) != nil, !work.isDone(Self.unmark) {
            guard !node.isOffline else {
                work.plan.actions.append(.mark(node: name, isOffline: false))
                return work.run(Self.unmark, "\(name) is brought back")
            }
            work.note(Self.unmark, nil, end: work.now)
        }
        goOn(node, &work)
    }

    private func begin(_ node: NodeObservation, _ work: inout NodeWork) {
        if work.spec.cancel { return work.end(.cancelled, "it was cancelled before it began") }
        // Its members would be rebuilt elsewhere at once.
        guard node.ready == .true else {
            let state = "\(name) is not ready\(node.isOffline ? ", and stays offline until it is" : "")"
            if work.isOverdue {
                return work.end(.failed, "after \(work.spec.timeoutSeconds) s \(state): start it, and ask again")
            }
            return work.wait("\(state): start it")
        }
        var steps = node.isOffline ? [XDBOperation.Step(Self.unmark, from: work.now, to: nil)] : []
        for group in observation.sortedGroups {
            for member in group.status.members where member.node == name && !member.isSuccessor && !member.leaving {
                let key = ObjectKey(namespace: group.metadata.namespace, name: member.name)
                let isCurrent = member.health == .healthy
                steps.append(
                    .init(
                        NodeWorkStep(.member, key).name,
                        from: work.now,
                        to: isCurrent ? work.now : nil,
                        isCurrent ? "it was there all the time" : member.message
                    )
                )
            }
        }
        // The groups forget who led when the node is back.
        let displaced = observation.sortedGroups.flatMap { group in
            group.status.displaced.filter { $0.node == name }.map {
                ObjectKey(namespace: group.metadata.namespace, name: $0.member)
            }
        }
        if wish.restoreLeaders {
            steps += displaced.map { XDBOperation.Step(NodeWorkStep(.lead, $0).name, from: nil, to: nil) }
        }
        work.begin(steps)
        guard node.isOffline else { return goOn(node, &work) }
        work.plan.actions.append(.mark(node: name, isOffline: false))
        work.run(Self.unmark, "\(name) is brought back")
    }

    // MARK: On the way

    private func goOn(_ node: NodeObservation, _ work: inout NodeWork) {
        if node.isOffline { return work.end(.failed, "\(name) was taken offline again meanwhile") }
        let members = work.subjects(.member)
        var lacking: [String] = []
        for key in members where !work.isDone(NodeWorkStep(.member, key).name) {
            guard let waits = follow(key, &work) else { continue }
            lacking.append("\(key): \(waits)")
        }
        var restoring = LeaderMoves(work.subjects(.lead))
        restoring.goOn(&work, isReady: { work, key in work.isDone(NodeWorkStep(.member, key).name) })

        var message =
            members.isEmpty
            ? "no member is on it"
            : "\(members.count - lacking.count) of \(members.count) "
                + "members play their part"
        if !lacking.isEmpty { message += "; \(lacking.firstFew)" }
        if !restoring.moves.isEmpty || wish.restoreLeaders { message += "; \(restoring.sentence)" }
        if work.spec.cancel {
            return work.end(.cancelled, "it was cancelled; \(name) is back in service; \(message)")
        }
        if lacking.isEmpty, restoring.isOver {
            return work.end(restoring.failures.isEmpty ? .succeeded : .failed, "\(name) is back in service; \(message)")
        }
        if work.isOverdue {
            return work.end(.failed, "after \(work.spec.timeoutSeconds) s \(message). \(name) is back in service")
        }
        work.run(lacking.isEmpty ? Self.leaders : Self.members, message)
    }

    /// Notes how far a member is; returns what it waits for, and nil when it waits no more.
    private func follow(_ key: ObjectKey, _ work: inout NodeWork) -> String? {
        let step = NodeWorkStep(.member, key).name
        guard let (group, member) = observation.member(key) else {
            work.note(step, "it is no member any more", end: work.now)
            return nil
        }
        guard member.health == .healthy, !member.vacant else {
            var words = member.message ?? "nothing is known of it yet"
            let pending = group.status.conditions[ConditionType.repairPending.rawValue]
            if let pending, pending.message.contains(member.name) { words = pending.message }
            work.note(step, words)
            return words
        }
        let since = work.step(step)?.start
        let rebuild = observation.operations.first { operation in
            operation.group == group.key && operation.spec.rebuild?.member == member.name
                && operation.status.state == .succeeded
                && (operation.status.completionTime.flatMap { end in since.map { end >= $0.time.wholeSeconds } }
                    ?? false)
        }
        let place = member.node == name ? "" : " on \(member.node ?? "another node")"
        work.note(
            step,
            rebuild.map { "it was rebuilt\(place) by \($0.metadata.name)" }
                ?? "it has caught up with what it had\(place)",
            end: work.now
        )
        return nil
    }
}
