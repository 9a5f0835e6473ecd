import KubernetesModel
import YAML

extension Configuration {
    /// As whom requests are done, where the user of the configuration may act for others (`as` of a kubeconfig).
    public struct Impersonation: Hashable, Sendable {
        /// The user's name.
        public var user: String
        /// The user's uid; nil for none.
        public var uid: String?
        /// The groups that the user counts to.
        public var groups: [String]
        /// What else authorizers are told of the user.
        public var extra: [String: [String]]

        /// Somebody else.
        public init(user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]) {
            self.user = user
            self.uid = uid
            self.groups = groups
            self.extra = extra
        }

        /// What every request carries for it: `Impersonate-User` and the others of Kubernetes' documentation of user
        /// impersonation.
        var headers: [HTTPHeader] {
            // The server undoes what keeps a key from being a part of a header's name.
            let fields = extra.sorted { $0.key < $1.key }.flatMap { key, values in
                values.map { HTTPHeader("Impersonate-Extra-\(key.percentEncoded)", $0) }
            }
            return [HTTPHeader("Impersonate-User", user)] + (uid.map { [HTTPHeader("Impersonate-Uid", $0)] } ?? [])
                + groups.map { HTTPHeader("Impersonate-Group", $0) } + fields
        }
    }
}

extension Kubeconfig {
    /// As whom a user of the configuration wants to act; nil for nobody else.
    static func impersonation(_ user: Part) throws(ConfigurationError) -> Configuration.Impersonation? {
        let (uid, groups, extra) = (
            try user.string("as-uid"), try user.strings("as-groups"), try self.extra(user)
        )
        guard let name = try user.string("as") else {
            guard uid == nil, groups.isEmpty, extra.isEmpty else {
                throw user.error("says whose groups to act with, and not as whom: as is missing")
            }
            return nil
        }
        return Configuration.Impersonation(user: name, uid: uid, groups: groups, extra: extra)
    }

    private static func extra(_ user: Part) throws(ConfigurationError) -> [String: [String]] {
        let key = "as-user-extra"
        guard let node = user.node[key], node.content != .scalar(.null) else { return [:] }
        guard case .mapping(let entries) = node.content else { throw user.error("must have keys and lists", key) }
        let part = Part(file: user.file, node: node, field: "\(user.field).\(key)")
        var extra: [String: [String]] = [:]
        for entry in entries { extra[entry.key] = try part.strings(entry.key) }
        return extra
    }
}
