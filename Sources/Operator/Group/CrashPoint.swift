import Planning
import XDB

/// A step after which the operator can be made to end at once, as by a power cut, to see that another goes on from there.
///
/// The ConfigMap of the settings names one as `crashAfter`; the suites in `Tests/Cluster` whose names end in `Crashes` play each.
enum CrashPoint: String, CaseIterable, Sendable {
    case electionRecorded
    case sealed
    case epochRecorded
    case led
    case followed
    case labelled
    case relabelled
    case membersRecorded
    case writableRecorded
    case routedRecorded
    case operationRecorded
    case operationCreated
    case rebuildDiscard
    case rebuildCopy
    case rebuildPrepare
    case rebuildRefresh
    case rebuildJoin
    case rebuildVerify
    case rebuildVote
    case rebuildClean
    case rebuildEnded
    case rebuildCleared
    case debtRecorded
    case debtPaid
    case jobCreated
    case jobDeleted
    case podCreated
    case configurationBrought
    case podDeleted
    case podForceDeleted
    case claimDeleted
    case certificateDeleted
    case cleanupCreated
    case cleanupDeleted
    case copyLimited
    case verificationAsked
    case zonesSet
    case nodeWorkRecorded
    case nodeMarked
    case nodeOperationCreated

    /// What was recorded when one status followed another.
    static func recorded(_ new: XDBGroup.Status, after old: XDBGroup.Status) -> [CrashPoint] {
        var points: [CrashPoint] = []
        if old.election == nil, new.election != nil { points.append(.electionRecorded) }
        if new.epoch != old.epoch { points.append(.epochRecorded) }
        let (before, now) = (old.epochs.first, new.epochs.first)
        if before?.writable == nil, now?.writable != nil { points.append(.writableRecorded) }
        if before?.routed == nil, now?.routed != nil { points.append(.routedRecorded) }
        if new.epoch > .none, change(of: new) != change(of: old) { points.append(.membersRecorded) }
        points += recorded(new.rebuild, after: old.rebuild)
        let (owed, due) = (Set(old.debts.map(\.life)), Set(new.debts.map(\.life)))
        if !due.isSubset(of: owed) { points.append(.debtRecorded) }
        if !owed.isSubset(of: due) { points.append(.debtPaid) }
        return points
    }

    /// Who is a member, who is on the way to a vote, and who leaves.
    private static func change(of status: XDBGroup.Status) -> [String] {
        status.members.filter { !$0.isSuccessor }.map { "\($0.name) \($0.kind) \($0.newcomer) \($0.leaving)" }
    }

    private static func recorded(_ new: XDBGroup.RebuildStatus?, after old: XDBGroup.RebuildStatus?) -> [CrashPoint] {
        guard let new else { return old == nil ? [] : [.rebuildCleared] }
        let known = old.flatMap { $0.operation == new.operation ? $0 : nil }
        var points: [CrashPoint] = []
        if known?.step != new.step { points.append(CrashPoint(new.step)) }
        if known?.result == nil, new.result != nil { points.append(.rebuildEnded) }
        return points
    }

    private init(_ step: XDBGroup.RebuildStep) {
        self =
            switch step {
            case .discard: .rebuildDiscard
            case .copy: .rebuildCopy
            case .prepare: .rebuildPrepare
            case .refresh: .rebuildRefresh
            case .join: .rebuildJoin
            case .verify: .rebuildVerify
            case .vote: .rebuildVote
            case .clean: .rebuildClean
            }
    }

    /// What has been done when an action of work on nodes has.
    init(_ action: NodeWorkAction) {
        switch action {
        case .mark: self = .nodeMarked
        case .createOperation: self = .nodeOperationCreated
        }
    }

    /// What has been done when an action has.
    init?(_ action: GroupAction) {
        switch action {
        case .seal: self = .sealed
        case .lead: self = .led
        case .follow: self = .followed
        case .label: self = .labelled
        case .relabel: self = .relabelled
        case .recordOperation: self = .operationRecorded
        case .createOperation: self = .operationCreated
        case .createJob: self = .jobCreated
        case .deleteJob: self = .jobDeleted
        case .createPod: self = .podCreated
        case .bringConfiguration: self = .configurationBrought
        case .deletePod, .discardPod: self = .podDeleted
        case .forceDeletePod: self = .podForceDeleted
        case .deleteClaim: self = .claimDeleted
        case .deleteCertificate: self = .certificateDeleted
        case .createCleanup: self = .cleanupCreated
        case .deleteCleanup: self = .cleanupDeleted
        case .limitCopy: self = .copyLimited
        case .verify: self = .verificationAsked
        case .setZones: self = .zonesSet
        case .addFinalizer, .removeFinalizer, .ensure, .initialize: return nil
        }
    }
}
