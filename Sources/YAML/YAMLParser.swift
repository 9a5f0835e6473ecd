import CYAML
import KubernetesModel

/// Reading and writing YAML.
public enum YAML {
    /// All documents of a text.
    ///
    /// Aliases are expanded, within bounds that stop a small text from growing without end.
    public static func documents(_ text: String) throws(YAMLError) -> [YAMLNode] {
        try documents(Array(text.utf8))
    }

    /// All documents of a text's bytes.
    public static func documents(_ bytes: [UInt8]) throws(YAMLError) -> [YAMLNode] {
        // libyaml reads from this memory until the parser is deleted.
        try bytes.withUnsafeBufferPointer { buffer throws(YAMLError) in
            try EventParser(buffer).documents()
        }
    }

    /// The only document of a text.
    public static func document(_ text: String) throws(YAMLError) -> YAMLNode {
        let documents = try documents(text)
        guard let first = documents.first else { throw YAMLError("the file is empty", line: 1, column: 1) }
        guard documents.count == 1 else { throw documents[1].error("only one document is expected") }
        return first
    }
}

/// Builds nodes of libyaml's events.
private final class EventParser {
    private static let maximumDepth = 256
    private static let maximumNodes = 1_000_000

    /// On the heap, since libyaml keeps a pointer to it in itself.
    private let state = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private var anchors: [String: (node: YAMLNode, size: Int)] = [:]
    private var count = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        state.initialize(to: yaml_parser_t())
        yaml_parser_initialize(state)
        yaml_parser_set_input_string(state, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(state)
        state.deallocate()
    }

    /// An event without libyaml's memory.
    private struct Event {
        enum Content {
            case end
            case documentStart
            case scalar(text: String, isPlain: Bool, tag: String?)
            case sequenceStart
            case mappingStart
            case containerEnd
            case alias(String)
            case other
        }

        var content: Content
        var anchor: String?
        var line: Int
        var column: Int

        func error(_ message: String) -> YAMLError { YAMLError(message, line: line, column: column) }
    }

    func documents() throws(YAMLError) -> [YAMLNode] {
        var documents: [YAMLNode] = []
        while true {
            switch try next().content {
            case .documentStart:
                anchors = [:]
                documents.append(try node(try next(), depth: 0))
            case .end: return documents
            default: continue
            }
        }
    }

    private func node(_ event: Event, depth: Int) throws(YAMLError) -> YAMLNode {
        guard depth < Self.maximumDepth else { throw event.error("nested too deep") }
        let before = count
        try grow(1, event)
        let content: YAMLNode.Content
        switch event.content {
        case .scalar(let text, let isPlain, let tag):
            content = .scalar(try Self.value(text, isPlain: isPlain, tag: tag, event))
        case .sequenceStart:
            var nodes: [YAMLNode] = []
            while true {
                let next = try next()
                if case .containerEnd = next.content { break }
                nodes.append(try node(next, depth: depth + 1))
            }
            content = .sequence(nodes)
        case .mappingStart:
            var entries: [YAMLNode.Entry] = []
            var keys: Set<String> = []
            while true {
                let next = try next()
                if case .containerEnd = next.content { break }
                let key = try Self.key(next)
                guard keys.insert(key).inserted else { throw next.error("the key '\(key)' is there twice") }
                entries.append(YAMLNode.Entry(key: key, value: try node(try self.next(), depth: depth + 1)))
            }
            content = .mapping(entries)
        case .alias(let name):
            guard let known = anchors[name] else { throw event.error("there is no anchor '\(name)'") }
            try grow(known.size, event)
            return known.node
        default: throw event.error("expected a value")
        }
        let node = YAMLNode(content: content, line: event.line, column: event.column)
        if let anchor = event.anchor { anchors[anchor] = (node, count - before) }
        return node
    }

    private func grow(_ nodes: Int, _ event: Event) throws(YAMLError) {
        count += nodes
        guard count <= Self.maximumNodes else { throw event.error("the document is too large") }
    }

