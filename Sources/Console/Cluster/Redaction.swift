package import KubernetesModel

/// Takes out of what is reported whatever might be a secret.
///
/// Secrets are not read at all. What remains are options and environment variables that have the name of one, statements
/// with passwords in logs, and what kubectl keeps of an object as it was applied.
package enum Redaction {
    private static let mark = "REDACTED"
    private static let words = ["password", "passwd", "secret", "token", "credential", "private", "apikey", "api_key"]

    /// The object without them.
    package static func object(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let fields): .object(redacted(fields))
        case .array(let elements): .array(elements.map { object($0) })
        case .string(let string): .string(text(string))
        default: value
        }
    }

    private static func redacted(_ fields: [String: JSONValue]) -> [String: JSONValue] {
        var fields = fields
        fields.removeValue(forKey: "managedFields")
        // A variable of a container: its name is a value.
        if let name = fields["name"]?.stringValue, isTelling(name), fields["value"] != nil {
            fields["value"] = .string(mark)
        }
        for (key, value) in fields {
            if key == "annotations", case .object(var annotations) = value {
                annotations.removeValue(forKey: "kubectl.kubernetes.io/last-applied-configuration")
                fields[key] = object(.object(annotations))
            } else if isTelling(key), isScalar(value) {
                fields[key] = .string(mark)
            } else {
                fields[key] = object(value)
            }
        }
        return fields
    }

    /// `secretName` and the like name an object, and are no secret.
    private static func isTelling(_ key: String) -> Bool {
        let name = key.lowercased()
        if name.hasSuffix("name") || name.hasSuffix("seconds") || name.hasSuffix("token") && name.hasPrefix("automount")
        {
            return false
        }
        return words.contains { name.contains($0) }
    }

    private static func isScalar(_ value: JSONValue) -> Bool {
        switch value {
        case .string, .integer, .number: true
        case .null, .bool, .array, .object: false
        }
    }

    // MARK: Text

    /// Text of logs without passwords: `IDENTIFIED BY '…'`, `password=…`, `mysql://user:…@host`.
    package static func text(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line($0) }.joined(separator: "\n")
    }

    private static func line(_ line: Substring) -> String {
        // Almost all lines have none, and logs are long.
        let lower = line.lowercased()
        let mayTell = lower.contains("://") || lower.contains("identified") || words.contains { lower.contains($0) }
        guard mayTell else { return String(line) }
        var text = String(line)
        text.replace(/(?i)(identified\s+(?:by|via\s+\S+\s+(?:as|using))\s+(?:password\s+)?)('[^']*'|"[^"]*"|\S+)/) {
            "\($0.output.1)'\(mark)'"
        }
        text.replace(/([A-Za-z][A-Za-z0-9+.-]*:\/\/[^\/\s:@]*):[^\/\s@]+@/) { "\($0.output.1):\(mark)@" }
        text.replace(
            /(?i)((?:password|passwd|pwd|token|secret|api_?key)\\?["']?\s*[=:]\s*)(\\?"[^"]*"|'[^']*'|[^\s,;}"']+)/
        ) { "\($0.output.1)\(mark)" }
        return text
    }
}
