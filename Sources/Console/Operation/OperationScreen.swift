package import KubernetesModel
package import XDB

/// One operation on one screen.
package enum OperationScreen {
    /// - Parameter isExplained: Whether its certificate is shown, too.
    package static func text(
        _ operation: XDBOperation,
        isExplained: Bool = false,
        now: Time,
        invocation: Invocation = Invocation(),
        _ style: Style,
        width: Int? = nil
    ) -> String {
        var screen = Screen(style, width: width)
        headline(operation, now, &screen)
        screen.gap()
        var sentences = [("Asked for", Cell(wish(of: operation)))]
        if !isExplained, let certificate = operation.status.certificate {
            sentences.append(("Why", Cell(ElectionAccount(certificate).occasion)))
        }
        if let message = operation.status.message { sentences.append((word(for: operation), Cell(message))) }
        if let place = place(of: operation.status) { sentences.append(("Where", Cell(place))) }
        if let progress = operation.status.progress {
            sentences.append(("Progress", Cell(ProgressLine.text(progress, barWidth: 40))))
        }
        if let next = next(operation, invocation) { sentences.append(("Next", Cell(next))) }
        for (label, sentence) in sentences { screen.paragraphs(label, [sentence]) }
        if let plan = operation.status.plan {
            screen.gap()
            PlanScreen.add(plan, isBegun: !operation.spec.dryRun, to: &screen)
        }
        if !operation.status.steps.isEmpty {
            screen.gap()
            screen.table(Phases.table(steps(of: operation), now: now))
        }
        if !operation.status.positions.isEmpty {
            screen.gap()
            screen.table(positions(operation.status.positions, now))
        }
        if isExplained, let certificate = operation.status.certificate {
            screen.gap()
            CertificateScreen.add(ElectionAccount(certificate), to: &screen)
        }
        return screen.text
    }

    /// What each voter had before anybody led.
    private static func positions(_ found: [XDBOperation.MemberPosition], _ now: Time) -> Table {
        var table = Table(["VOTER", "LOG ENDS AT", "COMMITTED", "PROMISED", "ANSWERS"])
        table.rows = found.map { entry in
            let since = entry.since.map { "for \(Phrase.age(since: $0, now))" } ?? "yes"
            return [
                Cell(entry.member, .strong), Cell(entry.position?.description ?? "?", entry.counts ? .plain : .faint),
                Cell(entry.committed?.description ?? "-"), Cell(entry.promised?.description ?? "-"),
                entry.counts
                    ? Cell([since, entry.message].compactMap(\.self).joined(separator: ", "))
                    : Cell("no: \(entry.message ?? "nothing is known of it")", .warning),
            ]
        }
        return table
    }

    /// Without what the certificate says, too.
    private static func steps(of operation: XDBOperation) -> [XDBOperation.Step] {
        operation.status.steps.map { step in
            var step = step
            if let reason = operation.status.certificate?.reason, step.message == reason { step.message = nil }
            return step
        }
    }

    private static func headline(_ operation: XDBOperation, _ now: Time, _ screen: inout Screen) {
        let state = OperationTable.state(of: operation)
        let task = operation.status.task.map { ": \($0)" } ?? ""
        let took = OperationTable.took(operation, now)
        let began = Phrase.age(since: operation.status.startTime ?? operation.metadata.creationTimestamp, now)
        screen.line(
            Cell("\(operation.metadata.namespace)/\(operation.metadata.name)", .strong),
            Cell(state.text + task, state.tone),
            Cell(
                operation.isFinished
                    ? "\(took.isEmpty ? "" : "took \(took), ")began \(began) ago" : "for \(began)"
            )
        )
    }

    private static func word(for operation: XDBOperation) -> String {
        switch operation.status.state {
        case .failed: "Failed"
        case .succeeded, .cancelled: "Result"
        case .pending: "Waits"
        case .running, nil: "Now"
        }
    }

    /// The work in a sentence, with everything that was chosen.
    static func wish(of operation: XDBOperation) -> String {
        let spec = operation.spec
        let group = spec.group ?? "no group"
        var words: String
        if let change = spec.changeLeader {
            let isAny = change.to == XDBOperation.ChangeLeader.automatic
            words = "\(isAny ? "another candidate" : change.to) is to lead \(group)"
        } else if let force = spec.forceLeader {
            words =
                "\(force.member) is to lead \(group) without a majority"
                + (force.acceptDataLoss ? ", loss of data accepted" : "")
        } else if let rebuild = spec.rebuild {
            words = "\(rebuild.member) of \(group) is to be made anew, \(choices(of: rebuild))"
        } else if let offline = spec.offlineNode {
            words = "\(offline.node) is to be taken offline" + (offline.force ? ", whatever groups lack then" : "")
        } else if let recovery = spec.recoverNode {
            words =
                "\(recovery.node) is to be back in service"
                + (recovery.restoreLeaders ? ", and who led there is to lead again" : "")
        } else if let restart = spec.restart {
            words = "\(restart.member.map { "\($0) of \(group) is" } ?? "all members of \(group) are") to be restarted"
        } else if spec.recoverGroup != nil {
            words = "\(group) is to be brought back from what its members have"
        } else if let migrate = spec.migrate {
            words = self.words(for: migrate, of: group) + (spec.dryRun ? ", as a dry run" : "")
        } else if let balance = spec.balance {
            words = self.words(for: balance) + (spec.dryRun ? ", as a dry run" : "")
        } else if let failover = spec.failover {
            words = "nothing: the record of the failover of \(group) to epoch \(failover.epoch)"
        } else {
            words = "nothing that this version knows"
        }
        return words + (spec.paused ? "; it is paused" : "") + (spec.cancel ? "; it is to be cancelled" : "")
    }

    private static func words(for migrate: XDBOperation.Migrate, of group: String) -> String {
        let limit = migrate.bytesPerSecond.map { ", at most \($0)/s" } ?? ""
        if let member = migrate.member {
            return "\(member) of \(group) is to move to node \(migrate.node ?? "")\(limit)"
        }
        return "\(group) is to move from zone \(migrate.from?.zone ?? "") to zone \(migrate.to?.zone ?? "")\(limit)"
    }

    private static func words(for balance: XDBOperation.Balance) -> String {
        let limit = balance.bytesPerSecond.map { ", at most \($0)/s for each copy" } ?? ""
        let what =
            switch balance.what {
            case .leaders: "leaders"
            case .members: "members"
            case .all: "members and leaders"
            }
        let groups =
            balance.namespaces.isEmpty
            ? "all groups" : "the groups of namespace \(Phrase.list(balance.namespaces))"
        return "the \(what) of \(groups) are to be spread over the nodes\(limit)"
    }

    private static func choices(of rebuild: XDBOperation.Rebuild) -> String {
        let choices = [
            "mode \(rebuild.mode.rawValue)", rebuild.node.map { "on \($0)" }, rebuild.source.map { "from \($0)" },
            rebuild.bytesPerSecond.map { "at most \($0)/s" },
            rebuild.changeLeaderFirst ? "after a change of leader if it leads" : nil,
            rebuild.discardFirst ? "its old data going first" : nil, rebuild.isRepair ? "by the operator itself" : nil,
        ]
        return choices.compactMap(\.self).joined(separator: ", ")
    }

    private static func place(of status: XDBOperation.Status) -> String? {
        let parts = [
            status.node.map { "on \($0)" }, status.source.map { "from \($0)" }, status.job.map { "by the Job \($0)" },
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// What people can do about it now; nil where nothing is left to be done.
    static func next(_ operation: XDBOperation, _ invocation: Invocation) -> String? {
        let name = operation.metadata.name
        switch operation.status.state {
        case .succeeded, .cancelled: return nil
        case .failed:
            guard operation.spec.failover == nil else { return nil }
            let screen = operation.spec.group.map { "how the group is: \(invocation.command("status \($0)"))" }
            return "put right what the message says, and ask again; "
                + (screen ?? "how the nodes are: \(invocation.command("nodes -A"))")
        case .pending, .running, nil:
            let follow = "follow it: \(invocation.command("ops \(name) --watch"))"
            if operation.spec.cancel || operation.spec.failover != nil { return follow }
            let cancel = "give it up: \(invocation.command("cancel \(name)"))"
            guard operation.spec.migrate != nil || operation.spec.balance != nil else { return "\(follow); \(cancel)" }
            let pause =
                operation.spec.paused
                ? "let it go on: \(invocation.command("resume \(name)"))"
                : "let it rest after \(operation.spec.balance == nil ? "this move" : "what goes on"): \(invocation.command("pause \(name)"))"
            return "\(follow); \(pause); \(cancel)"
        }
    }
}

/// The steps of an operation, with bars as long as they took.
enum Phases {
    private static let barWidth = 30

    static func table(_ steps: [XDBOperation.Step], now: Time) -> Table {
        let times = steps.map { step in
            step.milliseconds ?? step.start.map { max(0, MicroTime(now).milliseconds(since: $0)) } ?? 0
        }
        let longest = max(1, times.max() ?? 1)
        var table = Table(["STEP", "TOOK", "", ""])
        table.rows = zip(steps, times).map { step, time in
            [
                Cell(step.name), Cell(step.end == nil ? "goes on" : Phrase.milliseconds(time)),
                Cell(String(repeating: "#", count: time * barWidth / longest), .faint), Cell(step.message ?? ""),
            ]
        }
        return table
    }
}
