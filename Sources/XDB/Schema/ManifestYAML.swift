public import KubernetesModel

/// Writes JSON as YAML for people: manifests that are kept in files and compared line by line.
///
/// Equal values give equal text. What names an object comes first, everything else by the alphabet.
public enum ManifestYAML {
    /// The value as one YAML document.
    public static func text(_ value: JSONValue) -> String {
        var text = ""
        write(value, indent: 0, after: "", to: &text)
        return text
    }

    private static let first = ["apiVersion", "kind", "metadata", "name", "type", "description"]

    private static func write(_ value: JSONValue, indent: Int, after lead: String, to text: inout String) {
        let margin = String(repeating: " ", count: indent)
        switch value {
        case .object(let fields) where !fields.isEmpty:
            text += lead.isEmpty ? "" : lead + "\n"
            for key in fields.keys.sorted(by: isBefore) {
                write(fields[key] ?? .null, indent: indent + 2, after: "\(margin)\(scalar(key)):", to: &text)
            }
        case .array(let elements) where !elements.isEmpty:
            text += lead.isEmpty ? "" : lead + "\n"
            for element in elements {
                // The first line of a nested container moves up behind the dash.
                var nested = ""
                write(element, indent: indent + 2, after: "", to: &nested)
                text += margin + "- " + nested.drop { $0 == " " }
            }
        case .object: text += separated(lead, "{}", margin)
        case .array: text += separated(lead, "[]", margin)
        case .string(let string): text += separated(lead, scalar(string), margin)
        default: text += separated(lead, value.description, margin)
        }
    }

    private static func separated(_ lead: String, _ value: String, _ margin: String) -> String {
        lead.isEmpty ? "\(margin)\(value)\n" : "\(lead) \(value)\n"
    }

    private static func isBefore(_ left: String, _ right: String) -> Bool {
        let ranks = (first.firstIndex(of: left) ?? first.count, first.firstIndex(of: right) ?? first.count)
        return ranks.0 == ranks.1 ? left < right : ranks.0 < ranks.1
    }

    /// Plain where nothing could take it for anything but a string, else in double quotes, as JSON writes it.
    private static func scalar(_ string: String) -> String {
        let isPlain =
            string.utf8.first.map { isLetter($0) || $0 == UInt8(ascii: "/") } ?? false
            && string.utf8.allSatisfy { isLetter($0) || isDigit($0) || "_-./".utf8.contains($0) }
            && !words.contains(string.lowercased())
        return isPlain ? string : JSONValue.string(string).description
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
    }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// What some reader or other takes for a boolean or for null.
    private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
}
