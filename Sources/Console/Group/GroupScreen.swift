import KubernetesModel
import Planning
import XDB

/// One group on one screen: how it is, what is going on, what is wrong, and what to do next.
package enum GroupScreen {
    package static func text(_ scene: GroupScene, _ style: Style, width: Int? = nil) -> String {
        var screen = Screen(style, width: width)
        headline(scene, &screen)
        screen.gap()
        screen.table(members(scene))
        screen.gap()
        let (activity, problems) = (Activity.all(scene), Problem.all(scene))
        outlook(scene, activity, problems, &screen)
        conditions(scene, told: activity + problems.map(\.words), &screen)
        epochs(scene, &screen)
        if !scene.hidden.isEmpty {
            screen.gap()
            for sentence in scene.hidden { screen.line(Cell("Not shown: \(sentence)", .faint)) }
        }
        return screen.text
    }

    // MARK: The first lines

    private static func headline(_ scene: GroupScene, _ screen: inout Screen) {
        let verdict = GroupVerdict(scene.group)
        screen.line(
            Cell("\(scene.group.metadata.namespace)/\(scene.name)", .strong),
            Cell(words(verdict, scene), verdict.tone)
        )
        var facts: [String] = []
        if let leader = scene.status.leader {
            let since = scene.status.epochs.first?.time.map { " for \(Phrase.age(since: $0, scene.now))" } ?? ""
            let isLeading = scene.condition(.writable)?.status == .true
            facts.append(
                isLeading
                    ? "\(leader) leads epoch \(scene.status.epoch)\(since)"
                    : "the leader of epoch \(scene.status.epoch) is \(leader)\(since)"
            )
        } else {
            facts.append("no leader yet")
        }
        facts.append("failover \(FailoverWords.effective(scene.group, scene.operatorState))")
        facts.append("repair \(scene.group.spec.repair.mode.rawValue)")
        if scene.group.spec.paused { facts.append("PAUSED") }
        screen.line(Cell(facts.joined(separator: ", ")))
    }

    static func words(_ verdict: GroupVerdict, _ scene: GroupScene) -> String {
        let members = scene.members
        let healthy = members.count { $0.health == .healthy }
        return switch verdict {
        case .whole: "takes writes, and every member plays its part"
        case .lacking: "takes writes, and \(healthy) of \(Phrase.count(members.count, "member")) play their part"
        case .notWritable: "TAKES NO WRITES: \(scene.condition(.writable)?.reason ?? "")"
        case .unknown where scene.condition(.writable) == nil: "new: the operator has not looked at it yet"
        case .unknown: "NOBODY KNOWS WHETHER IT TAKES WRITES: \(scene.condition(.writable)?.reason ?? "")"
        }
    }

    // MARK: Members

    private static func members(_ scene: GroupScene) -> Table {
        var table = Table(["MEMBER", "ROLE", "NODE", "ZONE", "POSITION", "LAG", "HEALTH"])
        table.rows = scene.status.members.map { member in
            [
                Cell(member.name, member.role == .leader ? .strong : .plain),
                Cell(role(of: member)),
                node(of: member, scene),
                Cell(member.zone ?? ""),
                Cell(member.position?.description ?? ""),
                Cell(lag(of: member)),
                health(of: member, scene.now),
            ]
        }
        return table
    }

    private static func role(of member: XDBGroup.MemberStatus) -> String {
        if member.isSuccessor { return "new life of \(member.member)" }
        let part = member.role?.rawValue ?? "- (\(member.kind.rawValue))"
        if member.leaving { return "\(part), leaving" }
        if member.newcomer { return "\(part), new" }
        return member.kind.votes && !member.voter ? "\(part), no vote" : part
    }

    private static func node(of member: XDBGroup.MemberStatus, _ scene: GroupScene) -> Cell {
        guard let name = member.node else { return "" }
        guard let nodes = scene.nodes else { return Cell(name) }
        guard let node = nodes.first(where: { $0.metadata.name == name }) else { return Cell("\(name) (gone)", .bad) }
        if !node.isReady { return Cell("\(name) (not ready)", .bad) }
        return node.spec.isUnschedulable ? Cell("\(name) (cordoned)", .warning) : Cell(name)
    }

    /// What is not heard has no lag that anybody knew.
    private static func lag(of member: XDBGroup.MemberStatus) -> String {
        guard member.kind.hasData, member.role != .leader, member.role != nil else { return "" }
        return member.lagSeconds.map { $0 == 0 ? "0s" : ">=\($0)s" } ?? ""
    }

    private static func health(of member: XDBGroup.MemberStatus, _ now: Time) -> Cell {
        let since = Phrase.age(since: member.since, now)
        let why = "\(cause(of: member))\(since.isEmpty ? "" : " \(since)")"
        switch member.health {
        case .healthy: return Cell("Healthy\(member.outdated.map { ", outdated: \($0)" } ?? "")", .good)
        case .progressing: return Cell("Progressing: \(why)", .warning)
        case .unhealthy: return Cell("Unhealthy: \(why)", .bad)
        case nil: return Cell("-", .faint)
        }
    }

    /// Why it does not play its part, in a word: of an agent's problem the agent's own.
    private static func cause(of member: XDBGroup.MemberStatus) -> String {
        let reason = member.reason ?? ""
        guard reason == Reason.agentProblem.rawValue, let message = member.message else { return reason }
        let word = message.prefix(while: \.isLetter)
        return !word.isEmpty && message.hasPrefix("\(word): ") ? String(word) : reason
    }

    // MARK: Going on, wrong, next

    private static func outlook(
        _ scene: GroupScene,
        _ activity: [String],
        _ problems: [Problem],
        _ screen: inout Screen
    ) {
        screen.paragraphs("Going on", activity.isEmpty ? ["nothing"] : activity.map { Cell($0) })
        screen.paragraphs(
            "Wrong",
            problems.isEmpty
                ? [Cell("nothing", .good)] : problems.map { Cell($0.words, $0.isGrave ? .bad : .warning) }
        )
        screen.paragraphs("Next", next(scene, activity, problems).map { Cell($0) })
    }

    private static func next(_ scene: GroupScene, _ activity: [String], _ problems: [Problem]) -> [String] {
        var steps = problems.compactMap(\.step)
        if scene.group.spec.paused {
            steps.append(
                "the group is paused: nothing is done, not even a failover; let the operator go on: "
                    + scene.command("resume \(scene.name)")
            )
        }
        if FailoverWords.isManual(scene.group, scene.operatorState), problems.isEmpty {
            let whose = scene.group.spec.failover.mode == .manual ? scene.name : "--all"
            steps.append(
                "nothing now. A lost leader would wait for you; to have it replaced by itself: "
                    + scene.command("failover on \(whose)")
            )
        }
        var told: Set<String> = []
        steps = steps.filter { told.insert($0).inserted }
        if !steps.isEmpty { return steps }
        if let operation = scene.unfinished.first?.metadata.name {
            return ["nothing to do; follow what goes on: \(scene.command("ops \(operation) --watch"))"]
        }
        if !problems.isEmpty { return ["nothing to do but to wait, or as is said above"] }
        if activity.isEmpty { return ["nothing to do"] }
        return ["nothing to do; follow what goes on: \(scene.command("status \(scene.name) --watch"))"]
    }

    // MARK: Conditions and epochs

    /// - Parameter sentences: What the screen has said already.
    private static func conditions(_ scene: GroupScene, told sentences: [String], _ screen: inout Screen) {
        guard !scene.status.conditions.isEmpty else { return }
        screen.gap()
        var table = Table(["CONDITION", "STATUS", "FOR", "REASON", "MESSAGE"])
        var told = scene.members.filter { $0.health != .healthy }.compactMap(\.message)
        if let writable = scene.condition(.writable), writable.status != .true { told.append(writable.message) }
        table.rows = scene.status.conditions.map { condition in
            // Nobody reads the same sentence three times to find the one that is new.
            let isTold =
                condition.reason != Reason.paused.rawValue
                && (told.contains { condition.message.contains($0) }
                    || sentences.contains { $0.contains(condition.message) })
            if !isTold { told.append(condition.message) }
            return [
                Cell(condition.type), Cell(condition.status.rawValue),
                Cell(Phrase.age(since: condition.lastTransitionTime, scene.now)), Cell(condition.reason),
                Cell(isTold ? "see above" : condition.message),
            ]
        }
        screen.table(table)
    }

    private static let shownEpochs = 3

    private static func epochs(_ scene: GroupScene, _ screen: inout Screen) {
        guard !scene.status.epochs.isEmpty else { return }
        screen.gap()
        var table = Table(["EPOCH", "LEADER", "BEGAN", "CAUSE", "WHY"])
        table.rows = scene.status.epochs.prefix(shownEpochs).map { record in
            let cause = [record.cause?.rawValue, record.verdict?.rawValue].compactMap(\.self)
            return [
                Cell(record.epoch.description), Cell(record.leader),
                Cell(record.time.map { "\(Phrase.age(since: $0, scene.now)) ago" } ?? ""),
                Cell(cause.joined(separator: ", ")), Cell(ElectionAccount(record, after: nil).occasion),
            ]
        }
        screen.table(table)
    }
}
