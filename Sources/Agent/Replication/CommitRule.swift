/// Which part of a leader's log is committed.
///
/// Let V be the number of voters and m = V/2 + 1 the size of a majority. A position p of the leader's log is committed
/// when m voters have their logs durable up to p or beyond **and** p is not before the first transaction of the leader's
/// own epoch. Positions of the same log are ordered by their sequence alone.
///
/// The second condition is Raft's: a transaction of an older epoch that a majority has can still be replaced by another
/// leader's log that ends in a newer epoch. Once a transaction of this epoch is on a majority, every later election
/// meets at least one member that has it, whose log is then the most advanced.
enum CommitRule {
    /// The sequence up to which the log is committed; nil when this cannot be said yet.
    ///
    /// - Parameters:
    ///   - durable: for every voter the sequence up to which its log is durable and known to be the leader's; 0 when
    ///     nothing is known.
    ///   - firstOfEpoch: the sequence of the epoch's first transaction.
    static func committed(durable: [UInt64], firstOfEpoch: UInt64) -> UInt64? {
        let majority = durable.count / 2 + 1
        var committed: UInt64?
        for sequence in durable where sequence >= firstOfEpoch && sequence > committed ?? 0 {
            var voters = 0
            for other in durable where other >= sequence { voters += 1 }
            if voters >= majority { committed = sequence }
        }
        return committed
    }
}
