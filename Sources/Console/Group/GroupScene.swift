package import KubernetesModel
import Planning
package import XDB

/// What is known of a group, as far as the user may see it.
package struct GroupScene: Sendable {
    package var group: XDBGroup
    /// The operations of the group; nil where they may not be listed.
    package var operations: [XDBOperation]?
    /// The cluster's nodes; nil where they may not be listed.
    package var nodes: [Node]?
    package var operatorState: OperatorState
    /// What is not shown for want of a right, a sentence for each.
    package var hidden: [String]
    /// By this machine's clock.
    package var now: Time
    package var invocation: Invocation

    package init(
        group: XDBGroup,
        operations: [XDBOperation]? = [],
        nodes: [Node]? = nil,
        operatorState: OperatorState = OperatorState(),
        hidden: [String] = [],
        now: Time,
        invocation: Invocation = Invocation()
    ) {
        self.group = group
        self.operations = operations
        self.nodes = nodes
        self.operatorState = operatorState
        self.hidden = hidden
        self.now = now
        self.invocation = invocation
    }

    var status: XDBGroup.Status { group.status }
    var name: String { group.metadata.name }

    /// The members, without the new lives that have not taken their place.
    var members: [XDBGroup.MemberStatus] { status.members.filter { !$0.isSuccessor } }

    /// The operations that have not ended, the oldest first.
    var unfinished: [XDBOperation] { (operations ?? []).filter { !$0.isFinished }.reversed() }

    func condition(_ type: ConditionType) -> Condition? { status.conditions[type.rawValue] }

    /// A command of this plugin on this group's namespace.
    func command(_ words: String) -> String { invocation.command(words) }
}

/// What is known of the operator itself.
package struct OperatorState: Hashable, Sendable {
    /// `failover` of its settings; nil where those cannot be read.
    package var failoverMode: XDBGroup.FailoverMode?
    /// Its lease; nil where that cannot be read.
    package var lease: Lease.Spec?
    /// Where it runs.
    package var namespace: String

    package init(
        failoverMode: XDBGroup.FailoverMode? = nil,
        lease: Lease.Spec? = nil,
        namespace: String = "xdb-system"
    ) {
        self.failoverMode = failoverMode
        self.lease = lease
        self.namespace = namespace
    }

    /// Clocks differ, and whoever reads this has another than the operator.
    private static let patience = Duration.seconds(60)

    /// For how long nobody has held the lease; nil while somebody does, or where that is not known.
    func absence(_ now: Time) -> Duration? {
        guard let lease, let renewed = lease.renewTime else { return nil }
        let silence = now.since(renewed.time)
        return silence > Self.patience ? silence : nil
    }
}

/// How the plugin was called, so that the commands that it suggests can be copied.
package struct Invocation: Hashable, Sendable {
    /// `kubectl xdb`, or `xdb`.
    package var program: String
    /// The options that lead to the cluster and the namespace, as they were given.
    package var options: [String]

    package init(program: String = "kubectl xdb", options: [String] = []) {
        self.program = program
        self.options = options
    }

    /// A command with its words, which is not broken over lines.
    package func command(_ words: String) -> String {
        Paragraph.unbroken(([program, words] + options).joined(separator: " "))
    }

    /// The same for kubectl itself.
    package func kubectl(_ words: String) -> String {
        Paragraph.unbroken((["kubectl", words] + options).joined(separator: " "))
    }
}
