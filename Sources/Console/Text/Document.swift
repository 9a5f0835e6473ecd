package import KubernetesModel
import YAML

/// Objects for programs.
package enum Document {
    /// The forms that an object is printed in.
    package enum Format: String, CaseIterable, Sendable {
        case json, yaml
    }

    /// The value with a line break at the end.
    package static func text(_ value: JSONValue, _ format: Format) -> String {
        switch format {
        case .json: indented(value, "") + "\n"
        case .yaml: YAML.text(value)
        }
    }

    /// Several objects as one, as `kubectl get -o yaml` has them.
    package static func list(_ items: [JSONValue]) -> JSONValue {
        ["apiVersion": "v1", "kind": "List", "items": .array(items)]
    }

    private static func indented(_ value: JSONValue, _ margin: String) -> String {
        let inner = margin + "  "
        switch value {
        case .object(let fields) where !fields.isEmpty:
            let lines = fields.sorted { $0.key < $1.key }.map { key, field in
                "\(inner)\(JSONValue.string(key)): \(indented(field, inner))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(margin)}"
        case .array(let elements) where !elements.isEmpty:
            return "[\n\(elements.map { inner + indented($0, inner) }.joined(separator: ",\n"))\n\(margin)]"
        default: return value.description
        }
    }
}
