public import XDB

/// The last transaction of every server up to the begin of a file.
///
/// The last element is the last of all.
public struct GTIDListEvent: Hashable, Sendable {
    /// The state, oldest server first.
    public var gtids: [GTID]

    /// A state.
    public init(_ gtids: [GTID]) {
        self.gtids = gtids
    }

    /// Reads a whole GTID_LIST event.
    public init(header: EventHeader, bytes: UnsafeRawBufferPointer) throws(BinaryLogError) {
        guard header.type == .gtidList, bytes.count >= EventHeader.minimumLength + 4 else {
            throw .malformed("a GTID list that is short")
        }
        var reader = ByteReader(bytes.part(EventHeader.size..<bytes.count - EventHeader.checksumSize))
        // The highest four bits are flags.
        let count = Int(try reader.uint32() & 0x0FFF_FFFF)
        guard reader.remaining >= count * 16 else { throw .malformed("a GTID list of \(count) that is short") }
        gtids = []
        gtids.reserveCapacity(count)
        for _ in 0..<count {
            let domain = try reader.uint32()
            let server = ServerID(rawValue: try reader.uint32())
            gtids.append(GTID(domain: domain, serverID: server, sequence: try reader.uint64()))
        }
    }

    /// How long the event is for so many GTIDs.
    static func length(_ count: Int) -> Int {
        EventHeader.minimumLength + 4 + (count == 0 ? 2 : 16 * count)
    }

    /// The event's bytes.
    public func event(timestamp: UInt32, serverID: UInt32, flags: EventFlags = []) -> Event {
        var body: [UInt8] = []
        body.reserveCapacity(4 + gtids.count * 16)
        body.append(little: UInt32(gtids.count))
        for gtid in gtids {
            body.append(little: gtid.domain)
            body.append(little: gtid.serverID.rawValue)
            body.append(little: gtid.sequence)
        }
        // As the server does it.
        if gtids.isEmpty { body.append(little: UInt16(0)) }
        return Event(type: .gtidList, timestamp: timestamp, serverID: serverID, flags: flags, body: body)
    }
}
