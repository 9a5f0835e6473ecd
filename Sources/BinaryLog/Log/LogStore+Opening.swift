import Synchronization
public import XDB

extension LogStore {
    /// Opens the log in a directory, and cuts off what a crash left of the last group.
    ///
    /// Everything that the log has afterwards is durable. `required` is what it must have by the promises of its owner
    /// (the commit position that was recorded): if it has less, bytes were lost that were durable, and the log must not
    /// be used.
    public static func open(
        _ storage: any LogStorage,
        options: LogOptions = LogOptions(),
        required: Position = .zero
    ) throws -> LogStore {
        let numbers = try storage.names().compactMap(SegmentHeader.number).sorted()
        for (previous, next) in zip(numbers, numbers.dropFirst()) where next != previous + 1 {
            throw BinaryLogError.corrupt(
                file: SegmentHeader.name(previous + 1),
                offset: 0,
                detail: "the file is missing"
            )
        }
        var segments: [Segment] = []
        var last: (any LogFile)?
        for number in numbers {
            let file = try storage.open(SegmentHeader.name(number))
            let header = try SegmentHeader(number: number, file: file)
            if let previous = segments.last?.header, header.state.position < previous.state.position {
                throw BinaryLogError.corrupt(
                    file: header.name,
                    offset: 0,
                    detail: "it begins after \(header.state.position), its predecessor after \(previous.state.position)"
                )
            }
            segments.append(Segment(header: header, end: try file.size(), index: nil))
            last = file
        }
        guard let file = last, var segment = segments.popLast() else {
            guard required == .zero else { throw BinaryLogError.lostTail(end: .zero, required: required) }
            let appender = LogAppender(options: options, state: LogState(), header: nil, offset: 0)
            let state = State(appender: appender, segments: [], written: LogState(), durable: .zero)
            return LogStore(storage: storage, options: options, file: nil, state: state)
        }
        var tail = try Tail(segment.header, options)
        var scanner = SegmentScanner(file: file, name: segment.header.name)
        scanner.verifies = true
        _ = try scanner.scan(from: tail.end) { group in
            do {
                try tail.append(group)
                return true
            } catch is BinaryLogError {
                // Bytes of an older life of the file: they have checksums, but do not continue the log.
                return false
            }
        }
        guard tail.state.position >= required else {
            throw BinaryLogError.lostTail(end: tail.state.position, required: required)
        }
        if segment.end > tail.end { try file.truncate(to: tail.end) }
        try file.synchronize()
        segment.end = tail.end
        segment.index = tail.index
        segments.append(segment)
        let appender = LogAppender(options: options, state: tail.state, header: segment.header, offset: tail.end)
        let state = State(appender: appender, segments: segments, written: tail.state, durable: tail.state.position)
        return LogStore(storage: storage, options: options, file: file, state: state)
    }

    /// Begins an empty log in the middle of the group's history, after a state that a peer or a backup told.
    ///
    /// Durable.
    public func begin(after state: LogState, format: FormatDescription) throws {
        try output.withLock { output in
            let isEmpty = try self.state.withLock { state in
                try state.check()
                return state.segments.isEmpty && state.appender.state.last == nil && state.appender.isAtBoundary
            }
            guard isEmpty else { throw BinaryLogError.unsupported("a new begin for a log that is not empty") }
            let header = SegmentHeader(
                number: 1,
                formatDescription: format,
                state: state,
                timestamp: format.event.header.timestamp
            )
            let file = try effect { try storage.create(header.name, contents: header.bytes) }
            output.file = file
            let size = UInt64(header.size)
            self.state.withLock {
                $0.segments = [Segment(header: header, end: size, index: SegmentIndex())]
                $0.appender = LogAppender(options: options, state: state, header: header, offset: size)
                $0.written = state
                $0.durable = state.position
            }
        }
    }
}

/// The last segment while it is being read: what the log's end follows from.
struct Tail {
    var state: LogState
    var index = SegmentIndex()
    var end: UInt64
    private var lastIndexed: UInt64
    private let options: LogOptions

    init(_ header: SegmentHeader, _ options: LogOptions) throws {
        self.options = options
        state = header.state
        end = UInt64(header.size)
        lastIndexed = end
    }

    mutating func append(_ group: SegmentScanner.Group) throws {
        let gtid = group.event.gtid
        if !options.allowsGaps, let last = state.last, gtid.sequence != last.sequence + 1 {
            throw BinaryLogError.outOfOrder(gtid, after: last)
        }
        try state.append(gtid)
        if group.start - lastIndexed >= options.indexBytes {
            lastIndexed = group.start
            index.append(SegmentIndex.Entry(position: gtid.position, offset: group.start))
        }
        end = group.end
    }
}
