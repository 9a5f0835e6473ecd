import KubernetesModel
import Planning
import XDB

/// What is going on in a group, a sentence for each thing.
package enum Activity {
    package static func all(_ scene: GroupScene) -> [String] {
        var sentences: [String] = []
        if scene.group.metadata.isBeingDeleted { sentences.append("the group is being deleted") }
        if let election = scene.status.election { sentences.append(words(election, scene.now)) }
        if let rebuild = scene.status.rebuild { sentences.append(words(rebuild, scene)) }
        if let progressing = scene.condition(.progressing), progressing.isTrue,
            [Reason.changingMembers, .rollingChange].contains(where: { $0.rawValue == progressing.reason })
        {
            sentences.append(progressing.message)
        }
        let told = [scene.status.rebuild?.operation, scene.status.election?.operation].compactMap(\.self)
        sentences += scene.unfinished.filter { !told.contains($0.metadata.name) }.map { words($0) }
        sentences += members(scene, told: sentences)
        sentences += scene.status.debts.map { debt in
            let place = debt.node.map { " on node \($0)" } ?? ""
            return "the former life \(debt.life)\(place) is being removed" + (debt.message.map { ": \($0)" } ?? "")
        }
        return sentences
    }

    /// Who is told of already is left out; of those that are well, what is to be known of some.
    private static func members(_ scene: GroupScene, told: [String]) -> [String] {
        scene.status.members.filter { member in
            if member.health == .healthy { return member.message.map { !isTold($0, beside: member, scene) } ?? false }
            guard member.health == .progressing, !member.isSuccessor else { return false }
            guard let message = member.message else { return true }
            return !told.contains { $0.contains(member.name) && $0.contains(message) }
        }.map { member in
            "\(member.name): \(member.message ?? member.reason ?? "on its way")"
                + (member.health == .healthy
                    ? "" : member.since.map { " (\(Phrase.age(since: $0, scene.now)))" } ?? "")
        }
    }

    /// Whether what is to be known of a member is that another one does not play its part.
    private static func isTold(
        _ message: String,
        beside member: XDBGroup.MemberStatus,
        _ scene: GroupScene
    ) -> Bool {
        scene.members.contains { other in
            other.name != member.name && (other.message.map { message.contains($0) } ?? false)
        }
    }

    private static func words(_ election: XDBGroup.ElectionStatus, _ now: Time) -> String {
        let since = election.time.map { " for \(Phrase.age(since: $0, now))" } ?? ""
        let wishes = [
            election.to.map { ", of \($0) if possible" }, election.joining.map { ", with a vote for \($0)" },
            election.leaving.map { ", without a vote for \($0)" },
        ]
        let wish = wishes.compactMap(\.self).joined()
        return "election of the leader of epoch \(election.epoch)\(since)\(wish): \(election.reason)"
    }

    private static func words(_ operation: XDBOperation) -> String {
        let state = operation.status.state?.rawValue ?? "not looked at yet"
        let task = operation.status.task.map { ", \($0)" } ?? ""
        return "operation \(operation.metadata.name), \(state)\(task)"
            + (operation.status.message.map { ": \($0)" } ?? "")
    }

    private static func words(_ rebuild: XDBGroup.RebuildStatus, _ scene: GroupScene) -> String {
        let operation = scene.operations?.first { $0.metadata.name == rebuild.operation }
        var parts = ["rebuild of \(rebuild.member) as \(rebuild.successor)"]
        if let node = rebuild.node { parts.append("on \(node)") }
        if let source = rebuild.source { parts.append("from \(source)") }
        let attempt = rebuild.attempt > 1 ? " (attempt \(rebuild.attempt))" : ""
        let task = rebuild.result == nil ? rebuild.step.rawValue : "removing what it left behind"
        var sentence = "\(parts.joined(separator: " ")): \(task)\(attempt)"
        if rebuild.result == nil, let progress = operation?.copying {
            sentence += " \(ProgressLine.text(progress))"
        }
        let job = rebuild.job.map { ", Job \($0)" } ?? ""
        return sentence + (rebuild.message.map { "; \($0)" } ?? "") + " (operation \(rebuild.operation)\(job))"
    }
}