    private static func key(_ event: Event) throws(YAMLError) -> String {
        guard case .scalar(let text, _, _) = event.content else { throw event.error("a key must be a string") }
        return text
    }

    private static func value(
        _ text: String,
        isPlain: Bool,
        tag: String?,
        _ event: Event
    ) throws(YAMLError) -> JSONValue {
        switch tag {
        case nil, "!": return isPlain && tag == nil ? resolve(text) : .string(text)
        case "tag:yaml.org,2002:str": return .string(text)
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            let value = resolve(text)
            if case .string = value { throw event.error("'\(text)' is not of the type that its tag names") }
            return value
        case let tag?: throw event.error("unknown tag '\(tag)'")
        }
    }

    /// The core schema of YAML 1.2.
    static func resolve(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first,
            first &- UInt8(ascii: "0") < 10 || "+-.".utf8.contains(first)
        else { return .string(text) }
        if text.hasPrefix("0x"), let value = Int64(text.dropFirst(2), radix: 16) { return .integer(value) }
        if text.hasPrefix("0o"), let value = Int64(text.dropFirst(2), radix: 8) { return .integer(value) }
        if let value = Int64(text) { return .integer(value) }
        // Swift's parser also takes hexadecimal floats and "+infinity", which are strings here.
        let isDecimal = text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 || "+-.eE".utf8.contains($0) }
        if isDecimal, let value = Double(text), value.isFinite { return .number(value) }
        return .string(text)
    }

    private func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(state, &event) == 1 else {
            let problem = state.pointee.problem.map { String(cString: $0) } ?? "not YAML"
            let context = state.pointee.context.map { " " + String(cString: $0) } ?? ""
            throw YAMLError(
                problem + context,
                line: Int(state.pointee.problem_mark.line) + 1,
                column: Int(state.pointee.problem_mark.column) + 1
            )
        }
        defer { yaml_event_delete(&event) }
        var anchor: UnsafeMutablePointer<yaml_char_t>?
        let content: Event.Content
        switch event.type {
        case YAML_STREAM_END_EVENT: content = .end
        case YAML_DOCUMENT_START_EVENT: content = .documentStart
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            anchor = scalar.anchor
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            content = .scalar(text: text, isPlain: isPlain, tag: Self.string(scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            anchor = event.data.sequence_start.anchor
            content = .sequenceStart
        case YAML_MAPPING_START_EVENT:
            anchor = event.data.mapping_start.anchor
            content = .mappingStart
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: content = .containerEnd
        case YAML_ALIAS_EVENT: content = .alias(Self.string(event.data.alias.anchor) ?? "")
        default: content = .other
        }
        return Event(
            content: content,
            anchor: Self.string(anchor),
            line: Int(event.start_mark.line) + 1,
            column: Int(event.start_mark.column) + 1
        )
    }

    private static func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}

extension YAML {
    /// True when a plain scalar with this text is this string again, for YAML 1.2 and for the older rules that most
    /// tools of Kubernetes still follow.
    static func isSafePlain(_ text: String) -> Bool {
        guard case .string = EventParser.resolve(text) else { return false }
        switch text.lowercased() {
        case "y", "n", "yes", "no", "on", "off", "<<", "=", ".inf", "-.inf", "+.inf", ".nan": return false
        default: break
        }
        guard let first = text.utf8.first else { return false }
        // Dates, sexagesimal and octal numbers of YAML 1.1, all of which begin like a number.
        if first &- UInt8(ascii: "0") < 10 || first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
            || first == UInt8(ascii: ".")
        {
            return text.utf8.contains { ($0 | 0x20) &- UInt8(ascii: "a") < 26 && $0 | 0x20 != UInt8(ascii: "e") }
                && !text.lowercased().hasPrefix("0x") && !text.lowercased().hasPrefix("0o")
        }
        return true
    }
}
