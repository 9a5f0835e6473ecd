import XDB

/// Walks through the groups of a segment's file.
struct SegmentScanner {
    /// A group, and where it stands.
    struct Group: Hashable, Sendable {
        var event: GTIDEvent
        var start: UInt64
        var end: UInt64

        var position: Position { event.gtid.position }
    }

    let file: any LogFile
    let name: String
    /// Where the file's bytes are to be believed up to; nil for all of it.
    var end: UInt64?
    /// Also verify every event's checksum and end position, as needed for bytes that a crash may have torn.
    var verifies = false

    private static let chunk = 1 << 20

    /// Passes every whole group from an offset on, until `body` says false.
    ///
    /// Returns why the scan ended before the end, if bytes did not make sense; I/O errors are thrown.
    func scan(from start: UInt64, _ body: (Group) throws -> Bool) throws -> BinaryLogError? {
        struct Stop: Error {}
        /// What `body` throws is not about the bytes.
        struct Refusal: Error { var error: BinaryLogError }
        var decoder = EventStreamDecoder()
        var tracker = GroupTracker()
        var group: Group?
        var eventEnd = start
        var crc: UInt32 = 0
        var offset = start
        let end = try end ?? file.size()
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(UInt64(Self.chunk), max(end - min(start, end), 1))),
            alignment: 16
        )
        defer { buffer.deallocate() }
        while offset < end {
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(UInt64(buffer.count), end - offset))]
            )
            let count = try file.read(into: wanted, at: offset)
            guard count > 0 else { return .malformed("the file ends early") }
            offset += UInt64(count)
            do {
                try decoder.decode(UnsafeRawBufferPointer(rebasing: wanted[..<count])) { piece in
                    if verifies { try verify(piece, &crc, expectedEnd: eventEnd + UInt64(piece.header.length)) }
                    let step = try tracker.step(piece)
                    if case .begins(let event) = step {
                        group = Group(event: event, start: eventEnd, end: eventEnd)
                    }
                    if piece.isLast { eventEnd += UInt64(piece.header.length) }
                    if step == .ends, var ended = group {
                        ended.end = eventEnd
                        group = nil
                        do {
                            guard try body(ended) else { throw Stop() }
                        } catch let error as BinaryLogError {
                            throw Refusal(error: error)
                        }
                    }
                }
            } catch is Stop {
                return nil
            } catch let refusal as Refusal {
                throw refusal.error
            } catch let error as BinaryLogError {
                return error
            }
        }
        return decoder.isAtBoundary && tracker.isAtBoundary ? nil : .malformed("the file ends inside a group")
    }

    /// Verifies an event piece by piece.
    private func verify(_ piece: EventPiece, _ crc: inout UInt32, expectedEnd: UInt64) throws(BinaryLogError) {
        if piece.isFirst {
            crc = 0
            guard piece.header.endPosition == UInt32(truncatingIfNeeded: expectedEnd) else {
                throw .malformed("an event that ends at \(expectedEnd) says \(piece.header.endPosition)")
            }
        }
        guard piece.isLast else {
            crc = CRC32.checksum(piece.bytes, continuing: crc)
            return
        }
        let end = piece.bytes.count - EventHeader.checksumSize
        guard CRC32.checksum(piece.bytes.part(0..<end), continuing: crc) == piece.bytes.unchecked(end, as: UInt32.self)
        else { throw .checksumMismatch(event: piece.header.type, position: piece.header.endPosition) }
    }
}
