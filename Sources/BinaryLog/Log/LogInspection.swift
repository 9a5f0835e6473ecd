public import XDB

/// What the files of a log hold, read without changing any of them: beside the process that writes them, or after it has
/// died.
///
/// Where that process writes on meanwhile, what it has begun and not finished is left out.
public struct LogInspection: Hashable, Sendable {
    /// The last transaction before the first one that is still there; nil for a log that has everything.
    public var begin: GTID?
    /// The last whole transaction; nil for an empty log.
    public var last: GTID?
    /// How many files there are.
    public var segments = 0
    /// What the files take, in bytes.
    public var bytes: UInt64 = 0
    /// How many transactions follow the one that was asked about.
    public var tailCount = 0
    /// The first of them, as many as were asked for.
    public var tail: [GTID] = []
    /// Why what follows the last whole transaction is none.
    public var remark: String?

    /// Where the log ends.
    public var position: Position { last?.position ?? .zero }

    /// Reads a log.
    ///
    /// - Parameters:
    ///   - storage: Where it is; nothing of it is created, deleted or written.
    ///   - committed: What is behind this position is the tail.
    ///   - limit: How many transactions of the tail are listed.
    ///
    /// Throws what the storage throws, and `BinaryLogError` for files that are no log.
    public init(_ storage: any LogStorage, after committed: Position, limit: Int) throws {
        let numbers = try storage.names().compactMap(SegmentHeader.number).sorted()
        var files: [(file: any LogFile, header: SegmentHeader)] = []
        for number in numbers {
            let file = try storage.open(SegmentHeader.name(number))
            files.append((file, try SegmentHeader(number: number, file: file)))
            bytes += try file.size()
        }
        segments = files.count
        begin = files.first?.header.state.last
        last = files.last?.header.state.last
        for (index, segment) in files.enumerated() {
            let isLast = index == files.count - 1
            // What ends at or before the position has nothing of the tail.
            guard isLast || files[index + 1].header.state.position > committed else { continue }
            var scanner = SegmentScanner(file: segment.file, name: segment.header.name)
            scanner.verifies = true
            let damage = try scanner.scan(from: UInt64(segment.header.size)) { group in
                let gtid = group.event.gtid
                last = gtid
                if gtid.position > committed {
                    tailCount += 1
                    if tail.count < limit { tail.append(gtid) }
                }
                return true
            }
            if let damage { remark = "\(segment.header.name): \(damage)" }
        }
    }
}
