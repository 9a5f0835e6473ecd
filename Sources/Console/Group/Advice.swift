import KubernetesModel
import Planning
import XDB

/// The next step for each reason, with commands that can be copied.
struct Advice {
    let scene: GroupScene

    init(_ scene: GroupScene) {
        self.scene = scene
    }

    private var name: String { scene.name }

    // MARK: The group as a whole

    /// What to do about a condition; nil where there is nothing but to wait, or where the message says it.
    func step(for reason: String, leader: String? = nil) -> String? {
        switch Reason(rawValue: reason) {
        case .failoverPending:
            return
                "elect another leader: \(scene.command("change-leader \(name)")); or let it happen by itself from now "
                + "on: \(scene.command("failover on \(mode == .manual ? name : "--all")"))"
        case .noQuorum: return quorum
        case .leaderSuspected where lacksMajority: return quorum
        case .leaderSuspected:
            return
                "see why the operator does not hear it: \(scene.invocation.kubectl("get pod \(life(of: leader)) -o wide")), "
                + scene.command("logs \(name) \(leader ?? "")")
        case .votersMissing: return "bring those members back with their data; they get their votes by themselves"
        case .bootstrapping, .sealing, .promoting, .changingLeader, .leaderLost:
            return "wait: \(watch)"
        case .invalidConfiguration: return "put the option right, or take it out: \(edit)"
        case .unknownMember: return "put the name in spec.maintenance right: \(edit)"
        case .refused: return scene.condition(.progressing).map { obstacle(in: $0.message) }
        default: return nil
        }
    }

    /// Where to look at what the API server refuses something for.
    private func obstacle(in words: String) -> String {
        switch ServerRefusal.Obstacle(in: words) {
        case .quota: "look at the quota: \(scene.invocation.kubectl("describe resourcequota"))"
        case .limitRange:
            "look at the range: \(scene.invocation.kubectl("describe limitrange")); or change the spec: \(edit)"
        case .podSecurity:
            "see what the namespace allows: \(scene.invocation.kubectl("describe namespace \(namespace)"))"
        case .rights:
            "see what the operator may: "
                + Paragraph.unbroken(
                    "kubectl auth can-i --list -n \(namespace) --as "
                        + "system:serviceaccount:\(scene.operatorState.namespace):xdb-operator"
                )
        case .webhook, .invalid, .other: "change the spec where that is the cause: \(edit)"
        }
    }

    /// What to do about a change that does not go on.
    ///
    /// - Parameter members: Those that it waits for, and that do not play their part.
    func step(for reason: Reason, stoppedAt members: [XDBGroup.MemberStatus]) -> String? {
        var steps = members.compactMap { member in member.reason.flatMap { step(for: $0, member: member) } }
        switch reason {
        case .rollingChangeStopped where !steps.contains { $0.contains(edit) }:
            steps.append((steps.isEmpty ? "put the spec right, or set it back: " : "or set the spec back: ") + edit)
        default: steps += [step(for: reason.rawValue)].compactMap(\.self)
        }
        var told: Set<String> = []
        steps = steps.filter { told.insert($0).inserted }
        return steps.isEmpty ? nil : steps.joined(separator: "; ")
    }

    /// True while too few voters answer for an election and for a rebuild.
    private var lacksMajority: Bool {
        let voters = scene.members.filter(\.voter)
        return voters.count { $0.health != .unhealthy } < majority(of: voters.count)
    }

    private var mode: XDBGroup.FailoverMode { scene.group.spec.failover.mode }

