import XDB

/// What a running server has to be told to have the options of a newer file, and what has to wait until it is started
/// again.
///
/// A pure function of the two files and of what the server says of its variables.
struct OptionChange: Hashable, Sendable {
    /// A system variable, as `information_schema.SYSTEM_VARIABLES` describes it.
    struct Variable: Hashable, Sendable {
        var isDynamic: Bool
        /// As the server calls it: `BIGINT UNSIGNED`, `ENUM` and others.
        var type: String
    }

    /// One variable that is set while the server runs.
    struct Step: Hashable, Sendable {
        var name: String
        var statement: String
        /// The option is in the file no more, and the server's own default holds again.
        var isReset: Bool
    }

    /// What the server is told.
    var steps: [Step] = []
    /// What has to wait, by normal name.
    var waiting: [String] = []
    /// What the group's members must not have, whoever has put it into the file.
    var refused: [String] = []

    /// The options that are not in both files alike, by normal name.
    static func names(from old: [OptionFile.Setting], to new: [OptionFile.Setting]) -> [String] {
        let (before, after) = (byName(old), byName(new))
        return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
    }

    init(
        from old: [OptionFile.Setting],
        to new: [OptionFile.Setting],
        variables: [String: Variable]
    ) {
        let (before, after) = (Self.byName(old), Self.byName(new))
        for name in Self.names(from: old, to: new) {
            let values = after[name] ?? []
            // What the operator sets by itself is never the file's.
            if ServerOptions.reserved.contains(name) { continue }
            if ServerOptions.forbidden.contains(name)
                || ServerOption.refusal(of: name, value: values.first?.flatMap(\.self) ?? "") != nil
            {
                if !values.isEmpty { refused.append(name) }
                continue
            }
            // Options that are named several times add up, in ways of their own.
            guard values.count < 2, before[name]?.count ?? 0 < 2, let variable = variables[name], variable.isDynamic
            else {
                waiting.append(name)
                continue
            }
            guard let value = values.first else {
                steps.append(Step(name: name, statement: "SET GLOBAL `\(name)` = DEFAULT", isReset: true))
                continue
            }
            guard let literal = Self.literal(value, variable.type) else {
                waiting.append(name)
                continue
            }
            steps.append(Step(name: name, statement: "SET GLOBAL `\(name)` = \(literal)", isReset: false))
        }
    }

    private static func byName(_ settings: [OptionFile.Setting]) -> [String: [String?]] {
        settings.reduce(into: [:]) { $0[$1.name, default: []].append($1.value) }
    }

    /// The value in SQL, which does not know the option file's units.
    ///
    /// Nil for an option that is only named and cannot be switched on.
    static func literal(_ value: String?, _ type: String) -> String? {
        if type == "BOOLEAN" {
            switch value?.lowercased() {
            case nil, "1", "on", "true": return "1"
            case "0", "off", "false": return "0"
            default: return value.map { ServerSQL.literal($0) }
            }
        }
        guard let value else { return nil }
        if type.contains("INT") { return number(value) ?? ServerSQL.literal(value) }
        if type == "DOUBLE", Double(value) != nil { return value }
        if ["ENUM", "SET", "FLAGSET"].contains(type), UInt64(value) != nil { return value }
        return ServerSQL.literal(value)
    }

    /// A number with the unit that it may have: `64M` is 67108864.
    private static func number(_ text: String) -> String? {
        if Int64(text) != nil || UInt64(text) != nil { return text }
        let units: [Character: UInt64] = ["k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60]
        guard let unit = text.lowercased().last.flatMap({ units[$0] }), let number = UInt64(text.dropLast()) else {
            return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << unit)
        return overflow ? nil : String(product)
    }
}

extension OptionFile {
    /// The settings with these options as another file has them.
    static func taking(
        _ names: Set<String>,
        of new: [Setting],
        into old: [Setting]
    ) -> [Setting] {
        old.filter { !names.contains($0.name) } + new.filter { names.contains($0.name) }
    }
}
