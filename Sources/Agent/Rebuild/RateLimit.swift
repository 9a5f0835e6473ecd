/// A token bucket: what may be sent at which moment.
///
/// Pure: it is told the time. The bucket may be overdrawn by what is sent at once, so that it never matters how large a
/// piece is; over any time t no more than rate · t + burst + one piece passes.
struct RateLimit: Hashable, Sendable {
    /// Bytes per second; nil for no limit.
    private(set) var rate: UInt64?
    private var tokens = 0.0
    private var last: ContinuousClock.Instant

    /// How many seconds' worth may pass at once after a pause.
    static let burstSeconds = 0.25
    /// No piece of a copy with a limit is larger.
    static let largestPiece = 256 << 10
    private static let smallestPiece = 4 << 10

    /// A full bucket.
    init(_ rate: UInt64?, now: ContinuousClock.Instant) {
        self.rate = rate
        self.last = now
        tokens = burst
    }

    private var burst: Double { Double(rate ?? 0) * Self.burstSeconds }

    /// How many bytes to send at once: little enough that the rate is even.
    var piece: Int {
        guard let rate else { return CopyFrames.longestFrame }
        return min(Self.largestPiece, max(Self.smallestPiece, Int(clamping: rate / 16)))
    }

    /// Holds from now on; what was overdrawn at the old rate is not paid at the new one.
    mutating func change(_ rate: UInt64?, now: ContinuousClock.Instant) {
        refill(now)
        self.rate = rate
        tokens = min(max(tokens, 0), burst)
    }

    /// How long to wait before anything may be sent; nil when it may be now.
    mutating func pause(now: ContinuousClock.Instant) -> Duration? {
        guard let rate else { return nil }
        refill(now)
        guard tokens < 0 else { return nil }
        // A rate of nothing is a pause until it is changed.
        guard rate > 0 else { return .seconds(1) }
        return .seconds(-tokens / Double(rate))
    }

    /// So many bytes are sent now.
    mutating func take(_ bytes: Int, now: ContinuousClock.Instant) {
        guard rate != nil else { return }
        refill(now)
        tokens -= Double(bytes)
    }

    private mutating func refill(_ now: ContinuousClock.Instant) {
        guard now > last else { return }
        tokens = min(burst, tokens + Double(rate ?? 0) * ((now - last) / .seconds(1)))
        last = now
    }
}

/// How fast something has moved during the last seconds.
struct RecentRate: Hashable, Sendable {
    private var samples: [Sample] = []

    private struct Sample: Hashable, Sendable {
        var time: ContinuousClock.Instant
        var bytes: UInt64
    }

    /// Over how long the mean is taken.
    private static let window = Duration.seconds(3)
    private static let spacing = Duration.milliseconds(100)

    /// So many bytes have moved altogether.
    mutating func note(_ bytes: UInt64, now: ContinuousClock.Instant) {
        if let newest = samples.last, now - newest.time < Self.spacing { return }
        samples.append(Sample(time: now, bytes: bytes))
        // One that is older stays, for the mean to reach over the whole window.
        while samples.count > 2, now - samples[1].time >= Self.window { samples.removeFirst() }
    }

    /// The mean rate in bytes per second, with so many bytes moved until now.
    func mean(_ bytes: UInt64, now: ContinuousClock.Instant) -> UInt64 {
        let begin = samples.last { now - $0.time >= Self.window } ?? samples.first
        guard let begin, now > begin.time, bytes > begin.bytes else { return 0 }
        return UInt64(Double(bytes - begin.bytes) / ((now - begin.time) / .seconds(1)))
    }
}