    /// Two ways, of which the second loses data.
    private var quorum: String {
        let away = scene.members.filter { $0.voter && $0.health == .unhealthy }
        let nodes = Set(away.compactMap(\.node)).sorted()
        let back =
            away.isEmpty
            ? "bring the missing voters back"
            : "bring back \(Phrase.list(away.map(\.name)))"
                + (nodes.isEmpty ? "" : " (node\(nodes.count == 1 ? "" : "s") \(Phrase.list(nodes)))")
        let able = scene.members.filter { $0.kind == .candidate && $0.promotable }.map(\.name)
        guard let candidate = able.first else {
            return
                "\(back): nothing is lost by waiting. To be told what is missing while you do, and to have the rest made anew "
                + "at once: \(scene.command("recover-group \(name) --wait"))"
        }
        let force = scene.command("force-leader \(name) \(candidate) --accept-data-loss")
        return
            "\(back): nothing is lost by waiting. What each member has: \(scene.command("positions \(name)")). Only when they "
            + "are gone for good and run nowhere: \(force)"
    }

    private var namespace: String { scene.group.metadata.namespace }
    private var edit: String { scene.invocation.kubectl("edit xdb \(name)") }
    private var watch: String { scene.command("status \(name) --watch") }

    private func life(of member: String?) -> String {
        scene.members.first { $0.name == member }?.life ?? member ?? ""
    }

    // MARK: One member

    /// What to do about a member.
    func step(for reason: String, member: XDBGroup.MemberStatus) -> String? {
        let logs = scene.command("logs \(name) \(member.name)")
        switch Reason(rawValue: reason) {
        // What helps the group helps its members.
        case .nodeNotReady where lacksMajority, .nodeMissing where lacksMajority: return nil
        case .nodeNotReady:
            return "bring node \(member.node ?? "") back; \(elsewhere(member))"
        case .nodeMissing where rebuildsElsewhere:
            return "nothing: it is rebuilt on another node by itself, where there is one"
        case .nodeMissing:
            return "bring the node back under its old name; where it is gone for good, \(elsewhere(member))"
        case .dataMissing, .diverged:
            if !member.voter {
                return "keep its data until somebody has looked at them: they may be the only copy of what was lost"
            }
            return repairsByItself ? "nothing: it is rebuilt by itself" : rebuild(member)
        case .dataDiscarded: return repairsByItself ? "nothing: it is rebuilt by itself" : rebuild(member)
        case .agentUnreachable:
            return "look at \(logs), and at the network between the operator and port 7700 of the pod \(member.life)"
        case .agentProblem where RepairCause.isBehind(member.message ?? "") && scene.status.rebuild == nil:
            return "look at \(logs); "
                + (repairsByItself
                    ? "when it stays so for \(scene.group.spec.repair.graceSeconds) s it is rebuilt by itself"
                    : rebuild(member))
        case .serverDown, .agentProblem: return "look at \(logs)"
        case .containerFailed: return "look at \(scene.invocation.kubectl("describe pod \(member.life)"))"
        case .invalidConfiguration:
            return "put the option right: \(edit); the server is started again by itself"
        case .imagePull: return "put spec.image right: \(edit)"
        case .refused: return obstacle(in: member.message ?? "")
        case .unschedulable: return "add a node, or change the spec: \(edit)"
        case .wrongIdentity: return "move the directory away on node \(member.node ?? "")"
        default: return nil
        }
    }

    private var repairsByItself: Bool {
        scene.group.spec.repair.mode == .automatic && scene.group.metadata.annotations[Label.repair] != "disabled"
    }

    private func rebuild(_ member: XDBGroup.MemberStatus) -> String {
        "rebuild it: \(scene.command("rebuild \(name) \(member.name)"))"
    }

    private var rebuildsElsewhere: Bool { repairsByItself && scene.group.spec.repair.strategy != .localOnly }

    private func elsewhere(_ member: XDBGroup.MemberStatus) -> String {
        let repair = scene.group.spec.repair
        if rebuildsElsewhere {
            return "after \(repair.graceSeconds) s it is rebuilt on another node by itself, where there is one"
        }
        return "to have it elsewhere: \(scene.command("rebuild \(name) \(member.name) --mode CrossHost"))"
    }
}
