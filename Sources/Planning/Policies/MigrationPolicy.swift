import KubernetesModel
import XDB

/// Moves members to another zone or node, one after the other, by making each anew there.
///
/// The zones in the spec come first; then loggers, learners and followers, each when all others play their part; then the
/// leader hands over to a candidate that has moved already; then that one goes, too. Each move is a rebuild like any
/// other (`RebuildPolicy`). What is next is found out from where the members are; of what has failed the operation's
/// status keeps count.
enum MigrationPolicy {
    static func apply(_ draft: inout Draft) {
        guard let request = MigrationRequest.current(draft) else { return }
        // One whose turn it is while another rests.
        if let turn = draft.turn, let other = MigrationRequest(turn, draft), other.name != request.name {
            draft.verdicts[other.name] = other.verdict
        }
        draft.checkAgain(within: .seconds(1))
        guard request.hasBegun else {
            draft.verdicts[request.name] = request.verdict
            return
        }
        let next = request.next
        draft.migration = next
        switch next {
        case .setZones(let zones): draft.act(.setZones(zones))
        case .move(let name, let way):
            guard let member = draft.member(name) else { return }
            RebuildPolicy.begin(request.operation, member, way, &draft)
        case .handOver(let heir):
            HandoverPolicy.begin(
                .changeLeader,
                to: heir,
                "\(heir) is to lead, so that \(draft.status.leader ?? "") can move, as operation \(request.name) asks",
                operation: request.name,
                &draft
            )
        case .wait, .rest, .done, .end: break
        }
    }
}
