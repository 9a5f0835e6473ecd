/// How long a server that ended by itself is left alone before it is started again: 0.2 s at first, doubling up to 30 s,
/// and from the beginning again once it ran for a minute.
struct CrashBackoff: Hashable, Sendable {
    private(set) var crashes = 0
    private var consecutive = 0

    /// Counts an end, and says how long to wait.
    mutating func ended(after uptime: Duration) -> Duration {
        crashes += 1
        if uptime > .seconds(60) { consecutive = 0 }
        defer { consecutive += 1 }
        return min(.milliseconds(200) * (1 << min(consecutive, 10)), .seconds(30))
    }
}
