// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// A MariaDB global transaction id, `domain-server-sequence`.
///
/// Groups use domain 0 only.
public struct GTID: Hashable, Sendable, Codable, CustomStringConvertible, LosslessStringConvertible {
    public var domain: UInt32
    public var serverID: ServerID
    public var sequence: UInt64

    public init(domain: UInt32 = 0, serverID: ServerID, sequence: UInt64) {
        self.domain = domain
        self.serverID = serverID
        self.sequence = sequence
    }

    /// Parses MariaDB's notation, for example `0-113-4711`; nil when the text is anything else.
    public init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let domain = UInt32(parts[0]), let server = UInt32(parts[1]),
            let sequence = UInt64(parts[2])
        else { return nil }
        self.init(domain: domain, serverID: ServerID(rawValue: server), sequence: sequence)
    }

    /// Where a log ends whose last transaction this is.
    public var position: Position { Position(epoch: serverID.epoch, sequence: sequence) }

    public var description: String { "\(domain)-\(serverID)-\(sequence)" }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = GTID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a GTID")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
