public import KubernetesModel

/// The option file with which a group's servers are started: `spec.configuration` as MariaDB reads it.
public struct ServerConfiguration: Hashable, Sendable {
    /// The file.
    public let text: String

    /// Writes the options into a file.
    public init(_ options: [String: IntOrString]) {
        var text = "# Written by xdb-operator from spec.configuration; changes here are undone.\n[mariadbd]\n"
        for (name, option) in options.sorted(by: { $0.key < $1.key }) {
            let value = option.description
            text += value.isEmpty ? "\(name)\n" : "\(name) = \(Self.quoted(value))\n"
        }
        self.text = text
    }

    /// What tells one file from the next, short enough for an annotation.
    public var revision: String { Self.revision(of: text) }

    /// The revision of a file that was read.
    public static func revision(of text: String) -> String { Digest.text(of: text) }

    /// Option files know escapes, and take `#` for a comment.
    ///
    /// In quotes neither is read.
    private static func quoted(_ value: String) -> String {
        let plain = value.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: ","), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "="):
                true
            default:
                false
            }
        }
        if plain { return value }
        var text = "\""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default: text.unicodeScalars.append(character)
            }
        }
        return text + "\""
    }
}
