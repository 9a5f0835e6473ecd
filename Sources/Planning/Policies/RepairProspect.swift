import KubernetesModel
import XDB

/// What comes of a member's trouble by itself, as the end of the sentence that tells the trouble.
///
/// It is what `RepairPolicy` does where nothing more speaks against it; what does is in the condition `RepairPending`.
struct RepairProspect {
    let draft: Draft
    let member: XDBGroup.MemberStatus

    /// - Parameters:
    ///   - fate: What happens where members are rebuilt without being asked.
    ///   - remedy: What people can do instead of a rebuild; nil where there is nothing.
    ///   - isElsewhere: The member can only be rebuilt on another node.
    func words(_ fate: String, else remedy: String?, isElsewhere: Bool = false) -> String {
        if let hindrance { return [remedy, hindrance].compactMap(\.self).joined(separator: ": ") }
        guard let restraint = restraint ?? (isElsewhere ? localOnly : nil) else { return fate }
        let rebuild = "rebuild it with an XDBOperation: rebuild: {member: \(member.name)}"
        return "\([remedy, rebuild].compactMap(\.self).joined(separator: ", or ")) (\(restraint))"
    }

    /// Why a rebuild is not to be thought of; nil when one may come.
    private var hindrance: String? {
        if member.isSuccessor { return "it is being made, and its rebuild can be cancelled" }
        let voters = draft.voters
        if voters.count == 1, voters.first?.name == member.name {
            return "it is the only voter, and there is nothing to rebuild it from"
        }
        if !member.discarded, draft.outsiders.contains(where: { $0.name == member.name }) {
            return "a leader was forced without it, and it may have the only copy of what was lost then"
        }
        return nil
    }

    /// Why it is not rebuilt without being asked; nil when it is.
    private var restraint: String? {
        if draft.spec.paused { return "spec.paused is true" }
        if let aside = draft.setAside(member) { return aside.words }
        guard Recovery.current(draft) == nil else { return nil }
        if draft.spec.repair.mode == .manual, !member.newcomer { return "spec.repair.mode is Manual" }
        if draft.observation.group.metadata.annotations[Label.repair] == "disabled" {
            return "the annotation \(Label.repair) is disabled"
        }
        return nil
    }

    private var localOnly: String? {
        draft.spec.repair.strategy == .localOnly ? "spec.repair.strategy is LocalOnly" : nil
    }
}
