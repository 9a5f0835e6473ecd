/// Secret bytes by key.
///
/// Read one when it is needed; never cache them, and never log one.
public struct Secret: KubernetesObject, Hashable {
    /// Where the API has this kind.
    public static let resource = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")

    /// Name, namespace, labels and what else every object has.
    public var metadata = ObjectMeta()
    /// For example `Opaque` or `kubernetes.io/tls`.
    public var type = "Opaque"
    /// The entries, decoded.
    public var data: [String: [UInt8]] = [:]

    /// A secret with this content.
    public init(metadata: ObjectMeta, data: [String: [UInt8]] = [:]) {
        self.metadata = metadata
        self.data = data
    }

    /// The text of an entry; nil when it is absent or no UTF-8.
    public func text(_ key: String) -> String? {
        data[key].flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "type": type = try reader.read()
            case "data": data = try reader.read([String: Base64Bytes].self).mapValues(\.bytes)
            default: try reader.skipValue()
            }
        }
    }
}

extension Secret: CustomStringConvertible, CustomReflectable {
    /// Names the secret and its keys, not its content, so that no log can have it by accident.
    public var description: String { "Secret(\(key), keys: \(data.keys.sorted()))" }
    /// Hides the content from `dump` and from string interpolation of types that contain a secret.
    public var customMirror: Mirror { Mirror(self, children: ["key": key.description, "keys": data.keys.sorted()]) }
}
