package import XDB

/// What an operation of several moves is going to do, and how far each of them is.
package enum PlanScreen {
    /// A plan alone: all there is of a dry run.
    package static func text(_ plan: XDBOperation.Plan, _ style: Style, width: Int? = nil) -> String {
        var screen = Screen(style, width: width)
        screen.line(Cell(plan.summary, .strong))
        screen.gap()
        add(plan, isBegun: false, to: &screen)
        return screen.text
    }

    /// - Parameter isBegun: Whether there is something to be said of how far each move is.
    static func add(_ plan: XDBOperation.Plan, isBegun: Bool, to screen: inout Screen) {
        // Of a balance there are tables for what there is.
        if plan.nodes.isEmpty || !plan.moves.isEmpty { screen.table(table(plan, isBegun: isBegun)) }
        if !plan.handovers.isEmpty {
            screen.gap()
            screen.table(handovers(plan.handovers, isBegun: isBegun))
        }
        if !plan.nodes.isEmpty {
            screen.gap()
            screen.table(nodes(plan.nodes))
        }
        var known = [("Leader", plan.changeLeader)].compactMap { label, words in words.map { (label, $0) } }
        known += plan.zones.map { ("Zones", "\(place(of: $0)): \(list($0.before)) -> \(list($0.after))") }
        known += plan.remarks.enumerated().map { ($0 == 0 ? "Limits" : "", $1) }
        known += plan.leftAlone.enumerated().map { ($0 == 0 ? "Left alone" : "", "\($1.group): \($1.reason)") }
        guard !known.isEmpty else { return }
        screen.gap()
        for (label, words) in known { screen.paragraphs(label, [Cell(words)]) }
    }

    private static func table(_ plan: XDBOperation.Plan, isBegun: Bool) -> Table {
        var table = Table(["MOVE", "MEMBER", "KIND", "FROM", "TO", "COPY"] + (isBegun ? ["STATE"] : []) + [""])
        table.rows = plan.moves.enumerated().map { index, move in
            let bytes = move.bytes.map { $0 == 0 ? "none" : XDBOperation.Progress.text($0) }
            let state = isBegun ? [OperationTable.cell(of: move.state)] : []
            return [
                Cell("\(index + 1)"), Cell(move.member, .strong), Cell(move.kind?.rawValue ?? "-"),
                Cell(place(move.fromNode, move.fromZone)), Cell(place(move.toNode, move.toZone)),
                Cell(bytes ?? "unknown"),
            ] + state + [Cell(move.message ?? "")]
        }
        return table
    }

    /// The changes of leader of a balance.
    private static func handovers(_ handovers: [XDBOperation.Handover], isBegun: Bool) -> Table {
        var table = Table(["LEADER OF", "FROM", "TO"] + (isBegun ? ["STATE"] : []) + [""])
        table.rows = handovers.map { handover in
            let state = isBegun ? [OperationTable.cell(of: handover.state)] : []
            return [
                Cell(handover.group, .strong), Cell("\(handover.from) (\(handover.fromNode))"),
                Cell("\(handover.to) (\(handover.toNode))"),
            ] + state + [Cell(handover.message ?? "")]
        }
        return table
    }

    /// What each node has before and after.
    private static func nodes(_ nodes: [XDBOperation.NodeShare]) -> Table {
        func numbers(_ before: Int, _ after: Int) -> Cell {
            Cell(before == after ? "\(after)" : "\(before) -> \(after)")
        }
        var table = Table(["NODE", "ZONE", "LEADERS", "MEMBERS", ""])
        table.rows = nodes.map { node in
            [
                Cell(node.node, .strong), Cell(node.zone ?? "-"), numbers(node.leadersBefore, node.leadersAfter),
                numbers(node.membersBefore, node.membersAfter), Cell(node.message ?? "", .faint),
            ]
        }
        return table
    }

    private static func place(_ node: String?, _ zone: String?) -> String {
        let zone = zone.map { "zone \($0)" }
        return node.map { node in node + (zone.map { " (\($0))" } ?? "") } ?? zone.map { "a node of \($0)" } ?? "-"
    }

    private static func place(of change: XDBOperation.ZoneChange) -> String {
        change.of == XDBOperation.ZoneChange.voters ? "spec.placement.zones" : "zones of \(change.of)"
    }

    private static func list(_ zones: [String]) -> String {
        zones.isEmpty ? "none named" : zones.joined(separator: ", ")
    }
}
