// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

public import KubernetesModel
public import XDB

/// Everything that a decision about an operation on a node is made from, taken at one moment.
public struct NodeWorkObservation: Hashable, Sendable {
    /// The operation with the status as it was read; that of the plan is written with this resource version.
    public var operation: XDBOperation
    public var now: Time
    /// Where operations on nodes are accepted.
    public var operatorNamespace: String
    /// All nodes of the cluster.
    public var nodes: [NodeObservation] = []
    /// The groups of all namespaces.
    public var groups: [XDBGroup] = []
    /// The operations of all namespaces, those that have ended included.
    public var operations: [XDBOperation] = []
    /// How many bytes the data of a member of each group are, as far as that is known; asked for by a balance alone.
    public var dataBytes: [ObjectKey: Int] = [:]

    /// An observation of an operation alone; tests and the operator fill in the rest.
    public init(operation: XDBOperation, now: Time, operatorNamespace: String) {
        self.operation = operation
        self.now = now
        self.operatorNamespace = operatorNamespace
    }
}

extension NodeWorkObservation {
    func node(_ name: String?) -> NodeObservation? { nodes.first { $0.name == name } }

    /// All groups, by namespace and name.
    var sortedGroups: [XDBGroup] { groups.sorted { $0.key < $1.key } }

    /// A member by its namespace and name, and its group.
    func member(_ key: ObjectKey) -> (group: XDBGroup, member: XDBGroup.MemberStatus)? {
        for group in groups where group.metadata.namespace == key.namespace {
            if let member = group.status.members.first(where: { $0.name == key.name }) { return (group, member) }
        }
        return nil
    }
}

/// What to do about an operation on a node: the status is recorded first, then the actions are carried out in order.
///
/// Each action can be repeated, and is planned again until what comes of it is observed.
public struct NodeWorkPlan: Hashable, Sendable {
    public var status: XDBOperation.Status
    public var actions: [NodeWorkAction] = []
    /// When to decide again even if nothing changes.
    public var checkAgain: Duration?

    /// A plan that does nothing and leaves the status as it is.
    public init(status: XDBOperation.Status) {
        self.status = status
    }
}

/// One effect of an operation on a node.
public enum NodeWorkAction: Hashable, Sendable {
    /// Puts the label on the node by which it is offline (`Label.offline`), or takes it away.
    case mark(node: String, isOffline: Bool)
    /// Makes an operation on a group; what is there already stays.
    case createOperation(ObjectKey, XDBOperation.Spec)
}

/// Decides what to do about an operation on a node, as a pure function.
///
/// The steps in the operation's status are the record: one for each leader that is to move and for each member that is
/// to be back. What has come of them is read off the groups each time.
public func plan(_ observation: NodeWorkObservation) -> NodeWorkPlan {
    var work = NodeWork(observation)
    let operation = observation.operation
    if let problem = operation.problems.first {
        work.end(.failed, "the operation is refused: \(problem)")
    } else if operation.metadata.namespace != observation.operatorNamespace {
        work.end(
            .failed,
            "it concerns groups of all namespaces, and so is accepted in namespace \(observation.operatorNamespace) only: "
                + "make it there"
        )
    } else if let wish = operation.spec.offlineNode {
        NodeOffline(wish: wish, observation: observation).plan(&work)
    } else if let wish = operation.spec.recoverNode {
        NodeRecovery(wish: wish, observation: observation).plan(&work)
    } else if let wish = operation.spec.balance {
        BalanceWork(wish: wish, observation: observation).plan(&work)
    }
    return work.plan
}

/// A plan for an operation on a node in the making.
struct NodeWork {
    let observation: NodeWorkObservation
    var plan: NodeWorkPlan

    init(_ observation: NodeWorkObservation) {
        self.observation = observation
        plan = NodeWorkPlan(status: observation.operation.status)
        plan.status.type = observation.operation.spec.kind
    }

    var spec: XDBOperation.Spec { observation.operation.spec }
    var now: MicroTime { MicroTime(observation.now) }

    var status: XDBOperation.Status {
        get { plan.status }
        set { plan.status = newValue }
    }

    /// True once its steps are recorded.
    var hasBegun: Bool { status.startTime != nil }

    /// True when it has had the time that it was given.
    var isOverdue: Bool {
        guard let since = observation.operation.metadata.creationTimestamp else { return false }
        return observation.now.since(since) > .seconds(spec.timeoutSeconds)
    }

    // MARK: How far it is

    /// Records the steps with which it begins.
    mutating func begin(_ steps: [XDBOperation.Step]) {
        status.startTime = observation.now.wholeSeconds
        status.steps = steps
    }

    mutating func run(_ task: String, _ message: String) {
        status.state = .running
        status.task = task
        status.message = message
        plan.checkAgain = .seconds(2)
    }

    mutating func wait(_ message: String) {
        status.state = .pending
        status.message = message
        plan.checkAgain = .seconds(2)
    }

    mutating func end(_ state: XDBOperation.State, _ message: String) {
        status.state = state
        status.task = nil
        status.message = message
        status.completionTime = observation.now.wholeSeconds
        if let began = status.steps.compactMap(\.start).first {
            status.durationSeconds = OperationProgress.seconds(now.milliseconds(since: began))
        }
        plan.actions = []
        plan.checkAgain = nil
    }

    func step(_ name: String) -> XDBOperation.Step? { status.steps.first { $0.name == name } }

    func isDone(_ step: String) -> Bool { self.step(step)?.end != nil }

    /// Records that a step is done, or what it waits for.
    mutating func note(_ step: String, _ message: String?, end: MicroTime? = nil) {
        guard let index = status.steps.firstIndex(where: { $0.name == step }) else { return }
        let start = status.steps[index].start ?? now
        status.steps[index] = .init(step, from: start, to: end.map { max($0, start) }, message)
    }
}

/// A step that is about a group or a member: `Member SHOP/ORDERS-1`.
struct NodeWorkStep: Hashable {
    enum Subject: String, CaseIterable {
        /// A leader leaves its node; the name is the group's.
        case leaderOf = "Move leader of "
        /// A member is back.
        case member = "Member "
        /// A member leads again.
        case lead = "Lead "
    }

    var subject: Subject
    var key: ObjectKey

    init(_ subject: Subject, _ key: ObjectKey) {
        self.subject = subject
        self.key = key
    }

    /// Nil for steps that are about the node as a whole.
    init?(_ step: XDBOperation.Step) {
        for subject in Subject.allCases where step.name.hasPrefix(subject.rawValue) {
            let words = step.name.dropFirst(subject.rawValue.count).split(separator: "/", maxSplits: 1)
            guard words.count == 2 else { return nil }
            self.init(subject, ObjectKey(namespace: String(words[0]), name: String(words[1])))
            return
        }
        return nil
    }

    var name: String { subject.rawValue + key.description }
}

extension NodeWork {
    /// What the steps of a sort are about.
    func subjects(_ subject: NodeWorkStep.Subject) -> [ObjectKey] {
        status.steps.compactMap { NodeWorkStep($0) }.filter { $0.subject == subject }.map(\.key)
    }
}

extension [String] {
    /// Sentences, as many as a message has room for; the steps have all of them.
    var firstFew: String {
        let rest = count > 3 ? "; and \(count - 3) more, which the steps name" : ""
        return prefix(3).joined(separator: "; ") + rest
    }
}
