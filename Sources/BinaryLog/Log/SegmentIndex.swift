import XDB

/// Where some of a segment's groups begin, in order.
struct SegmentIndex: Sendable {
    struct Entry: Hashable, Sendable {
        var position: Position
        var offset: UInt64
    }

    private(set) var entries: [Entry] = []

    mutating func append(_ entry: Entry) {
        entries.append(entry)
    }

    mutating func removeAll(from offset: UInt64) {
        while let last = entries.last, last.offset >= offset { entries.removeLast() }
    }

    /// The last entry whose group is at or before a position.
    func last(through position: Position) -> Entry? {
        let count = firstIndex(after: position)
        return count == 0 ? nil : entries[count - 1]
    }

    /// The first entry whose group is after a position.
    func first(after position: Position) -> Entry? {
        let index = firstIndex(after: position)
        return index == entries.count ? nil : entries[index]
    }

    private func firstIndex(after position: Position) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].position <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
