import KubernetesModel
import XDB

/// Decides what to do about a group: the whole of the controller, as a pure function.
///
/// Two runs over the same observation give the same plan; whoever wants to know why the operator does something, or
/// what it would do, runs it and reads.
public func plan(_ observation: GroupObservation) -> GroupPlan {
    let group = observation.group
    guard !group.metadata.isBeingDeleted else { return Draft(observation).run(GroupPolicy.deletion) }

    let problems = group.problems + RecordedRules.problems(of: group)
    var draft = Draft(observation, specProblems: problems)
    let reports = GroupPolicy.chain.filter(\.isReport)
    guard problems.isEmpty else { return draft.run(reports) }
    guard group.spec.paused else { return draft.run(GroupPolicy.chain) }
    let unpaused = draft.after(GroupPolicy.chain)
    draft.wish = unpaused.intentions + unpaused.plan.actions.compactMap(\.words)
    return draft.run(reports)
}

extension Draft {
    /// This draft after all policies of a chain.
    fileprivate func after(_ chain: [GroupPolicy]) -> Draft {
        var draft = self
        for policy in chain {
            policy.apply(&draft)
        }
        return draft
    }

    /// What comes of it.
    fileprivate func run(_ chain: [GroupPolicy]) -> GroupPlan { after(chain).plan }
}

/// One concern of the decision.
///
/// The chain reads as the specification of the controller, from top to bottom. Each policy stands in a file of its own
/// and relies only on those above it.
struct GroupPolicy: Sendable {
    /// True for policies that find out and tell, and leave the cluster and the record as they are: what still runs when
    /// the group is paused or its spec is refused.
    var isReport: Bool
    var apply: @Sendable (inout Draft) -> Void

    private static func report(_ apply: @escaping @Sendable (inout Draft) -> Void) -> GroupPolicy {
        GroupPolicy(isReport: true, apply: apply)
    }

    private static func effect(_ apply: @escaping @Sendable (inout Draft) -> Void) -> GroupPolicy {
        GroupPolicy(isReport: false, apply: apply)
    }

    /// A group that is wanted.
    static let chain: [GroupPolicy] = [
        .effect(FinalizerPolicy.apply),
        .effect(MembershipPolicy.apply),
        .report(ObservationPolicy.apply),
        .report(MaintenanceReport.apply),
        .effect(OfflineNodes.apply),
        .effect(StrandedNewcomers.apply),
        .report(RolloutReport.apply),
        .effect(OwnedObjectsPolicy.apply),
        .effect(PodPolicy.apply),
        .effect(JoinPolicy.apply),
        .report(LeadershipPolicy.apply),
        .effect(ForcePolicy.apply),
        .effect(HandoverPolicy.apply),
        .effect(RetirementPolicy.apply),
        .effect(DebtPolicy.apply),
        .effect(RebuildPolicy.apply),
        .effect(RepairPolicy.apply),
        .effect(VoterPolicy.apply),
        .effect(RolloutPolicy.apply),
        .effect(RestartPolicy.apply),
        .effect(MigrationPolicy.apply),
        .effect(ElectionPolicy.apply),
        .effect(RolePolicy.apply),
        .effect(RoutePolicy.apply),
        .report(MilestonePolicy.apply),
        .report(ConditionPolicy.apply),
        .report(OperationPolicy.apply),
        .report(PositionPolicy.apply),
        .report(EventPolicy.apply),
    ]

    /// A group that is being deleted.
    static let deletion: [GroupPolicy] = [
        .report(ObservationPolicy.apply),
        .effect(DeletionPolicy.apply),
        .report(EventPolicy.apply),
    ]
}
