/// Tells when a copy that is being sent is of no use any more, or does harm.
///
/// A receiver whose host is gone says nothing, and nobody else could have a copy as long as this one waits for it. And a
/// receiver that is slow when a leader's commits wait for the backup stands in the way of all clients.
struct CopyWatch {
    /// Why a copy is broken off.
    enum Trouble: String, Equatable {
        case idle = "the receiver of the copy takes nothing"
        case harmful = "the copy holds the leader's commits back for too long"
    }

    /// What a copy looks like at some moment.
    struct Moment {
        var now: ContinuousClock.Instant
        /// When the connection last took something.
        var progress: ContinuousClock.Instant
        /// The backup is waited for: one that waits for a lock of the server writes nothing, and that is no fault of the
        /// receiver's.
        var isReading: Bool
        /// The commits of a leader wait for the backup.
        var holdsLeader: Bool
    }

    /// For how long a connection may take nothing of what is ready for it.
    static let patience = Duration.seconds(60)
    /// For how long a leader's commits may wait: less than what would have another leader elected.
    static let longestHold = Duration.seconds(3)

    private var held: ContinuousClock.Instant?

    /// Nil for a copy that may go on.
    mutating func trouble(at moment: Moment) -> Trouble? {
        if !moment.isReading, moment.now - moment.progress > Self.patience { return .idle }
        held = moment.holdsLeader ? held ?? moment.now : nil
        return held.map { moment.now - $0 > Self.longestHold } ?? false ? .harmful : nil
    }
}
