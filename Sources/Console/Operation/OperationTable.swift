package import KubernetesModel
package import XDB

/// Operations on a line each, the newest first.
package enum OperationTable {
    /// The newest first; of those of the same second, the later name.
    package static func sorted(_ operations: [XDBOperation]) -> [XDBOperation] {
        operations.sorted { left, right in
            let (a, b) = (left.metadata, right.metadata)
            return (a.creationTimestamp?.seconds ?? 0, a.name) > (b.creationTimestamp?.seconds ?? 0, b.name)
        }
    }

    /// - Parameter namespaced: Whether the operations are of several namespaces.
    package static func text(
        _ operations: [XDBOperation],
        namespaced: Bool,
        now: Time,
        _ style: Style,
        width: Int? = nil
    ) -> String {
        let header = ["OPERATION", "TYPE", "GROUP", "MEMBER", "STATE", "AGE", "TOOK", "PROGRESS"]
        var table = Table(namespaced ? ["NAMESPACE"] + header : header, overflow: .isCut)
        table.rows = sorted(operations).map { operation in
            let row = row(operation, now)
            return namespaced ? [Cell(operation.metadata.namespace)] + row : row
        }
        var screen = Screen(style, width: width)
        for line in table.lines(style, width: width) { screen.line(Cell(line)) }
        return screen.text
    }

    private static func row(_ operation: XDBOperation, _ now: Time) -> [Cell] {
        let status = operation.status
        return [
            Cell(operation.metadata.name, .strong), Cell((status.type ?? operation.spec.kind)?.rawValue ?? "-"),
            Cell(operation.spec.group ?? "-"), Cell(status.member ?? status.node ?? "-"), state(of: operation),
            Cell(Phrase.age(since: operation.metadata.creationTimestamp, now)), Cell(took(operation, now)),
            Cell(progress(of: operation)),
        ]
    }

    static func state(of operation: XDBOperation) -> Cell { cell(of: operation.status.state) }

    static func cell(of state: XDBOperation.State?) -> Cell {
        switch state {
        case .succeeded: Cell("Succeeded", .good)
        case .failed: Cell("Failed", .bad)
        case .cancelled: Cell("Cancelled", .warning)
        case .running: Cell("Running", .warning)
        case .pending: Cell("Pending", .warning)
        case nil: Cell("-", .faint)
        }
    }

    static func took(_ operation: XDBOperation, _ now: Time) -> String {
        if let seconds = operation.status.durationSeconds { return "\(seconds) s" }
        guard let start = operation.status.startTime else { return "" }
        return Phrase.age(since: start, operation.status.completionTime ?? now)
    }

    private static func progress(of operation: XDBOperation) -> String {
        guard !operation.isFinished else { return operation.status.message ?? "" }
        let task = operation.status.task.map { "\($0) " } ?? ""
        if let progress = operation.copying { return task + ProgressLine.text(progress) }
        return task + (operation.status.message ?? "")
    }
}
