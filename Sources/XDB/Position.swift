// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// Where a log ends: the epoch and the sequence number of its last transaction.
///
/// Positions are ordered by epoch first. A log that is longer but ends in an older epoch is **behind** one that ends in
/// a newer epoch: sequence numbers alone never decide. The text form is `epoch/sequence`, for example `7/4711`.
public struct Position: Hashable, Comparable, Sendable, Codable, CustomStringConvertible, LosslessStringConvertible {
    public var epoch: Epoch
    public var sequence: UInt64

    /// An empty log.
    public static let zero = Position(epoch: .none, sequence: 0)

    public init(epoch: Epoch, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Parses `epoch/sequence`; nil when the text is anything else.
    public init?(_ description: String) {
        let parts = description.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = UInt32(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.init(epoch: Epoch(rawValue: epoch), sequence: sequence)
    }

    public var description: String { "\(epoch)/\(sequence)" }

    public static func < (left: Position, right: Position) -> Bool {
        (left.epoch, left.sequence) < (right.epoch, right.sequence)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Position(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a position")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
