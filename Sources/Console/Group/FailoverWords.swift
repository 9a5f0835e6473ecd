import KubernetesModel
package import XDB

/// Whether a lost leader is replaced by itself: what the group's spec says, and the operator's switch for all groups.
package enum FailoverWords {
    package static func isManual(_ group: XDBGroup, _ operatorState: OperatorState) -> Bool {
        group.spec.failover.mode == .manual || operatorState.failoverMode == .manual
    }

    /// What holds, and whose word it is where it is not the default.
    package static func effective(_ group: XDBGroup, _ operatorState: OperatorState) -> String {
        switch (group.spec.failover.mode, operatorState.failoverMode) {
        case (.manual, .manual): "Manual (its spec, and the operator's switch for all groups)"
        case (.manual, _): "Manual (its spec)"
        case (.automatic, .manual): "Manual (the operator's switch for all groups)"
        case (.automatic, .automatic): "Automatic"
        case (.automatic, nil): "Automatic, unless the operator's switch says otherwise"
        }
    }

    /// One line per group, and one for the switch.
    package static func text(
        _ groups: [XDBGroup],
        _ operatorState: OperatorState,
        namespaced: Bool,
        _ style: Style,
        width: Int? = nil
    ) -> String {
        var screen = Screen(style, width: width)
        let mode = operatorState.failoverMode?.rawValue ?? "unknown: you may not read the operator's settings"
        screen.line(Cell("for all groups"), Cell(mode, operatorState.failoverMode == .manual ? .warning : .plain))
        screen.gap()
        let header = ["GROUP", "SPEC", "IN FORCE", "SILENCE ALLOWED"]
        var table = Table(namespaced ? ["NAMESPACE"] + header : header)
        table.rows = groups.sorted { $0.key < $1.key }.map { group in
            let isManual = isManual(group, operatorState)
            let row = [
                Cell(group.metadata.name, .strong), Cell(group.spec.failover.mode.rawValue),
                Cell(isManual ? "Manual" : "Automatic", isManual ? .warning : .good),
                Cell("\(group.spec.failover.unreachableSeconds) s"),
            ]
            return namespaced ? [Cell(group.metadata.namespace)] + row : row
        }
        for line in table.lines(style, width: width) { screen.line(Cell(line)) }
        return screen.text
    }
}
