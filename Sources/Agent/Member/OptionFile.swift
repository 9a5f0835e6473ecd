/// A user's option file for the server, as far as the agent looks into it.
enum OptionFile {
    /// What is wrong with an option.
    enum Complaint: Hashable, Sendable {
        /// It is set, and the group's own value wins.
        case ignored(String)
        /// The server must not be started with it.
        case forbidden(String)

        var message: String {
            switch self {
            case .ignored(let name):
                "the option \(name) is set by the operator; the value in spec.configuration has no effect: remove it"
            case .forbidden(let name):
                "the option \(name) must not be in spec.configuration: it would break replication or the agent's "
                    + "access; remove it"
            }
        }
    }

    /// Looks for options that a member of a group must not have.
    static func complaints(_ contents: String) -> [Complaint] {
        var complaints: [Complaint] = []
        for text in lines(contents) {
            if text.first == "!" {
                complaints.append(.forbidden(String(text.prefix { $0 != " " })))
                continue
            }
            let name = normal(String(text.prefix { $0 != "=" && $0 != " " && $0 != "\t" }))
            if ServerOptions.forbidden.contains(name) {
                complaints.append(.forbidden(name))
            } else if ServerOptions.reserved.contains(name) {
                complaints.append(.ignored(name))
            }
        }
        return complaints
    }

    /// The lines that are neither empty nor a comment nor the name of a section, without the white space before them.
    private static func lines(_ contents: String) -> [Substring] {
        contents.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " || $0 == "\t" } }.filter { line in
            line.first.map { !["#", ";", "["].contains($0) } ?? false
        }
    }

    /// One option as the file has it.
    struct Setting: Hashable, Sendable {
        /// Its normal name.
        var name: String
        /// What it is set to; nil where it is only named.
        var value: String?
        /// The line of the file.
        var line: String
    }

    /// What the file sets, in its order.
    static func settings(_ contents: String) -> [Setting] {
        lines(contents).filter { $0.first != "!" }.map { line in
            let written = line.prefix { $0 != "=" && $0 != " " && $0 != "\t" }
            let rest = line.firstIndex(of: "=").map { line[line.index(after: $0)...] }
            let name = normal(String(written))
            let value = rest.map { Self.value($0) } ?? Self.switched(String(written), to: name)
            return Setting(name: name, value: value, line: String(line))
        }
    }

    /// The file with these settings.
    static func contents(_ settings: [Setting]) -> String {
        (["[mariadbd]"] + settings.map(\.line)).map { "\($0)\n" }.joined()
    }

    /// `skip-x` and `disable-x` alone are x=OFF, `enable-x` is x=ON.
    private static func switched(_ written: String, to name: String) -> String? {
        let plain = written.lowercased().map { $0 == "-" ? "_" : $0 }
        let bare = String(plain).hasPrefix("loose_") ? String(plain.dropFirst(6)) : String(plain)
        guard bare != name else { return nil }
        if bare.hasPrefix("skip_") || bare.hasPrefix("disable_") { return "OFF" }
        return bare.hasPrefix("enable_") ? "ON" : nil
    }

    /// A value as the server reads it: without quotes, white space around it and a comment behind it, and with what its
    /// escapes stand for.
    private static func value(_ text: Substring) -> String {
        var rest = text.drop { $0 == " " || $0 == "\t" }
        var value = ""
        let quote = rest.first.flatMap { $0 == "\"" || $0 == "'" ? $0 : nil }
        if quote != nil { rest.removeFirst() }
        while let character = rest.popFirst() {
            if character == quote || quote == nil && character == "#" { break }
            guard character == "\\", let next = rest.popFirst() else {
                value.append(character)
                continue
            }
            switch next {
            case "n": value.append("\n")
            case "r": value.append("\r")
            case "t": value.append("\t")
            case "b": value.append("\u{8}")
            case "s": value.append(" ")
            case "\\", "\"", "'": value.append(next)
            default: value += "\\\(next)"
            }
        }
        while quote == nil, value.last == " " || value.last == "\t" { value.removeLast() }
        return value
    }

    /// The name of an option without the spellings that mean the same: dashes, and the prefixes `loose-`, `skip-`,
    /// `disable-`, `enable-`, `maximum-`.
    ///
    /// A name that has `skip_` by itself keeps it.
    static func normal(_ name: String) -> String {
        var normal = String(name.lowercased().map { $0 == "-" ? "_" : $0 })
        for prefix in ["loose_", "disable_", "enable_", "maximum_", "skip_"] where normal.hasPrefix(prefix) {
            if prefix == "skip_", Self.skipNames.contains(normal) { continue }
            normal.removeFirst(prefix.count)
        }
        return normal
    }

    private static let skipNames: Set<String> = [
        "skip_slave_start", "skip_name_resolve", "skip_grant_tables", "skip_networking", "skip_log_bin",
        "skip_external_locking", "skip_show_database", "skip_innodb",
    ]
}
