import Planning
import XDB

/// A step after which the operator can be made to end at once, as by a power cut, to see that another goes on from there.
///
/// The ConfigMap of the settings names one as `crashAfter`; `Tests/Cluster/CrashTests.swift` tries them all.
enum CrashPoint: String, CaseIterable, Sendable {
    case electionRecorded
    case sealed
    case epochRecorded
    case led
    case followed
    case labelled
    case writableRecorded
    case routedRecorded
    case operationRecorded
    case operationCreated

    /// What was recorded when one status followed another.
    static func recorded(_ new: XDBGroup.Status, after old: XDBGroup.Status) -> [CrashPoint] {
        var points: [CrashPoint] = []
        if old.election == nil, new.election != nil { points.append(.electionRecorded) }
        if new.epoch != old.epoch { points.append(.epochRecorded) }
        let (before, now) = (old.epochs.first, new.epochs.first)
        if before?.writable == nil, now?.writable != nil { points.append(.writableRecorded) }
        if before?.routed == nil, now?.routed != nil { points.append(.routedRecorded) }
        return points
    }

    /// What has been done when an action has.
    init?(_ action: GroupAction) {
        switch action {
        case .seal: self = .sealed
        case .lead: self = .led
        case .follow: self = .followed
        case .label: self = .labelled
        case .recordOperation: self = .operationRecorded
        case .createOperation: self = .operationCreated
        case .addFinalizer, .removeFinalizer, .ensure, .createPod, .deletePod, .deleteClaim, .createCleanup,
            .deleteCleanup, .initialize:
            return nil
        }
    }
}
