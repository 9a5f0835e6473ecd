package import KubernetesModel
import Planning
package import XDB

/// Every group on a line.
package enum GroupTable {
    /// - Parameter namespaced: Whether the groups are of several namespaces.
    package static func text(
        _ groups: [XDBGroup],
        namespaced: Bool,
        now: Time,
        _ style: Style,
        width: Int? = nil
    ) -> String {
        let header = ["GROUP", "MEMBERS", "LEADER", "EPOCH", "SINCE", "WRITES", "LAG", "MESSAGE"]
        var table = Table(namespaced ? ["NAMESPACE"] + header : header, overflow: .isCut)
        table.rows = groups.sorted { $0.key < $1.key }.map { group in
            let row = row(group, now)
            return namespaced ? [Cell(group.metadata.namespace)] + row : row
        }
        var screen = Screen(style, width: width)
        for line in table.lines(style, width: width) { screen.line(Cell(line)) }
        return screen.text
    }

    private static func row(_ group: XDBGroup, _ now: Time) -> [Cell] {
        let status = group.status
        let verdict = GroupVerdict(group)
        let writes =
            switch verdict {
            case .whole, .lacking: Cell("yes", .good)
            case .notWritable: Cell("NO", .bad)
            case .unknown: Cell("unknown", .bad)
            }
        return [
            Cell(group.metadata.name, .strong), Cell(status.readyMembers ?? "-", verdict.tone),
            Cell(status.leader ?? "-"), Cell(status.epoch.description),
            Cell(Phrase.age(since: status.epochs.first?.time, now)), writes, Cell(status.lag ?? "-"),
            Cell(status.message ?? "the operator has not looked at it yet"),
        ]
    }
}
