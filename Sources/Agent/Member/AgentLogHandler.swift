import FoundationEssentials
import Glibc
public import Logging

/// Writes log records to standard error, one line each: as JSON for machines or as text for people.
public struct AgentLogHandler: LogHandler {
    /// How a record looks.
    public enum Format: String, Sendable, CaseIterable {
        case json
        case text
    }

    /// The least level that is written.
    public var logLevel: Logger.Level = .info
    /// What every record carries.
    public var metadata: Logger.Metadata = [:]
    private let format: Format

    /// A handler for one logger.
    public init(format: Format, level: Logger.Level) {
        self.format = format
        self.logLevel = level
    }

    /// One value of what every record carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one record.
    public func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let line = Self.line(
            format,
            date: Date(),
            level: event.level,
            message: "\(event.message)",
            metadata: merged
        )
        // One call per line: lines of several threads do not mix.
        Array(line.utf8).withUnsafeBytes { _ = write(2, $0.baseAddress, $0.count) }
    }

    static func line(
        _ format: Format,
        date: Date,
        level: Logger.Level,
        message: String,
        metadata: Logger.Metadata
    ) -> String {
        let time = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let pairs = metadata.sorted { $0.key < $1.key }
        switch format {
        case .text:
            let details = pairs.map { " \($0.key)=\(quoted("\($0.value)"))" }.joined()
            return "\(time) \(level.rawValue.uppercased()) \(message)\(details)\n"
        case .json:
            var line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":\(json(message))"
            for pair in pairs { line += ",\(json(pair.key)):\(json("\(pair.value)"))" }
            return line + "}\n"
        }
    }

    private static func quoted(_ text: String) -> String {
        text.allSatisfy { $0 != " " && $0 != "\"" && $0 != "\n" } && !text.isEmpty ? text : json(text)
    }

    private static func json(_ text: String) -> String {
        var escaped = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped + "\""
    }
}
