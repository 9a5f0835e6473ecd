import XDB

/// Decides what to do about a group: the whole of the controller, as a pure function.
public func plan(_ observation: GroupObservation) -> GroupPlan {
    GroupPlan(status: observation.group.status)
}
