import XDB

/// Why a server that ended by itself did so, as far as its last lines tell.
enum ServerFailure: Hashable, Sendable {
    /// It will not start with the user's options.
    case invalidConfiguration(option: String?, line: String)
    /// It cannot remove its unacknowledged tail, which holds a schema change.
    case refusesTruncation(line: String)
    /// The disk is full.
    case diskFull(line: String)
    /// Something else: another attempt may help, unless it has ended for so many times without having run for a while.
    case crashed(lines: [String], ends: Int)

    /// From so many ends on there is little hope that the next start helps.
    private static let loop = 3

    /// Reads the last lines of the server's log, oldest first.
    ///
    /// - Parameter ends: How often it has ended in a row, this end included.
    static func explain(_ lines: [String], ends: Int = 1) -> ServerFailure {
        for line in lines.reversed() {
            if line.contains("unsafe statement") || line.contains("Cannot truncate the binary log")
                || line.contains("Failed to truncate the binary log")
            {
                return .refusesTruncation(line: message(line))
            }
            if line.contains("No space left on device") || line.contains("Disk is full") {
                return .diskFull(line: message(line))
            }
        }
        for line in lines {
            if let option = option(line) { return .invalidConfiguration(option: option, line: message(line)) }
            if line.contains("defaults handling") || line.contains("in config file")
                || line.contains("Could not open required defaults file")
            {
                return .invalidConfiguration(option: nil, line: message(line))
            }
        }
        // That replication has trouble is told by its own state, and is no reason to end.
        let errors = lines.filter { $0.contains("[ERROR]") && !$0.contains("] Slave ") }
        return .crashed(lines: errors.suffix(5).map(message), ends: ends)
    }

    /// CamelCase, for programs.
    var reason: String {
        switch self {
        case .invalidConfiguration: "InvalidConfiguration"
        case .refusesTruncation: "ServerRefuses"
        case .diskFull: "DiskFull"
        case .crashed: isLoop ? AgentStatus.Problem.crashLoop : "ServerCrashed"
        }
    }

    /// What is wrong and what to do.
    var message: String {
        switch self {
        case .invalidConfiguration(let option?, let line):
            "the server does not start with the option \(option) (\(line)); correct it in spec.configuration"
        case .invalidConfiguration(nil, let line):
            "the server does not start with its option file (\(line)); correct spec.configuration"
        case .refusesTruncation(let line):
            "the server cannot remove its unacknowledged schema change (\(line)); rebuild this member"
        case .diskFull(let line): "the disk is full (\(line)); make room or enlarge it"
        case .crashed(let lines, _):
            (isLoop
                ? "the server ends by itself again and again, and goes on being started"
                : "the server ended by itself; it is started again")
                + (lines.isEmpty ? "" : "; its last errors: \(lines.joined(separator: "; "))")
        }
    }

    /// True when it ends again and again.
    var isLoop: Bool {
        if case .crashed(_, let ends) = self { ends >= Self.loop } else { false }
    }

    /// True when it stays so until somebody changes something.
    var isRefusal: Bool {
        switch self {
        case .invalidConfiguration, .refusesTruncation: true
        case .diskFull, .crashed: false
        }
    }

    private static func option(_ line: String) -> String? {
        for start in ["unknown variable '", "unknown option '", "ambiguous option '", "option '"] {
            guard let range = line.firstRange(of: start) else { continue }
            let name = line[range.upperBound...].prefix { $0 != "=" && $0 != "'" }
            return String(name.drop { $0 == "-" })
        }
        if let range = line.firstRange(of: "Error while setting value '") {
            // ... 'VALUE' to 'NAME'
            guard let to = line[range.upperBound...].firstRange(of: "' to '") else { return nil }
            return String(line[to.upperBound...].prefix { $0 != "'" })
        }
        if let range = line.firstRange(of: "' used for variable '") ?? line.firstRange(of: "for variable '") {
            return String(line[range.upperBound...].prefix { $0 != "'" })
        }
        return nil
    }

    /// The line without its time and thread.
    private static func message(_ line: String) -> String {
        guard let range = line.firstRange(of: "[ERROR] ") else { return line }
        return String(line[range.upperBound...])
    }
}
