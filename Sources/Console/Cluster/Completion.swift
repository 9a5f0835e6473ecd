/// What can stand at the end of a command line, for kubectl's and the shells' completion.
package enum Completion {
    /// What a positional argument is the name of.
    package enum Subject: Hashable, Sendable {
        case group, member, operation, node
    }

    /// What the arguments of each command are, in their order.
    private static let subjects: [String: [Subject]] = [
        "status": [.group], "ops": [.operation], "explain": [.group, .operation], "change-leader": [.group],
        "rebuild": [.group, .member], "force-leader": [.group, .member], "cancel": [.operation], "pause": [.group],
        "resume": [.group], "logs": [.group, .member], "sql": [.group], "report": [.group],
        "offline": [.node], "recover": [.node],
    ]

    /// What is to be completed.
    package enum Wanted: Hashable, Sendable {
        /// One of these words.
        case words([String])
        /// Names of these; members are of the group.
        case names(Set<Subject>, group: String?)
        case nothing
    }

    /// - Parameters:
    ///   - words: The words after the program's name; the last is the one that is being typed.
    ///   - commands: The commands' names.
    package static func wanted(_ words: [String], commands: [String]) -> Wanted {
        guard words.count > 1, let command = words.first else { return .words(commands.sorted()) }
        let before = positional(Array(words.dropFirst().dropLast()))
        guard let last = words.last, !last.hasPrefix("-") else { return .nothing }
        if command == "failover" {
            return before.isEmpty ? .words(["off", "on", "status"]) : .names([.group], group: nil)
        }
        guard let kinds = subjects[command] else { return .nothing }
        // `explain` and `ops` take either kind in one place.
        if command == "explain" || command == "ops" {
            return before.isEmpty ? .names([.group, .operation], group: nil) : .nothing
        }
        if let option = words.dropLast().last, ["--to", "--source", "--member"].contains(option) {
            return .names([.member], group: before.first)
        }
        if words.dropLast().last == "--node" { return .names([.node], group: nil) }
        guard before.count < kinds.count else { return .nothing }
        return .names([kinds[before.count]], group: before.first)
    }

    /// The words that are neither options nor their values.
    package static func positional(_ words: [String]) -> [String] {
        var rest: [String] = []
        var isValue = false
        for word in words {
            if isValue {
                isValue = false
            } else if word.hasPrefix("-") {
                isValue = takesValue.contains(word)
            } else {
                rest.append(word)
            }
        }
        return rest
    }

    private static let takesValue: Set<String> = [
        "-n", "--namespace", "--kubeconfig", "--context", "--operator-namespace", "-o", "--output", "--to", "--source",
        "--member", "--mode", "--node", "--only-namespace", "--bytes-per-second", "--timeout", "--tail", "--since",
    ]
}
