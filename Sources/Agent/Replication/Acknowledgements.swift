import BinaryLog

/// What a leader's server waits for: places in its binlog, each with the transaction that must be committed first.
///
/// Acknowledgements are cumulative, so that of everything that became committed only the last one is sent.
struct Acknowledgements {
    private struct Waiting {
        var sequence: UInt64
        var coordinates: BinlogCoordinates
    }

    /// A ring: commits in flight are bounded by the server's connections, and no commit allocates.
    private var ring: [Waiting?] = []
    private var head = 0
    private var count = 0

    var isEmpty: Bool { count == 0 }

    /// The server waits at a place until everything up to a sequence is committed.
    mutating func wait(at coordinates: BinlogCoordinates, for sequence: UInt64) {
        if count == ring.count { grow() }
        ring[(head + count) & (ring.count - 1)] = Waiting(sequence: sequence, coordinates: coordinates)
        count += 1
    }

    /// What to acknowledge now that everything up to a sequence is committed; nil when nothing waits for it.
    mutating func release(committed: UInt64) -> BinlogCoordinates? {
        var last: BinlogCoordinates?
        while count > 0, let first = ring[head], first.sequence <= committed {
            last = first.coordinates
            ring[head] = nil
            head = (head + 1) & (ring.count - 1)
            count -= 1
        }
        return last
    }

    mutating func removeAll() {
        self = Acknowledgements()
    }

    private mutating func grow() {
        var larger = [Waiting?](repeating: nil, count: max(64, ring.count * 2))
        for index in 0..<count { larger[index] = ring[(head + index) & (ring.count - 1)] }
        ring = larger
        head = 0
    }
}
