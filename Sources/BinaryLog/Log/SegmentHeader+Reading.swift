extension SegmentHeader {
    /// A longer header would have more servers in its list than a state remembers.
    private static let limit = 4 + 4096 + EventHeader.minimumLength + 4 + 16 * (LogState.limit + 1)

    /// Reads the header of a segment's file.
    init(number: UInt32, file: any LogFile) throws {
        let name = Self.name(number)
        var bytes = [UInt8](repeating: 0, count: 4096)
        var count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        while true {
            do {
                self = try bytes[..<count].withUnsafeBytes { try Self(number: number, bytes: $0) }
                return
            } catch BinaryLogError.malformed(let detail) {
                // The list may be longer than what was read.
                guard count == bytes.count, bytes.count < Self.limit else {
                    throw BinaryLogError.corrupt(file: name, offset: 0, detail: detail)
                }
            } catch let error as BinaryLogError {
                throw BinaryLogError.corrupt(file: name, offset: 0, detail: error.description)
            }
            bytes = [UInt8](repeating: 0, count: Self.limit)
            count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        }
    }

    private init(number: UInt32, bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count >= Self.magic.count, bytes.part(0..<Self.magic.count).elementsEqual(Self.magic) else {
            throw BinaryLogError.unsupported("a file that is no binlog")
        }
        func event(at offset: Int) throws -> EventPiece {
            let rest = bytes.part(offset..<bytes.count)
            let header = try EventHeader(rest)
            guard rest.count >= header.length else { throw BinaryLogError.malformed("a header that ends early") }
            let piece = try EventPiece(whole: rest.part(0..<header.length))
            try Event.verify(piece.bytes, header)
            return piece
        }
        let first = try event(at: Self.magic.count)
        let format = try FormatDescription(header: first.header, bytes: first.bytes)
        let second = try event(at: Self.magic.count + first.header.length)
        let list = try GTIDListEvent(header: second.header, bytes: second.bytes)
        self.init(
            number: number,
            formatDescription: format,
            state: try LogState(list.gtids),
            timestamp: second.header.timestamp
        )
    }
}
