/// Which of the keys that are ready goes first.
public enum Priority: Int, Hashable, Sendable, Comparable {
    /// What nobody waits for: the first list after a start, periodic looks.
    case low
    /// What has just changed.
    case high

    /// Orders low before high.
    public static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}

/// What became of the work on a key.
public enum WorkOutcome: Hashable, Sendable {
    /// Nothing more to do until something changes. Failures are forgotten.
    case done
    /// It worked, and wants to look again. Failures are forgotten.
    case again(after: Duration)
    /// It failed: once more after a pause that grows with every failure in a row.
    case failed
}

/// The rules of a work queue: no clock, no lock, no task.
///
/// A key is at any time in one place only: it waits for its moment, is ready, or is being worked on. What is added
/// while it is being worked on is remembered as one wish and takes effect when the work ends; so a key never has two
/// workers, and a change that arrives during the work is never lost.
struct WorkQueueState<Key: Hashable & Sendable>: Sendable {
    /// What the caller has to do after `advance`.
    struct Actions: Equatable {
        /// Keys to start work on; `finish` must follow for each.
        var start: [Start] = []
        /// When to call `advance` again although nothing happens.
        var wake: Duration?
        /// The queue was shut down and the last worker has ended.
        var finished = false
    }

    struct Start: Equatable {
        var key: Key
        /// How long it was ready before a worker was free.
        var waited: Duration
    }

    enum Shutdown: Equatable {
        /// Work that has begun is finished; nothing is begun.
        case finishCurrent
        /// Also what is ready is worked on.
        case drain
    }

    private struct Wish {
        var due: Duration
        var priority: Priority

        func merged(with other: Wish) -> Wish {
            Wish(due: min(due, other.due), priority: max(priority, other.priority))
        }
    }

    private struct Waiting {
        var wish: Wish
        /// Tells the valid entry in `ready` or `delayed` from those that a later wish replaced.
        var ticket: UInt64
        var readySince: Duration?
    }

    private struct Working {
        var since: Duration
        var priority: Priority
        var next: Wish?
    }

    /// After so many high keys in a row a low one has its turn.
    static var highPerLow: Int { 4 }

    private let workers: Int
    private let backoff: Backoff
    private var waiting: [Key: Waiting] = [:]
    private var working: [Key: Working] = [:]
    private var failures: [Key: Int] = [:]
    private var readyHigh = Line<Key>()
    private var readyLow = Line<Key>()
    private var delayed = Agenda<Key>()
    private var highInARow = 0
    private var lastTicket: UInt64 = 0
    private(set) var shutdown: Shutdown?

    init(workers: Int, backoff: Backoff) {
        precondition(workers > 0, "a queue without workers never does anything")
        self.workers = workers
        self.backoff = backoff
    }

    /// Wishes for work on a key, at once or after a pause.
    ///
    /// Several wishes for one key become one: the earliest moment, the higher priority. Returns false when the wish
    /// changed nothing.
    @discardableResult
    mutating func add(_ key: Key, priority: Priority, after pause: Duration = .zero, now: Duration) -> Bool {
        guard shutdown == nil else { return false }
        accept(Wish(due: now + max(pause, .zero), priority: priority), for: key, now: now)
        return true
    }

    /// Ends the work on a key.
    ///
    /// `chance`, from 0 up to 1, is the jitter of the pause after a failure.
    mutating func finish(_ key: Key, _ outcome: WorkOutcome, chance: Double, now: Duration) {
        guard let work = working.removeValue(forKey: key) else { return }
        var wishes = work.next.map { [$0] } ?? []
        switch outcome {
        case .done:
            failures[key] = nil
        case .again(let pause):
            failures[key] = nil
            wishes.append(Wish(due: now + max(pause, .zero), priority: .low))
        case .failed:
            let count = failures[key, default: 0] + 1
            failures[key] = count
            wishes.append(
                Wish(due: now + backoff.pause(failures: count, chance: chance), priority: work.priority)
            )
        }
        for wish in wishes where shutdown == nil || (shutdown == .drain && wish.due <= now) {
            accept(wish, for: key, now: now)
        }
        if shutdown != nil { failures[key] = nil }
    }

    /// Starts what can be started by now.
    mutating func advance(now: Duration) -> Actions {
        while let item = delayed.earliest {
            guard let entry = waiting[item.key], entry.ticket == item.ticket else {
                delayed.removeEarliest()
                continue
            }
            guard item.due <= now else { break }
            delayed.removeEarliest()
            waiting[item.key]?.readySince = item.due
            enqueue(item.key, ticket: item.ticket, priority: entry.wish.priority)
        }
        var actions = Actions()
        while working.count < workers, let (key, entry) = takeReady() {
            working[key] = Working(since: now, priority: entry.wish.priority, next: nil)
            actions.start.append(Start(key: key, waited: now - (entry.readySince ?? now)))
        }
        actions.wake = delayed.earliest?.due
        actions.finished = shutdown != nil && working.isEmpty && waiting.isEmpty
        return actions
    }

