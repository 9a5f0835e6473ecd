public import KubernetesModel

/// A value of a YAML document that knows where it stands, so that an error about its meaning can say so.
public struct YAMLNode: Hashable, Sendable {
    /// What a node is.
    public indirect enum Content: Hashable, Sendable {
        /// Null, a boolean, a number or a string, by the rules of YAML 1.2's core schema.
        case scalar(JSONValue)
        case sequence([YAMLNode])
        /// In the order of the text; keys are strings, and each is there once.
        case mapping([Entry])
    }

    /// A key and its value.
    public struct Entry: Hashable, Sendable {
        /// The key.
        public var key: String
        /// What stands under it.
        public var value: YAMLNode
    }

    /// What it is.
    public var content: Content
    /// Counted from 1.
    public var line: Int
    /// Counted from 1.
    public var column: Int

    /// The value of a key; nil when this is no mapping or does not have it.
    public subscript(key: String) -> YAMLNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The value without its places.
    public var json: JSONValue {
        switch content {
        case .scalar(let value): value
        case .sequence(let nodes): .array(nodes.map(\.json))
        case .mapping(let entries):
            .object(Dictionary(entries.map { ($0.key, $0.value.json) }, uniquingKeysWith: { $1 }))
        }
    }

    /// An error about this node.
    public func error(_ message: String) -> YAMLError {
        YAMLError(message, line: line, column: column)
    }
}
