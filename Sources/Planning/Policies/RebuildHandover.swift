import KubernetesModel
import XDB

/// The change of leader that comes before the rebuild of a leader, where that is asked for (`changeLeaderFirst`).
///
/// It is an ordinary election with a wish. The record of its epoch names the operation, so whoever observes next knows
/// that it is done, and the rebuild begins like that of any follower.
enum RebuildHandover {
    /// What the step is called.
    static let step = "ChangeLeader"

    /// How long what is refused right after the change may have to do with it: the others turn to the new leader.
    private static let patience = Duration.seconds(30)

    /// The newest epoch that began for an operation's rebuild.
    static func record(of operation: String?, _ draft: Draft) -> XDBGroup.EpochRecord? {
        guard let operation else { return nil }
        return draft.status.epochs.first { $0.operation == operation }
    }

    /// The step of an operation, once there is a new leader.
    ///
    /// - Parameter isOver: True when another has begun, whatever the record of this one lacks.
    static func step(of operation: String, isOver: Bool, _ draft: Draft) -> XDBOperation.Step? {
        record(of: operation, draft).map { record in
            XDBOperation.Step(
                step,
                from: record.began,
                to: record.routed ?? record.writable ?? (isOver ? MicroTime(draft.observation.now) : nil),
                "\(record.leader) leads epoch \(record.epoch)"
            )
        }
    }

    /// What stays of it when the rebuild comes to nothing; empty where there was none.
    static func remainder(of operation: String, _ draft: Draft) -> String {
        guard let record = record(of: operation, draft) else { return "" }
        return ". The leadership was handed over to \(record.leader) before, and is not handed back"
    }

    /// What was found right after the change may pass by itself.
    static func settle(_ verdict: OperationVerdict, _ operation: XDBOperation, _ draft: Draft) -> OperationVerdict {
        guard case .refuse(let why) = verdict, let record = record(of: operation.metadata.name, draft),
            record.epoch == draft.status.epoch, let since = record.routed?.time ?? record.time,
            draft.observation.now.since(since) < patience
        else { return verdict }
        return .wait(why)
    }

    /// Records the election that is wished for.
    static func begin(_ operation: XDBOperation, of member: String, to heir: String, _ draft: inout Draft) {
        let name = operation.metadata.name
        HandoverPolicy.begin(
            .changeLeader,
            to: heir,
            "\(heir) is to lead, so that \(member) can be rebuilt, as operation \(name) asks",
            operation: name,
            &draft
        )
    }
}
