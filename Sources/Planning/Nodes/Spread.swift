/// Spreads things over places as evenly as can be, with as few moves as that takes.
///
/// It is a flow of minimum cost: each thing flows to one of its places, and the n-th thing in a place costs 2n - 1, so that
/// all of a place cost the square of their number. The least sum of squares is as even as can be, by every measure: where
/// numbers within 1 of each other can be had, only those have it. A thing that is not where it was costs a move, which
/// counts for less than any unevenness, and the bytes that are moved count for less than a move.
///
/// A flow has minimum cost exactly when no cycle of changes makes it cheaper. The search begins with everything where it
/// is, and does such cycles until there is none. What can be changed is a graph of the places alone: from one to another
/// there is an edge when some thing can go there, as expensive as the cheapest such; and one more vertex, from which a
/// cycle goes on where there is to be one thing less, and to which it goes where there is to be one more. A simple cycle
/// leaves and enters each place once, so its changes do not disturb each other.
struct Spread {
    /// Things of which no two may be in one place, and of which each can be where any other can.
    struct Item: Hashable {
        /// Where they are, and how many bytes it takes to move the one that is there.
        var home: [Int: Int]
        /// Where else they may be.
        var others: Set<Int>
    }

    let items: [Item]
    /// How many things are in each place.
    private(set) var loads: [Int]
    /// Of each item, whether there is one of it in a place.
    private var isPresent: [[Bool]]
    /// Of each item, the places where it may be, in order.
    private let options: [[Int]]

    /// Spreads things over the places 0 to `fixed.count - 1`.
    ///
    /// - Parameter fixed: How many things are in each place that stay there.
    init(_ items: [Item], fixed: [Int]) {
        self.items = items
        loads = fixed
        isPresent = items.map { item in fixed.indices.map { item.home[$0] != nil } }
        options = items.map { $0.others.union($0.home.keys).sorted() }
        for item in items { for place in item.home.keys { loads[place] += 1 } }
        while let cycle = cheaperCycle() { for step in cycle { carryOut(step) } }
    }

    /// Where the things of an item are in the end, in order.
    func places(of item: Int) -> [Int] { options[item].filter { isPresent[item][$0] } }

    /// The places to which anything from some places could go in the end, directly or by making room: none of them has
    /// less than one thing less than the fullest of those.
    func reach(from places: Set<Int>) -> Set<Int> {
        var (reached, open) = (places, Array(places))
        while let place = open.popLast() {
            for item in items.indices where isPresent[item][place] {
                for next in options[item] where !isPresent[item][next] && reached.insert(next).inserted {
                    open.append(next)
                }
            }
        }
        return reached
    }

    // MARK: The search

    /// Compared by the first of its parts that differs.
    private struct Cost: Comparable {
        var unevenness = 0
        var moves = 0
        var bytes = 0

        static func + (left: Cost, right: Cost) -> Cost {
            Cost(
                unevenness: left.unevenness + right.unevenness,
                moves: left.moves + right.moves,
                bytes: left.bytes + right.bytes
            )
        }

        static func < (left: Cost, right: Cost) -> Bool {
            (left.unevenness, left.moves, left.bytes) < (right.unevenness, right.moves, right.bytes)
        }
    }

    /// A thing of an item that goes from one place to another.
    private struct Step {
        var item: Int
        var from: Int
        var to: Int
    }

    private struct Edge {
        var from: Int
        var to: Int
        var cost: Cost
        /// Nil for an edge from or to the additional vertex.
        var item: Int?
    }

    private mutating func carryOut(_ step: Step) {
        isPresent[step.item][step.from] = false
        isPresent[step.item][step.to] = true
        loads[step.from] -= 1
        loads[step.to] += 1
    }

    /// What can be changed now.
    private var edges: [Edge] {
        let count = loads.count
        var cheapest = [Edge?](repeating: nil, count: count * count)
        for (index, item) in items.enumerated() {
            for from in options[index] where isPresent[index][from] {
                let leaving = item.home[from].map { Cost(moves: 1, bytes: $0) } ?? Cost()
                for to in options[index] where !isPresent[index][to] {
                    let cost = leaving + (item.home[to].map { Cost(moves: -1, bytes: -$0) } ?? Cost())
                    if let known = cheapest[from * count + to], known.cost <= cost { continue }
                    cheapest[from * count + to] = Edge(from: from, to: to, cost: cost, item: index)
                }
            }
        }
        let ends = loads.enumerated().flatMap { place, load in
            [
                Edge(from: count, to: place, cost: Cost(unevenness: 1 - 2 * load)),
                Edge(from: place, to: count, cost: Cost(unevenness: 2 * load + 1)),
            ]
        }
        return cheapest.compactMap(\.self) + ends
    }

    /// Changes that make all of it cheaper; nil when there are none (Bellman and Ford).
    private func cheaperCycle() -> [Step]? {
        let edges = edges
        var distances = [Cost](repeating: Cost(), count: loads.count + 1)
        var parents = [Int?](repeating: nil, count: loads.count + 1)
        var isChanging = true
        while isChanging {
            isChanging = false
            for (index, edge) in edges.enumerated() where distances[edge.from] + edge.cost < distances[edge.to] {
                distances[edge.to] = distances[edge.from] + edge.cost
                parents[edge.to] = index
                isChanging = true
            }
            // A cycle of parents is one that makes it cheaper; and where there is such a one, there will be one of parents.
            if isChanging, let cycle = Self.cycle(of: parents, edges) {
                return cycle.compactMap { edge in edge.item.map { Step(item: $0, from: edge.from, to: edge.to) } }
            }
        }
        return nil
    }

    private static func cycle(of parents: [Int?], _ edges: [Edge]) -> [Edge]? {
        var visits = [Int?](repeating: nil, count: parents.count)
        for start in parents.indices where visits[start] == nil {
            var vertex = start
            while visits[vertex] == nil, let parent = parents[vertex] {
                visits[vertex] = start
                vertex = edges[parent].from
            }
            guard visits[vertex] == start, parents[vertex] != nil else { continue }
            var cycle: [Edge] = []
            var next = vertex
            repeat {
                guard let parent = parents[next] else { break }
                cycle.append(edges[parent])
                next = edges[parent].from
            } while next != vertex
            return cycle
        }
        return nil
    }
}
