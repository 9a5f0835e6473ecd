/// How long a server that ended by itself is left alone before it is started again: 0.2 s at first, doubling up to 30 s,
/// and from the beginning again once it has answered for a minute.
struct CrashBackoff: Hashable, Sendable {
    /// How often it has ended without having answered for so long.
    private(set) var ends = 0

    /// For how long it has to answer.
    static let calm = Duration.seconds(60)

    /// Counts an end, and says how long to wait.
    mutating func ended() -> Duration {
        defer { ends += 1 }
        return min(.milliseconds(200) * (1 << min(ends, 10)), .seconds(30))
    }

    /// It has answered for long enough.
    mutating func isCalm() { ends = 0 }
}