    /// Accepts nothing more.
    ///
    /// Keys that wait for their moment are forgotten, and unless it drains those that are ready.
    mutating func shutDown(_ mode: Shutdown) {
        guard shutdown != .finishCurrent else { return }
        shutdown = mode
        delayed = Agenda()
        waiting = mode == .drain ? waiting.filter { $0.value.readySince != nil } : [:]
        failures = [:]
        for key in working.keys where mode == .finishCurrent { working[key]?.next = nil }
    }

    // MARK: What the metrics and tests ask

    /// How many keys are ready and wait for a worker.
    func depth(_ priority: Priority) -> Int {
        waiting.values.count { $0.readySince != nil && $0.wish.priority == priority }
    }

    /// How many keys are being worked on.
    var workingCount: Int { working.count }

    /// For each key being worked on, for how long.
    func unfinished(now: Duration) -> [Duration] { working.values.map { now - $0.since } }

    /// How often in a row the work on a key has failed.
    func failureCount(_ key: Key) -> Int { failures[key, default: 0] }

    // MARK: -

    private mutating func accept(_ wish: Wish, for key: Key, now: Duration) {
        if let work = working[key] {
            working[key]?.next = work.next?.merged(with: wish) ?? wish
            return
        }
        let old = waiting[key]
        let merged = old?.wish.merged(with: wish) ?? wish
        if let old, merged.due == old.wish.due, merged.priority == old.wish.priority { return }
        let isReady = old?.readySince != nil || merged.due <= now
        // A key that is ready already keeps its place unless its priority rose.
        if let old, old.readySince != nil, merged.priority == old.wish.priority {
            waiting[key]?.wish = merged
            return
        }
        lastTicket += 1
        waiting[key] = Waiting(wish: merged, ticket: lastTicket, readySince: isReady ? old?.readySince ?? now : nil)
        if isReady {
            enqueue(key, ticket: lastTicket, priority: merged.priority)
        } else {
            delayed.insert(Agenda.Item(due: merged.due, ticket: lastTicket, key: key))
        }
    }

    private mutating func enqueue(_ key: Key, ticket: UInt64, priority: Priority) {
        switch priority {
        case .high: readyHigh.append((key, ticket))
        case .low: readyLow.append((key, ticket))
        }
    }

    private mutating func takeReady() -> (Key, Waiting)? {
        let lowHasItsTurn = highInARow >= Self.highPerLow
        if lowHasItsTurn, let low = take(from: \.readyLow) {
            highInARow = 0
            return low
        }
        if let high = take(from: \.readyHigh) {
            highInARow += 1
            return high
        }
        highInARow = 0
        return take(from: \.readyLow)
    }

    private mutating func take(from line: WritableKeyPath<Self, Line<Key>>) -> (Key, Waiting)? {
        while let (key, ticket) = self[keyPath: line].popFirst() {
            if let entry = waiting[key], entry.ticket == ticket {
                waiting[key] = nil
                return (key, entry)
            }
        }
        return nil
    }
}

/// First in, first out.
///
/// The space of what has left is given back when it is more than half.
private struct Line<Key: Sendable>: Sendable {
    private var items: [(Key, UInt64)] = []
    private var head = 0

    mutating func append(_ item: (Key, UInt64)) { items.append(item) }

    mutating func popFirst() -> (Key, UInt64)? {
        guard head < items.count else { return nil }
        let item = items[head]
        head += 1
        if head > 32, head * 2 > items.count {
            items.removeFirst(head)
            head = 0
        }
        return item
    }
}

/// What waits for its moment, earliest first: a binary heap.
private struct Agenda<Key: Sendable>: Sendable {
    struct Item: Sendable {
        var due: Duration
        var ticket: UInt64
        var key: Key

        func isBefore(_ other: Item) -> Bool { (due, ticket) < (other.due, other.ticket) }
    }

    private var items: [Item] = []

    var earliest: Item? { items.first }

    mutating func insert(_ item: Item) {
        items.append(item)
        var child = items.count - 1
        while child > 0, case let parent = (child - 1) / 2, items[child].isBefore(items[parent]) {
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeEarliest() {
        guard let last = items.popLast(), !items.isEmpty else { return }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
                if items[child].isBefore(items[least]) { least = child }
            }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
