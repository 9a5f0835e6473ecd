import Glibc
public import KubernetesModel

/// Something that happened to the objects that are watched.
public enum WatchEvent<Object: KubernetesObject>: Sendable {
    case added(Object)
    case modified(Object)
    /// The object as it was last.
    case deleted(Object)
    /// Nothing happened up to this resource version. The first one after all objects of the start says so.
    case bookmark(resourceVersion: String, isEndOfInitialEvents: Bool)
}

extension WatchEvent: Equatable where Object: Equatable {}

/// One watch: it ends when the server or the connection ends, which is nothing unusual, and throws what the server
/// throws within the stream, of which `APIError.isGone` means that the watch must start from a new list.
///
/// Read by one task, once. An end proves nothing about the objects: go on from the last resource version.
public struct WatchStream<Object: KubernetesObject>: AsyncSequence, Sendable {
    /// What happens.
    public typealias Element = WatchEvent<Object>

    let body: HTTPBody
    let request: String

    /// Reads the events.
    public func makeAsyncIterator() -> Iterator {
        Iterator(lines: LineReader(body: body.makeAsyncIterator()), request: request)
    }

    /// Reads the events.
    public struct Iterator: AsyncIteratorProtocol {
        var lines: LineReader
        let request: String
        private let pool = StringPool()

        init(lines: LineReader, request: String) {
            self.lines = lines
            self.request = request
        }

        /// The next event; nil when the stream has ended.
        public mutating func next() async throws -> WatchEvent<Object>? {
            while let line = try await lines.next() {
                if line.isEmpty { continue }
                switch try JSONReader.read(line, as: Frame<Object>.self, sharing: pool) {
                case .event(let event): return event
                case .error(let status): throw APIError(status, request: request)
                case .unknown: continue
                }
            }
            return nil
        }
    }
}

/// A line of a watch: `{"type": "ADDED", "object": {…}}`.
private enum Frame<Object: KubernetesObject>: JSONDecodable {
    case event(WatchEvent<Object>)
    case error(APIStatus)
    /// A kind of event that servers of the future may send.
    case unknown

    init(from reader: inout JSONReader) throws(JSONError) {
        self = .unknown
        var type = ""
        var object: JSONReader.Mark?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "type": type = try reader.read()
            case "object":
                guard !type.isEmpty else {
                    // Servers write the type first; if one does not, the object is read afterwards.
                    object = reader.mark
                    try reader.skipValue()
                    continue
                }
                self = try Self(type, &reader)
            default: try reader.skipValue()
            }
        }
        guard let object else { return }
        let end = reader.mark
        reader.reset(to: object)
        self = try Self(type, &reader)
        reader.reset(to: end)
    }

    private init(_ type: String, _ reader: inout JSONReader) throws(JSONError) {
        switch type {
        case "ADDED": self = .event(.added(try reader.read()))
        case "MODIFIED": self = .event(.modified(try reader.read()))
        case "DELETED": self = .event(.deleted(try reader.read()))
        case "BOOKMARK":
            let metadata = try reader.readField("metadata", as: ObjectMeta.self) ?? ObjectMeta()
            self = .event(
                .bookmark(
                    resourceVersion: metadata.resourceVersion,
                    isEndOfInitialEvents: metadata.annotations["k8s.io/initial-events-end"] == "true"
                )
            )
        case "ERROR": self = .error(try reader.read())
        default:
            self = .unknown
            try reader.skipValue()
        }
    }
}

/// Cuts a body into lines.
///
/// A last line that does not end is dropped: it may be half of an object.
struct LineReader {
    /// No object of the API server is nearly as large.
    static let maximumLength = 64 << 20

    private var body: HTTPBody.Iterator
    private var buffer: [UInt8] = []
    private var start = 0
    private var scanned = 0

    init(body: HTTPBody.Iterator) {
        self.body = body
    }

    /// The next line, without its end.
    mutating func next() async throws -> [UInt8]? {
        while true {
            if let end = lineEnd() {
                let line = Array(buffer[start..<end])
                start = end + 1
                scanned = start
                return line
            }
            buffer.removeFirst(start)
            start = 0
            scanned = buffer.count
            guard buffer.count <= Self.maximumLength else {
                throw TransportError(.tooLarge, "a line is longer than \(Self.maximumLength) bytes")
            }
            guard let chunk = try await body.next() else { return nil }
            buffer += chunk
        }
    }

    /// Where the line that has begun ends, as far as it is here.
    private func lineEnd() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard scanned < bytes.count, let start = bytes.baseAddress else { return nil }
            return memchr(start + scanned, 0x0A, bytes.count - scanned).map { UnsafeRawPointer($0) - start }
        }
    }
}
