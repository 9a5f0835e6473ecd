import Testing

@testable import Planning

/// Things spread over places, against all ways that there are.
struct SpreadTests {
    /// What is compared: the sum of the squares of the loads, the moves, the bytes.
    private struct Measure: Comparable {
        var squares: Int
        var moves: Int
        var bytes: Int

        static func < (left: Measure, right: Measure) -> Bool {
            (left.squares, left.moves, left.bytes) < (right.squares, right.moves, right.bytes)
        }
    }

    /// - Parameter after: For each item, the places where it is.
    private static func measure(_ items: [Spread.Item], _ fixed: [Int], _ after: [Set<Int>]) -> Measure {
        var loads = fixed
        var (moves, bytes) = (0, 0)
        for (item, places) in zip(items, after) {
            for place in places { loads[place] += 1 }
            for (place, size) in item.home where !places.contains(place) {
                moves += 1
                bytes += size
            }
        }
        return Measure(squares: loads.reduce(0) { $0 + $1 * $1 }, moves: moves, bytes: bytes)
    }

    /// All sets of so many of some places.
    private static func choices(_ count: Int, of places: ArraySlice<Int>) -> [Set<Int>] {
        guard count > 0 else { return [[]] }
        guard let first = places.first, places.count >= count else { return [] }
        let rest = places.dropFirst()
        return choices(count - 1, of: rest).map { $0.union([first]) } + choices(count, of: rest)
    }

    /// The best of all ways there are, and the least difference between loads that any has.
    private static func best(_ items: [Spread.Item], _ fixed: [Int]) -> (measure: Measure, difference: Int) {
        var ways: [[Set<Int>]] = [[]]
        for item in items {
            let places = item.others.union(item.home.keys).sorted()
            let choices = choices(item.home.count, of: places[...])
            ways = ways.flatMap { way in choices.map { way + [$0] } }
        }
        let all = ways.map { way in
            var loads = fixed
            for place in way.flatMap(\.self) { loads[place] += 1 }
            return (measure(items, fixed, way), (loads.max() ?? 0) - (loads.min() ?? 0))
        }
        return (all.map(\.0).min() ?? Measure(squares: 0, moves: 0, bytes: 0), all.map(\.1).min() ?? 0)
    }

    /// - Parameter homes: How many things an item has at most.
    private static func items(_ count: Int, over places: Int, homes: Int, _ random: inout SeededGenerator) -> [Spread
        .Item]
    {
        (0..<count).map { _ in
            let shuffled = (0..<places).shuffled(using: &random)
            let number = Int.random(in: 1...min(homes, places), using: &random)
            let home = shuffled.prefix(number).map { ($0, Int.random(in: 0...3, using: &random)) }
            let others = shuffled.dropFirst(number).filter { _ in Bool.random(using: &random) }
            return Spread.Item(home: Dictionary(uniqueKeysWithValues: home), others: Set(others))
        }
    }

    @Test(arguments: [1, 2])
    func nothingIsMoreEvenAndNothingElseTakesFewerMoves(_ homes: Int) {
        for seed in 1...300 {
            var random = SeededGenerator(seed: UInt64(seed))
            let places = Int.random(in: 1...4, using: &random)
            let fixed = (0..<places).map { _ in Int.random(in: 0...2, using: &random) }
            let items = Self.items(Int.random(in: 0...5, using: &random), over: places, homes: homes, &random)
            let spread = Spread(items, fixed: fixed)
            let after = items.indices.map { Set(spread.places(of: $0)) }
            let best = Self.best(items, fixed)
            #expect(Self.measure(items, fixed, after) == best.measure, "seed \(seed)")
            let difference = (spread.loads.max() ?? 0) - (spread.loads.min() ?? 0)
            #expect(difference <= max(1, best.difference), "seed \(seed)")
            for (item, places) in zip(items, after) {
                #expect(places.count == item.home.count, "seed \(seed)")
                #expect(places.isSubset(of: item.others.union(item.home.keys)), "seed \(seed)")
            }
        }
    }

    /// What is told of the limit is so: nothing goes from the fullest places to where there is much less.
    @Test func whatIsFullCannotReachWhatIsNot() {
        for seed in 1...300 {
            var random = SeededGenerator(seed: UInt64(seed))
            let fixed = (0..<5).map { _ in Int.random(in: 0...3, using: &random) }
            let items = Self.items(8, over: 5, homes: 2, &random)
            let spread = Spread(items, fixed: fixed)
            let most = spread.loads.max() ?? 0
            let full = Set(spread.loads.indices.filter { spread.loads[$0] == most })
            for place in spread.reach(from: full) { #expect(spread.loads[place] >= most - 1, "seed \(seed)") }
        }
    }

    /// Room is made along a chain: everything in the first place, and each place leads to the next alone.
    @Test func roomIsMadeAlongAChain() {
        let items =
            (0..<4).map { Spread.Item(home: [$0: 0], others: [$0 + 1]) } + [Spread.Item(home: [0: 0], others: [])]
        let spread = Spread(items, fixed: [0, 0, 0, 0, 0])
        #expect(spread.loads == [1, 1, 1, 1, 1])
        #expect(spread.places(of: 4) == [0])
        #expect((0..<4).map { spread.places(of: $0) } == [[1], [2], [3], [4]])
    }

    @Test func whatIsEvenStays() {
        let items = (0..<6).map { Spread.Item(home: [$0 % 3: 1], others: [0, 1, 2]) }
        let spread = Spread(items, fixed: [1, 0, 0])
        #expect(items.indices.allSatisfy { spread.places(of: $0) == [$0 % 3] })
    }

    @Test func whatIsSmallGoesFirst() {
        let items = [5, 1, 3].map { Spread.Item(home: [0: $0], others: [1]) }
        let spread = Spread(items, fixed: [0, 0])
        #expect(items.indices.map { spread.places(of: $0) } == [[0], [1], [0]])
    }

    /// As many as a large cluster has: it ends, and all is even.
    @Test func manyAreSpread() {
        var random = SeededGenerator(seed: 7)
        let items = (0..<400).map { _ in
            let places = (0..<20).shuffled(using: &random).prefix(3)
            return Spread.Item(home: [places.min() ?? 0: 0], others: Set(places))
        }
        let spread = Spread(items, fixed: [Int](repeating: 0, count: 20))
        #expect(spread.loads == [Int](repeating: 20, count: 20))
    }
}
