public import KubernetesModel

/// What an API server offers: asked once, kept, and asked again when told so, or when something is missing that may
/// have been added since.
public struct Discovery: Sendable {
    let client: KubernetesClient

    /// The server's version.
    public var version: Version {
        get async throws { try await client.discoveryCache.version(client) }
    }

    /// True when the server serves this kind in this version.
    public func serves(_ type: ResourceType) async throws -> Bool {
        try await client.discoveryCache.serves(type, client)
    }

    /// True when watches can start with a list: Kubernetes 1.32 and later, unless it is switched off there, which the
    /// server then says by refusing such a watch as invalid.
    public var streamsLists: Bool {
        get async throws {
            let version = try await version
            return (version.major, version.minor) >= (1, 32)
        }
    }

    /// Forgets everything.
    public func refresh() async { await client.discoveryCache.refresh() }

    /// The server's version.
    public struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
        /// The first number.
        public var major: Int
        /// The second number, without a provider's additions.
        public var minor: Int
        /// For example `v1.32.1`.
        public var description: String

        /// Orders versions by age.
        public static func < (left: Version, right: Version) -> Bool {
            (left.major, left.minor) < (right.major, right.minor)
        }
    }

}

/// What is known of the server. Two tasks that ask at once may both ask the server, and get the same.
actor DiscoveryCache {
    /// A served kind or subresource.
    private struct Resource: JSONDecodable {
        var name = ""
        var kind = ""
        var group = ""
        var version = ""

        init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "name": name = try reader.read()
                case "kind": kind = try reader.read()
                case "group": group = try reader.read()
                case "version": version = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    private var version: Discovery.Version?
    /// By `group/version`; empty for one that the server does not have.
    private var resources: [String: [Resource]] = [:]

    func refresh() {
        version = nil
        resources = [:]
    }

    func version(_ client: KubernetesClient) async throws -> Discovery.Version {
        if let version { return version }
        let json = try JSONValue(json: try await client.get(path: "/version"))
        func number(_ key: String) -> Int {
            // Some vendors write "24+".
            Int((json[key]?.stringValue ?? "").prefix { $0.isASCII && $0.isNumber }) ?? 0
        }
        let found = Discovery.Version(
            major: number("major"),
            minor: number("minor"),
            description: json["gitVersion"]?.stringValue ?? "unknown"
        )
        version = found
        return found
    }

    func serves(_ type: ResourceType, _ client: KubernetesClient) async throws -> Bool {
        try await resources(group: type.group, version: type.version, client).contains {
            $0.name == type.plural && $0.kind == type.kind
        }
    }

    /// The version of the group `policy` in which the server takes evictions.
    func evictionVersion(_ client: KubernetesClient) async throws -> String {
        let eviction = try await resources(group: "", version: "v1", client).first { $0.name == "pods/eviction" }
        return eviction.flatMap { $0.version.isEmpty ? nil : $0.version } ?? "v1"
    }

    private func resources(group: String, version: String, _ client: KubernetesClient) async throws -> [Resource] {
        let path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let known = resources[path] { return known }
        do {
            let body = try await client.get(path: path)
            let found = try JSONReader.read(body) { (reader: inout JSONReader) throws(JSONError) in
                try reader.readField("resources", as: [Resource].self) ?? []
            }
            resources[path] = found
            return found
        } catch let error as APIError where error.isNotFound {
            // Not kept: a definition that is applied later makes it appear.
            return []
        }
    }
}
