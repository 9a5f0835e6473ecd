import KubernetesModel
import XDB

/// Keeps numbers that change all the time from being written all the time.
///
/// Positions are written along with any other change of the status, and by themselves when the last time is long ago.
enum PositionPolicy {
    /// How old positions may get while nothing else changes.
    static let interval = Duration.seconds(300)

    static func apply(_ draft: inout Draft) {
        let old = draft.observation.group.status
        guard let since = draft.observation.sincePositions, since < interval else { return }
        var status = draft.status
        for index in status.members.indices {
            let before = old.members.first { $0.name == status.members[index].name }
            status.members[index].position = before?.position
            status.members[index].applied = before?.applied
        }
        if status == old { draft.status = status }
    }
}
