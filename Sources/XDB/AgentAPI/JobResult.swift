// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// What a Job of a rebuild leaves as its last words (`terminationMessagePath`), whether it has succeeded or not.
public struct JobResult: Hashable, Sendable, Codable {
    /// CamelCase: `Done`, `DoneBefore` (an earlier pod of the Job had finished), `NoSpace`, `SourceLost`, `Corrupt`,
    /// `PrepareFailed`, ...
    public var reason: String
    /// A sentence that says what was done, or what is wrong and what to do.
    public var message: String
    /// What has been copied.
    public var bytes: UInt64?
    /// The last transaction that the data have.
    public var position: Position?
    /// True when another attempt, perhaps with another source, can succeed.
    public var isWorthRetrying: Bool?

    /// The reason of a Job whose volume has not the room that it needs: another host may have it.
    public static let noSpace = "NoSpace"

    public init(
        reason: String,
        message: String,
        bytes: UInt64? = nil,
        position: Position? = nil,
        isWorthRetrying: Bool? = nil
    ) {
        self.reason = reason
        self.message = message
        self.bytes = bytes
        self.position = position
        self.isWorthRetrying = isWorthRetrying
    }
}
