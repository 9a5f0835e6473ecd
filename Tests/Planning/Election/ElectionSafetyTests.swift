import Testing
import XDB

@testable import Planning

/// The group as the safety argument sees it: logs, promises, what clients were told.
///
/// Nothing else of the real system matters to whether a committed transaction survives elections.
private struct Model: Hashable {
    struct Transaction: Hashable {
        var epoch: Int
        var number: Int
    }

    struct Member: Hashable {
        var promised = 0
        var log: [Transaction] = []
    }

    var members: [Member]
    var loggers: Int
    /// The recorded epoch, its leader, and the log that it started from.
    var epoch = 0
    var leader: Int?
    /// What some client was told, in the log's order; only ever grows.
    var acknowledged: [Transaction] = []
    var writes = 0

    init(candidates: Int, loggers: Int) {
        members = Array(repeating: Member(), count: candidates + loggers)
        self.loggers = loggers
    }

    var candidates: Int { members.count - loggers }

    /// The leader appends one transaction, unless it is fenced.
    mutating func write() -> Bool {
        guard let leader, members[leader].promised == epoch else { return false }
        writes += 1
        members[leader].log.append(Transaction(epoch: epoch, number: writes))
        return true
    }

    /// One member takes the leader's next transaction, dropping first what conflicts with the leader's log.
    mutating func replicate(to member: Int) -> Bool {
        guard let leader, member != leader, members[leader].promised == epoch, members[member].promised <= epoch else {
            return false
        }
        let source = members[leader].log
        var log = members[member].log
        let common = zip(log, source).prefix { $0 == $1 }.count
        log.removeSubrange(common...)
        if common < source.count { log.append(source[common]) }
        guard log != members[member].log || members[member].promised != epoch else { return false }
        members[member].log = log
        members[member].promised = epoch
        return true
    }

    /// The leader counts what a majority has, and tells its clients.
    ///
    /// It counts nothing before a transaction of its own epoch is on a majority.
    mutating func acknowledge() {
        guard let leader, members[leader].promised == epoch else { return }
        let log = members[leader].log
        var committed = 0
        for length in stride(from: log.count, to: 0, by: -1) where log[length - 1].epoch == epoch {
            let holders = members.filter { $0.promised == epoch && $0.log.starts(with: log.prefix(length)) }
            if holders.count >= majority(of: members.count) {
                committed = length
                break
            }
        }
        if committed > acknowledged.count { acknowledged = Array(log.prefix(committed)) }
    }

    /// Seals the voters of `quorum` and elects among them; `distort` is how a broken rule is tried.
    mutating func elect(
        quorum: [Int],
        previous: Bool,
        distort: (Position) -> Position = { $0 }
    ) -> Bool {
        let next = Epoch(rawValue: UInt32(epoch + 1))
        let answers = quorum.map { member in
            let log = members[member].log
            let position = log.last.map { last in
                Position(epoch: Epoch(rawValue: UInt32(last.epoch)), sequence: UInt64(log.count))
            }
            return SealAnswer(
                member: "m\(member)",
                epoch: next,
                position: distort(position ?? .zero),
                committed: .zero,
                first: log.isEmpty ? nil : distort(Position(epoch: Epoch(rawValue: 1), sequence: 1))
            )
        }
        for member in quorum { members[member].promised = epoch + 1 }
        let voters = members.indices.map { index in
            Voter(name: "m\(index)", ordinal: index, kind: index < candidates ? .candidate : .logger)
        }
        let election = Election(
            epoch: next,
            voters: voters,
            answers: answers,
            previousLeader: previous ? leader.map { "m\($0)" } : nil
        )
        guard case .elected(let elected) = election.decide(), let chosen = Int(elected.leader.dropFirst()) else {
            return false
        }
        if let source = elected.source.flatMap({ Int($0.dropFirst()) }) {
            members[chosen].log = members[source].log
        }
        epoch += 1
        leader = chosen
        // The first transaction of the epoch, written by the agent itself.
        return write()
    }

    /// Everything that a client was told is in the log of the newest leader, in the same place.
    var keepsItsWord: Bool {
        guard let leader else { return true }
        return members[leader].log.starts(with: acknowledged)
    }
}

/// Every majority, and every larger set, of `count` voters.
private func quorums(of count: Int) -> [[Int]] {
    (1..<(1 << count)).map { bits in (0..<count).filter { bits & (1 << $0) != 0 } }
        .filter { $0.count >= majority(of: count) }
}

struct ElectionSafetyTests {
    /// All runs of three elections with up to three writes and any replication in between, by breadth first search over
    /// every reachable state.
    @Test(arguments: [(1, 0), (3, 0), (2, 1), (1, 2)])
    func noRunOfASmallGroupLosesAnAcknowledgedTransaction(_ candidates: Int, _ loggers: Int) {
        let quorums = quorums(of: candidates + loggers)
        var seen: Set<Model> = []
        var front = [Model(candidates: candidates, loggers: loggers)]
        while let state = front.popLast() {
            var next: [Model] = []
            if state.epoch < 3 {
                for quorum in quorums {
                    var after = state
                    if after.elect(quorum: quorum, previous: true) { next.append(after) }
                }
            }
            if state.writes < 5 {
                var after = state
                if after.write() { next.append(after) }
            }
            for member in state.members.indices {
                var after = state
                if after.replicate(to: member) { next.append(after) }
            }
            for var after in next {
                after.acknowledge()
                if !after.keepsItsWord {
                    Issue.record("\(after)")
                    return
                }
                if seen.insert(after).inserted { front.append(after) }
            }
        }
        #expect(seen.count > 1)
    }

    private func randomRun(
        candidates: Int,
        loggers: Int,
        seed: UInt64,
        distort: (Position) -> Position = { $0 }
    ) -> Bool {
        var random = SeededGenerator(seed: seed)
        let quorums = quorums(of: candidates + loggers)
        var model = Model(candidates: candidates, loggers: loggers)
        for _ in 0..<60 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                if let quorum = quorums.randomElement(using: &random) {
                    _ = model.elect(quorum: quorum, previous: Bool.random(using: &random), distort: distort)
                }
            case 1, 2: _ = model.write()
            default:
                _ = model.replicate(to: Int.random(in: model.members.indices, using: &random))
            }
            model.acknowledge()
            if !model.keepsItsWord { return false }
        }
        return true
    }

    @Test(arguments: [(2, 1), (3, 0), (3, 2), (5, 0), (4, 1)])
    func noRandomRunLosesAnAcknowledgedTransaction(_ candidates: Int, _ loggers: Int) {
        for seed in UInt64(0)..<1000 {
            #expect(randomRun(candidates: candidates, loggers: loggers, seed: seed), "seed \(seed)")
        }
    }

    /// The checker is worth something only when it finds the bug that it is there for.
    @Test func comparingSequencesAloneLosesOne() {
        let caught = (UInt64(0)..<3000).contains { seed in
            !randomRun(candidates: 3, loggers: 0, seed: seed) { position in
                Position(epoch: Epoch(rawValue: position.sequence == 0 ? 0 : 1), sequence: position.sequence)
            }
        }
        #expect(caught)
    }
}
