package import KubernetesModel
import Planning
package import XDB

/// Which members are on which node.
package struct NodeReport: Hashable, Sendable {
    /// A node, as far as it is known.
    package struct Place: Hashable, Sendable {
        package var name: String
        package var zone: String
        package var state: State
        /// For how long it has been in that state, where it is not well.
        package var since: Time?
        package var residents: [Resident] = []
    }

    /// How a node is.
    package enum State: String, Hashable, Sendable {
        case ready = "Ready"
        case cordoned = "Ready, cordoned"
        case offline = "Ready, offline"
        case notReady = "NotReady"
        case awayAndOffline = "NotReady, offline"
        /// No node of the cluster any more.
        case gone = "Gone"
        /// Nodes may not be listed.
        case unknown = "?"

        fileprivate var tone: Tone {
            switch self {
            case .ready: .good
            case .cordoned, .offline, .awayAndOffline: .warning
            case .notReady, .gone: .bad
            case .unknown: .faint
            }
        }
    }

    /// A member on a node.
    package struct Resident: Hashable, Sendable {
        package var namespace: String
        package var group: String
        package var member: String
        /// The part that it plays; its kind in parentheses while it plays none.
        package var part: String
        package var isHealthy: Bool
    }

    package var places: [Place]

    /// - Parameter nodes: Nil where they may not be listed: then those that members are on are known.
    package init(nodes: [Node]?, groups: [XDBGroup]) {
        var places = (nodes ?? []).map { node in
            let ready = node.status.conditions["Ready"]
            let isOffline = node.metadata.labels[Label.offline] != nil
            let state: State =
                switch (node.isReady, isOffline) {
                case (false, _): isOffline ? .awayAndOffline : .notReady
                case (true, true): .offline
                case (true, false): node.spec.isUnschedulable ? .cordoned : .ready
                }
            return Place(
                name: node.metadata.name,
                zone: node.zone,
                state: state,
                since: !node.isReady ? ready?.lastTransitionTime : nil
            )
        }
        for group in groups.sorted(by: { $0.key < $1.key }) {
            for member in group.status.members {
                guard let node = member.node else { continue }
                if !places.contains(where: { $0.name == node }) {
                    let state: State = nodes == nil ? .unknown : .gone
                    places.append(Place(name: node, zone: member.zone ?? "", state: state))
                }
                guard let index = places.firstIndex(where: { $0.name == node }) else { continue }
                places[index].residents.append(Resident(member, of: group))
            }
        }
        self.places = places.sorted { $0.name < $1.name }
    }

    /// The table for people.
    ///
    /// - Parameter namespaced: Whether the groups are of several namespaces.
    package func text(namespaced: Bool, now: Time, _ style: Style, width: Int? = nil) -> String {
        var table = Table(["NODE", "ZONE", "STATE", "MEMBERS"])
        table.rows = places.map { place in
            let since = Phrase.age(since: place.since, now)
            let members = place.residents.map { resident in
                (namespaced ? "\(resident.namespace)/" : "") + "\(resident.member) \(resident.part)"
                    + (resident.isHealthy ? "" : "!")
            }
            return [
                Cell(place.name, .strong), Cell(place.zone),
                Cell(place.state.rawValue + (since.isEmpty ? "" : " \(since)"), place.state.tone),
                Cell(members.isEmpty ? "-" : members.joined(separator: ", ")),
            ]
        }
        var screen = Screen(style, width: width)
        for line in table.lines(style, width: width) { screen.line(Cell(line)) }
        if places.contains(where: { $0.residents.contains { !$0.isHealthy } }) {
            screen.gap()
            screen.line(Cell("! does not play its part", .faint))
        }
        return screen.text
    }

    /// The same for programs.
    package var json: JSONValue {
        .array(
            places.map { place in
                [
                    "name": .string(place.name), "zone": .string(place.zone), "state": .string(place.state.rawValue),
                    "members": .array(
                        place.residents.map { resident in
                            [
                                "namespace": .string(resident.namespace), "group": .string(resident.group),
                                "member": .string(resident.member), "part": .string(resident.part),
                                "healthy": .bool(resident.isHealthy),
                            ]
                        }
                    ),
                ]
            }
        )
    }
}

extension NodeReport.Resident {
    fileprivate init(_ member: XDBGroup.MemberStatus, of group: XDBGroup) {
        self.init(
            namespace: group.metadata.namespace,
            group: group.metadata.name,
            member: member.name,
            part: member.isSuccessor ? "(new life)" : member.role?.rawValue ?? "(\(member.kind.rawValue))",
            // A new life has no part yet.
            isHealthy: member.isSuccessor || member.health == .healthy
        )
    }
}
