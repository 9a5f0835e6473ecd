import KubernetesModel
package import XDB

/// Members by the names that people type.
package enum MemberChoice {
    /// The member of a name, or of an ordinal alone.
    ///
    /// Throws a complaint that has the names there are.
    package static func member(
        _ word: String,
        of group: XDBGroup,
        where isMeant: (XDBGroup.MemberStatus) -> Bool = { _ in true },
        called kind: String = "member"
    ) throws(Complaint) -> XDBGroup.MemberStatus {
        let members = group.status.members.filter(isMeant)
        let name = Int(word).map { "\(group.metadata.name)-\($0)" } ?? word
        if let member = members.first(where: { $0.name == name }) { return member }
        // A life that is not the first has a pod of another name than its member.
        if let member = members.first(where: { $0.life == name }) { return member }
        let names = members.map(\.name)
        throw Complaint(
            "\(name) is no \(kind) of \(group.metadata.name); "
                + (names.isEmpty
                    ? "it has none yet" : "there \(names.count == 1 ? "is" : "are") \(Phrase.list(names))"),
            .notFound
        )
    }
}
