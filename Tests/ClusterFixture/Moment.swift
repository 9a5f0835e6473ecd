import Glibc

/// A time of CLOCK_MONOTONIC: processes of one machine agree on it.
package struct Moment: Comparable, Sendable {
    /// Since the machine started.
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    package func since(_ other: Moment) -> Duration { .microseconds(microseconds - other.microseconds) }

    package static func < (left: Moment, right: Moment) -> Bool { left.microseconds < right.microseconds }
}
