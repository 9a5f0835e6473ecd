import KubernetesModel

/// What is to be told about an object, before it is an `Event`.
struct EventRecord: Hashable, Sendable {
    var regarding: ObjectReference
    var related: ObjectReference?
    var type: Event.EventType
    var reason: String
    var action: String
    var note: String
}

/// The rules by which events become few: no clock, no connection.
///
/// What happens again within six minutes is one event with a count, and the count is written now and then; an object
/// that has too much to tell is cut short. So a loop that fails all night leaves one line and not thousands.
struct EventBook: Sendable {
    /// A write to the API server.
    enum Write: Equatable, Sendable {
        case create(Event)
        /// Replaces the series of the event.
        case series(namespace: String, name: String, Event.Series)
    }

    private struct Entry {
        var event: Event
        var count: Int32 = 1
        var lastSeen: Duration
        var lastDate: Time
        var writtenAt: Duration
        var writtenCount: Int32 = 1

        mutating func write(_ now: Duration) -> Write {
            writtenAt = now
            writtenCount = count
            return .series(
                namespace: event.metadata.namespace,
                name: event.metadata.name,
                Event.Series(count: count, lastObservedTime: MicroTime(lastDate))
            )
        }
    }

    private struct Bucket {
        var tokens: Double
        var refilledAt: Duration
    }

    /// A series that is silent for so long is over.
    static var seriesGap: Duration { .seconds(360) }
    /// The count of a series is written at most so often.
    static var seriesInterval: Duration { .seconds(30) }
    /// So many new events an object may have at once, and one more every `refill`.
    ///
    /// More than client-go allows (25, and one every five minutes): a bad hour of one database is a long story, and its
    /// end matters as much as its beginning.
    static var burst: Double { 100 }
    static var refill: Duration { .seconds(10) }
    /// No more series and no more objects than this are remembered.
    static var limit: Int { 2048 }
    /// The API server takes no longer note.
    static var noteBytes: Int { 1024 }

    let controller: String
    let instance: String
    private var entries: [EventRecord: Entry] = [:]
    private var buckets: [ObjectReference: Bucket] = [:]
    private(set) var suppressed = 0

    /// How many series are remembered.
    var remembered: Int { entries.count }

    init(controller: String, instance: String) {
        self.controller = controller
        self.instance = instance
    }

    /// Takes note, and says what to write at once.
    mutating func record(_ record: EventRecord, now: Duration, date: Time) -> Write? {
        var record = record
        record.note = Self.shortened(record.note)
        if var entry = entries[record], now - entry.lastSeen < Self.seriesGap {
            entry.count = entry.count == .max ? .max : entry.count + 1
            entry.lastSeen = now
            entry.lastDate = date
            // The second time is told at once, for it is news that it happens again.
            let write = entry.count == 2 || now - entry.writtenAt >= Self.seriesInterval ? entry.write(now) : nil
            entries[record] = entry
            return write
        }
        guard takeToken(of: record.regarding, now: now) else {
            suppressed += 1
            return nil
        }
        if entries.count >= Self.limit { forgetOldest() }
        let event = event(of: record, date: date)
        entries[record] = Entry(event: event, lastSeen: now, lastDate: date, writtenAt: now)
        return .create(event)
    }

    /// The counts that are due, and forgets the series that are over.
    ///
    /// With `all` also what is not due yet.
    mutating func flush(now: Duration, all: Bool = false) -> [Write] {
        var writes: [Write] = []
        for (record, entry) in entries {
            var entry = entry
            let isOver = now - entry.lastSeen >= Self.seriesGap
            let isDue = all || isOver || now - entry.writtenAt >= Self.seriesInterval
            if isDue, entry.count > entry.writtenCount {
                writes.append(entry.write(now))
            }
            entries[record] = isOver ? nil : entry
        }
        buckets = buckets.filter { now - $0.value.refilledAt < Self.refill * Self.burst }
        return writes
    }

    /// When `flush` has something to do next; nil when nothing waits.
    func nextFlush() -> Duration? {
        entries.values.map { entry in
            let isOver = entry.lastSeen + Self.seriesGap
            return entry.count > entry.writtenCount ? min(isOver, entry.writtenAt + Self.seriesInterval) : isOver
        }.min()
    }

    /// The event as a whole, with its series: for when the server has deleted the one that it was.
    func whole(namespace: String, name: String, series: Event.Series) -> Event? {
        guard var event = entries.values.first(where: { $0.event.key.name == name })?.event,
            event.metadata.namespace == namespace
        else { return nil }
        event.series = series
        return event
    }

    // MARK: -

    private func event(of record: EventRecord, date: Time) -> Event {
        // As every client does: the object's name and the moment; unique enough, and sorted by time.
        let nanoseconds = UInt64(max(date.seconds, 0)) &* 1_000_000_000 &+ UInt64(date.nanoseconds)
        let suffix = "." + String(nanoseconds, radix: 16)
        let name = record.regarding.name.prefix(253 - suffix.count) + suffix
        // Events about objects of the whole cluster stand in `default`.
        let namespace = record.regarding.namespace.isEmpty ? "default" : record.regarding.namespace
        var event = Event(metadata: ObjectMeta(name: String(name), namespace: namespace))
        event.eventTime = MicroTime(date)
        event.reportingController = controller
        event.reportingInstance = instance
        event.action = record.action
        event.reason = record.reason
        event.regarding = record.regarding
        event.related = record.related
        event.note = record.note
        event.type = record.type
        return event
    }

    private mutating func takeToken(of object: ObjectReference, now: Duration) -> Bool {
        if buckets[object] == nil, buckets.count >= Self.limit,
            let oldest = buckets.min(by: { $0.value.refilledAt < $1.value.refilledAt })
        {
            buckets[oldest.key] = nil
        }
        var bucket = buckets[object] ?? Bucket(tokens: Self.burst, refilledAt: now)
        bucket.tokens = min(Self.burst, bucket.tokens + (now - bucket.refilledAt) / Self.refill)
        bucket.refilledAt = now
        defer { buckets[object] = bucket }
        guard bucket.tokens >= 1 else { return false }
        bucket.tokens -= 1
        return true
    }

    private mutating func forgetOldest() {
        if let oldest = entries.min(by: { $0.value.lastSeen < $1.value.lastSeen }) { entries[oldest.key] = nil }
    }

    private static func shortened(_ note: String) -> String {
        guard note.utf8.count > noteBytes else { return note }
        var short = ""
        for character in note {
            if short.utf8.count + String(character).utf8.count > noteBytes - 3 { break }
            short.append(character)
        }
        return short + "…"
    }
}
