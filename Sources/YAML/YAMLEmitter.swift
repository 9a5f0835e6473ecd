import CYAML
public import KubernetesModel

extension YAML {
    /// The keys that Kubernetes files have first, in this order; all others follow by the alphabet.
    public static let leadingKeys = ["apiVersion", "kind", "metadata", "name", "namespace", "spec", "status"]

    /// A document of block style, as a person would write it; lines are not folded.
    public static func text(_ value: JSONValue, leadingKeys: [String] = YAML.leadingKeys) -> String {
        text(documents: [value], leadingKeys: leadingKeys)
    }

    /// Several documents, with `---` before each.
    public static func text(documents: [JSONValue], leadingKeys: [String] = YAML.leadingKeys) -> String {
        let emitter = EventEmitter(leadingKeys: leadingKeys)
        return emitter.text(documents, separated: documents.count > 1)
    }
}

private final class EventEmitter {
    private let state = UnsafeMutablePointer<yaml_emitter_t>.allocate(capacity: 1)
    private var output: [UInt8] = []
    private let leadingKeys: [String: Int]

    init(leadingKeys: [String]) {
        self.leadingKeys = Dictionary(
            zip(leadingKeys, leadingKeys.indices),
            uniquingKeysWith: { first, _ in first }
        )
        state.initialize(to: yaml_emitter_t())
        yaml_emitter_initialize(state)
    }

    deinit {
        yaml_emitter_delete(state)
        state.deallocate()
    }

    func text(_ documents: [JSONValue], separated: Bool) -> String {
        let write: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int) -> Int32 = {
            guard let context = $0 else { return 0 }
            let emitter = Unmanaged<EventEmitter>.fromOpaque(context).takeUnretainedValue()
            emitter.output.append(contentsOf: UnsafeBufferPointer(start: $1, count: $2))
            return 1
        }
        yaml_emitter_set_output(state, write, Unmanaged.passUnretained(self).toOpaque())
        yaml_emitter_set_unicode(state, 1)
        yaml_emitter_set_width(state, -1)
        yaml_emitter_set_indent(state, 2)
        emit { yaml_stream_start_event_initialize(&$0, YAML_UTF8_ENCODING) }
        for document in documents {
            emit { yaml_document_start_event_initialize(&$0, nil, nil, nil, separated ? 0 : 1) }
            value(document)
            emit { yaml_document_end_event_initialize(&$0, 1) }
        }
        emit { yaml_stream_end_event_initialize(&$0) }
        yaml_emitter_flush(state)
        return String(decoding: output, as: UTF8.self)
    }

    private func value(_ value: JSONValue) {
        switch value {
        case .object(let fields):
            let style = fields.isEmpty ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE
            emit { yaml_mapping_start_event_initialize(&$0, nil, nil, 1, style) }
            for (key, field) in fields.sorted(by: { self.comesBefore($0.key, $1.key) }) {
                string(key)
                self.value(field)
            }
            emit { yaml_mapping_end_event_initialize(&$0) }
        case .array(let elements):
            let style = elements.isEmpty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE
            emit { yaml_sequence_start_event_initialize(&$0, nil, nil, 1, style) }
            for element in elements { self.value(element) }
            emit { yaml_sequence_end_event_initialize(&$0) }
        case .string(let text): string(text)
        case .null, .bool, .integer, .number: scalar(value.description, YAML_PLAIN_SCALAR_STYLE)
        }
    }

    private func comesBefore(_ left: String, _ right: String) -> Bool {
        (leadingKeys[left] ?? .max, left) < (leadingKeys[right] ?? .max, right)
    }

    private func string(_ text: String) {
        if text.contains("\n"), !text.contains("\r"), text.first?.isWhitespace == false {
            scalar(text, YAML_LITERAL_SCALAR_STYLE)
        } else {
            // Plain is a wish: libyaml quotes what would not be read back as the same text.
            scalar(text, YAML.isSafePlain(text) ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        }
    }

    private func scalar(_ text: String, _ style: yaml_scalar_style_t) {
        var text = text
        text.withUTF8 { bytes in
            emit { yaml_scalar_event_initialize(&$0, nil, nil, bytes.baseAddress, Int32(bytes.count), 1, 1, style) }
        }
    }

    /// Events of a tree are always in order, so the emitter can only fail for want of memory.
    private func emit(_ make: (inout yaml_event_t) -> Int32) {
        var event = yaml_event_t()
        if make(&event) == 1 { yaml_emitter_emit(state, &event) }
    }
}
