package import KubernetesModel
package import XDB

/// An operation that is to be made.
package struct OperationRequest: Sendable {
    package var operation: XDBOperation

    /// What a server made of it.
    package init(operation: XDBOperation) {
        self.operation = operation
    }

    /// Asks for work on a group.
    ///
    /// - Parameters:
    ///   - what: The word that its name begins with, after the group's or the member's name.
    ///   - timeout: `timeoutSeconds`; nil for the default.
    private init(_ group: ObjectKey, _ what: String, timeout: Int?, _ work: (inout XDBOperation.Spec) -> Void) {
        self.init(group.namespace, what, timeout: timeout) { spec in
            spec.group = group.name
            work(&spec)
        }
    }

    private init(_ namespace: String, _ what: String, timeout: Int?, _ work: (inout XDBOperation.Spec) -> Void) {
        var spec = XDBOperation.Spec()
        if let timeout { spec.timeoutSeconds = timeout }
        work(&spec)
        var metadata = ObjectMeta(namespace: namespace)
        metadata.generateName = "\(what)-"
        operation = XDBOperation(metadata: metadata, spec: spec)
    }

    /// Another leader; any where none is named.
    package static func changeLeader(of group: ObjectKey, to member: String?, timeout: Int?) -> Self {
        Self(group, "\(group.name)-change-leader", timeout: timeout) { spec in
            var change = XDBOperation.ChangeLeader()
            change.to = member ?? XDBOperation.ChangeLeader.automatic
            spec.changeLeader = change
        }
    }

    /// A leader without a majority.
    package static func forceLeader(of group: ObjectKey, member: String, acceptsLoss: Bool, timeout: Int?) -> Self {
        Self(group, "\(group.name)-force-leader", timeout: timeout) { spec in
            var force = XDBOperation.ForceLeader()
            force.member = member
            force.acceptDataLoss = acceptsLoss
            spec.forceLeader = force
        }
    }

    /// A group brought back after everything was down.
    package static func recovery(of group: ObjectKey, timeout: Int?) -> Self {
        Self(group, "\(group.name)-recover", timeout: timeout) { $0.recoverGroup = XDBOperation.RecoverGroup() }
    }

    /// A member made anew.
    package static func rebuild(of group: ObjectKey, _ rebuild: XDBOperation.Rebuild, timeout: Int?) -> Self {
        Self(group, "\(rebuild.member)-rebuild", timeout: timeout) { $0.rebuild = rebuild }
    }

    /// Members that are started again on the same data: one, or all.
    package static func restart(of group: ObjectKey, member: String?, timeout: Int?) -> Self {
        Self(group, "\(member ?? group.name)-restart", timeout: timeout) { spec in
            var restart = XDBOperation.Restart()
            restart.member = member
            spec.restart = restart
        }
    }

    /// A node without leaders, until it is asked back.
    package static func offline(_ node: String, force: Bool, in namespace: String, timeout: Int?) -> Self {
        Self(namespace, "\(node)-offline", timeout: timeout) { spec in
            var work = XDBOperation.OfflineNode()
            work.node = node
            work.force = force
            spec.offlineNode = work
        }
    }

    /// A node that is back.
    package static func recover(_ node: String, restoreLeaders: Bool, in namespace: String, timeout: Int?) -> Self {
        Self(namespace, "\(node)-recover", timeout: timeout) { spec in
            var work = XDBOperation.RecoverNode()
            work.node = node
            work.restoreLeaders = restoreLeaders
            spec.recoverNode = work
        }
    }

    /// Leaders, or members, of all groups spread over the nodes.
    package static func balance(
        _ balance: XDBOperation.Balance,
        in namespace: String,
        isDryRun: Bool,
        timeout: Int?
    ) -> Self {
        Self(namespace, isDryRun ? "balance-plan" : "balance", timeout: timeout) { spec in
            spec.balance = balance
            spec.rehearse(isDryRun)
        }
    }

    /// Members moved to another zone or node.
    package static func migrate(
        of group: ObjectKey,
        _ migrate: XDBOperation.Migrate,
        isDryRun: Bool,
        timeout: Int?
    ) -> Self {
        let what = isDryRun ? "migrate-plan" : "migrate"
        return Self(group, "\(migrate.member ?? group.name)-\(what)", timeout: timeout) { spec in
            spec.migrate = migrate
            spec.rehearse(isDryRun)
        }
    }

    /// What the API server is sent.
    ///
    /// Throws a complaint when a rule of the kind is broken, which old servers do not check.
    package func body() throws(Complaint) -> JSONValue {
        if let problem = operation.problems.first {
            throw Complaint("\(problem.path.isEmpty ? "" : "\(problem.path): ")\(problem.message)", .usage)
        }
        return manifest
    }

    /// The same as a file for `kubectl create` would have it, whatever a server has added.
    package var manifest: JSONValue {
        var metadata = ObjectMeta(namespace: operation.metadata.namespace)
        metadata.generateName = operation.metadata.generateName
        var body = JSONValue(XDBOperation(metadata: metadata, spec: operation.spec))
        body["status"] = nil
        return body
    }
}

extension XDBOperation.Spec {
    /// Has the plan written and nothing done.
    fileprivate mutating func rehearse(_ isDryRun: Bool) {
        dryRun = isDryRun
        // Whoever made it may be gone before it is deleted.
        if isDryRun { ttlSecondsAfterFinished = 600 }
    }
}

/// How an operation ended, for whoever waited for it.
package enum OperationResult {
    /// 0 when it did what was asked for; of one that was to be cancelled that is its being cancelled.
    package static func outcome(of operation: XDBOperation) -> Outcome? {
        guard let state = operation.status.state, state.isFinal else { return nil }
        return state == (operation.spec.cancel ? .cancelled : .succeeded) ? .done : .failed
    }
}
