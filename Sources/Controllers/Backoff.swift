/// Pauses that grow with every failure in a row, spread by chance so that many waiters do not return together.
public struct Backoff: Hashable, Sendable {
    /// The longest pause after the first failure.
    public var initial: Duration
    /// No pause is longer.
    public var maximum: Duration
    /// How much longer each pause is than the one before.
    public var factor: Double
    /// The part of a pause that is left to chance: 0.2 draws from the last fifth of it.
    public var jitter: Double

    /// Pauses from `initial`, each `factor` times the one before, up to `maximum`.
    public init(initial: Duration, maximum: Duration, factor: Double = 2, jitter: Double = 0.2) {
        self.initial = initial
        self.maximum = maximum
        self.factor = factor
        self.jitter = jitter
    }

    /// A key that failed: quick at first, because most failures are conflicts, and patient with what stays broken.
    public static let key = Backoff(initial: .milliseconds(5), maximum: .seconds(1000))

    /// A list or watch that failed: the API server may be starting, with every client waiting for it.
    ///
    /// Shorter than client-go's 30 s: what is decided from a cache is only as good as the cache, and an operator has few
    /// of them.
    public static let connection = Backoff(initial: .milliseconds(800), maximum: .seconds(5), jitter: 0.5)

    /// The pause after `failures` failures in a row, of which there is at least one.
    ///
    /// `chance` is from 0 up to 1.
    public func pause(failures: Int, chance: Double) -> Duration {
        // Computed in seconds as a Double: a large exponent then ends at infinity and the minimum, not in a trap.
        let steps = Double(max(failures, 1) - 1)
        let whole = min(initial.inSeconds * power(factor, steps), maximum.inSeconds)
        return .seconds(whole * (1 - jitter * min(max(chance, 0), 1)))
    }

    private func power(_ base: Double, _ exponent: Double) -> Double {
        var (result, square, rest) = (1.0, base, UInt(exponent))
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
