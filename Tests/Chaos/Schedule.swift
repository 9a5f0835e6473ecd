import ClusterFixture

/// One fault that was drawn: what, to whom, and for how long.
struct Strike: Sendable, CustomStringConvertible {
    var fault: Fault
    /// The part that the victim plays when it begins.
    var role: String
    /// How long it lasts; of no meaning for what ends by itself.
    var duration: Duration
    /// The quiet before it, from the beginning of the strike before when they overlap, else from its end.
    var pause: Duration
    /// It begins while the one before still lasts.
    var overlaps: Bool

    var description: String {
        let length = fault.lasts ? " for \(seconds(duration)) s" : ""
        return "\(fault.rawValue) of the \(role.lowercased())\(length)\(overlaps ? ", on top of the last" : "")"
    }
}

/// Draws faults: the same ones for the same seed.
///
/// What happens in between is the cluster's affair, so a schedule names parts that members play and not members.
struct Schedule {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> Strike {
        let faults = Fault.allCases
        // Leaders are what it is about; a strike of the operator or the API server has no victim, but costs nothing.
        let roles = ["Leader", "Leader", "Leader", "Follower", "Logger"]
        return Strike(
            fault: faults[Int.random(in: faults.indices, using: &generator)],
            role: roles[Int.random(in: roles.indices, using: &generator)],
            duration: .milliseconds(Int.random(in: 300...9000, using: &generator)),
            pause: .milliseconds(Int.random(in: 100...4000, using: &generator)),
            overlaps: Int.random(in: 0..<4, using: &generator) == 0
        )
    }
}

func seconds(_ duration: Duration) -> String {
    let tenths = Int((duration / .milliseconds(100)).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}
