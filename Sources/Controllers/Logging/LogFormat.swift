import Glibc
import KubernetesModel
public import Logging

/// How a program writes its log.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object per line, for machines.
    case json
    /// One line of text, for people.
    case text

    /// Makes every logger of the process write in this format to standard error, with the reconcile that it speaks of.
    ///
    /// To be called once, first of all.
    public func bootstrap(level: Logger.Level = .info) {
        LoggingSystem.bootstrap(
            { label, provider in
                LineLogHandler(format: self, label: label, level: level, metadataProvider: provider)
            },
            metadataProvider: .reconcile
        )
    }
}

/// Writes each record as one line with one write, so that lines of several threads do not mix.
struct LineLogHandler: LogHandler {
    var metadata = Logger.Metadata()
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level

    private let format: LogFormat
    private let label: String
    private let now: @Sendable () -> Time
    private let write: @Sendable (String) -> Void

    init(
        format: LogFormat,
        label: String,
        level: Logger.Level,
        metadataProvider: Logger.MetadataProvider? = nil,
        now: @escaping @Sendable () -> Time = WallClock.now,
        write: @escaping @Sendable (String) -> Void = LineLogHandler.standardError
    ) {
        self.format = format
        self.label = label
        self.metadataProvider = metadataProvider
        self.now = now
        self.write = write
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        var line = ""
        switch format {
        case .json: writeJSON(event.level, "\(event.message)", all, to: &line)
        case .text: writeText(event.level, "\(event.message)", all, to: &line)
        }
        line += "\n"
        write(line)
    }

    private func writeJSON(_ level: Logger.Level, _ message: String, _ all: Logger.Metadata, to line: inout String) {
        line += "{\"ts\":\"\(timestamp)\",\"level\":\"\(level.rawValue)\",\"logger\":"
        line.appendJSON(label)
        line += ",\"msg\":"
        line.appendJSON(message)
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line += ","
            // A key of the record's own names would hide what the record says.
            line.appendJSON(["ts", "level", "logger", "msg"].contains(key) ? key + "_" : key)
            line += ":"
            line.appendJSON(value)
        }
        line += "}"
    }

    private func writeText(_ level: Logger.Level, _ message: String, _ all: Logger.Metadata, to line: inout String) {
        line += timestamp + " "
        line += level.rawValue.uppercased().padded(to: 8) + " "
        line += label + ": " + message
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            let text = "\(value)"
            line += " \(key)="
            let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7f }
            if isPlain { line += text } else { line.appendJSON(text) }
        }
    }

    /// RFC 3339 in UTC, by the microsecond.
    private var timestamp: String { now().microseconds }

    static let standardError: @Sendable (String) -> Void = { line in
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = systemWrite(2, rest.baseAddress, rest.count)
                // A log that cannot be written must not stop the program.
                if written < 0 && errno != EINTR { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(written, 0)))
            }
        }
    }
}

extension String {
    fileprivate mutating func appendJSON(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): appendJSON(text)
        case .stringConvertible(let convertible):
            switch convertible {
            case let number as any BinaryInteger: self += "\(number)"
            case let number as Double where number.isFinite: self += "\(number)"
            case let flag as Bool: self += flag ? "true" : "false"
            default: appendJSON("\(convertible)")
            }
        case .array(let items):
            self += "["
            for (index, item) in items.enumerated() {
                if index > 0 { self += "," }
                appendJSON(item)
            }
            self += "]"
        case .dictionary(let items):
            self += "{"
            for (index, item) in items.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { self += "," }
                appendJSON(item.key)
                self += ":"
                appendJSON(item.value)
            }
            self += "}"
        }
    }

    fileprivate mutating func appendJSON(_ text: String) {
        self += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": self += "\\\""
            case "\\": self += "\\\\"
            case "\n": self += "\\n"
            case "\r": self += "\\r"
            case "\t": self += "\\t"
            case let control where control.value < 0x20:
                let hex = String(control.value, radix: 16)
                self += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: unicodeScalars.append(scalar)
            }
        }
        self += "\""
    }

    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}

/// The system's `write`, whose name the handler's own property hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
