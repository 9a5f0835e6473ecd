import KubernetesModel
import XDB

@testable import Planning

/// Groups that a balance is about, and what becomes of the operations that it makes.
extension NodeWorkTests.Scene {
    static func balance(
        _ what: XDBOperation.Balance.What = .leaders,
        _ change: (inout XDBOperation.Spec) -> Void = { _ in }
    ) -> Self {
        Self { spec in
            spec.balance = XDBOperation.Balance()
            spec.balance?.what = what
            change(&spec)
        }
    }

    /// A group that is well, led by its first candidate.
    mutating func add(whole name: String, on nodes: [String], loggers: [String] = []) {
        add(name, on: nodes, loggers: loggers)
        let (now, all) = (now, self.nodes)
        change(name) { group in
            group.status.conditions.set(Condition("FullyRedundant", .true, reason: "Whole", message: ""), now: now)
            for index in group.status.members.indices {
                let node = group.status.members[index].node
                group.status.members[index].zone = all.first { $0.name == node }?.zone
                group.status.members[index].promotable = group.status.members[index].kind == .candidate
            }
        }
    }

    /// The groups do what they are asked for, as many as given.
    mutating func carryOut(_ count: Int = .max) {
        var rest = count
        for index in operations.indices where !operations[index].isFinished && rest > 0 {
            rest -= 1
            let spec = operations[index].spec
            if let change = spec.changeLeader, let group = spec.group { lead(group, change.to) }
            if let migrate = spec.migrate, let member = migrate.member {
                change(member: member) { $0.node = migrate.node }
            }
            operations[index].status.state = .succeeded
            operations[index].status.completionTime = now
        }
    }

    /// Until it has ended.
    mutating func finish() {
        for _ in 0..<100 where state?.isFinal != true {
            reconcile()
            carryOut()
        }
    }

    var balance: XDBOperation.Plan { operation.status.plan ?? XDBOperation.Plan() }

    /// How many groups are led on each node.
    var leaders: [String: Int] { NodeShares(observation).leaders }
    /// How many members are on each node.
    var members: [String: Int] { NodeShares(observation).members }

    private var observation: NodeWorkObservation {
        var observation = NodeWorkObservation(operation: operation, now: now, operatorNamespace: "xdb-system")
        observation.groups = groups
        return observation
    }

    /// What was asked of the groups, in order: `a: a-1 leads`, `a: a-2 to n4`.
    var asked: [String] {
        operations.map { operation in
            let group = operation.spec.group ?? ""
            if let change = operation.spec.changeLeader { return "\(group): \(change.to) leads" }
            return "\(group): \(operation.spec.migrate?.member ?? "") to \(operation.spec.migrate?.node ?? "")"
        }
    }
}
