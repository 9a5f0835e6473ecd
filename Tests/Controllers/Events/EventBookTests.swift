import KubernetesModel
import Testing

@testable import Controllers

@Suite struct EventBookTests {
    private let group = ObjectReference(apiVersion: "v1", kind: "XDBGroup", namespace: "ns", name: "orders", uid: "u1")
    private let date = Time(seconds: 1_700_000_000, nanoseconds: 5)

    private func book() -> EventBook { EventBook(controller: "xdb-operator", instance: "pod-0") }

    private func record(_ note: String = "n", on object: ObjectReference? = nil) -> EventRecord {
        EventRecord(regarding: object ?? group, type: .warning, reason: "NoQuorum", action: "Elect", note: note)
    }

    private func count(_ write: EventBook.Write?) -> Int32? {
        if case .series(_, _, let series)? = write { series.count } else { nil }
    }

    @Test func `the first is an event of its own`() throws {
        var book = book()
        guard case .create(let event)? = book.record(record(), now: .zero, date: date) else {
            return #expect(Bool(false), "it should be written")
        }
        #expect(event.metadata.name == "orders.17979cfe362a0005")
        #expect(event.metadata.namespace == "ns")
        #expect(event.eventTime == MicroTime(date))
        #expect(event.reportingController == "xdb-operator")
        #expect(event.reportingInstance == "pod-0")
        #expect(event.series == nil)
        #expect(event.regarding == group)
    }

    @Test func `the same again is a series, whose count is written now and then`() {
        var book = book()
        _ = book.record(record(), now: .zero, date: date)
        #expect(count(book.record(record(), now: .seconds(1), date: date)) == 2)
        for second in 2...29 {
            #expect(book.record(record(), now: .seconds(second), date: date) == nil)
        }
        #expect(book.flush(now: .seconds(30)).isEmpty)
        let flushed = book.flush(now: .seconds(31))
        #expect(flushed.map { count($0) } == [30])
        #expect(book.flush(now: .seconds(32), all: true).isEmpty)
    }

    @Test func `a series that is silent for six minutes is over, and its last count written`() {
        var book = book()
        _ = book.record(record(), now: .zero, date: date)
        _ = book.record(record(), now: .seconds(1), date: date)
        _ = book.record(record(), now: .seconds(2), date: date)
        #expect(book.flush(now: .seconds(400)).map { count($0) } == [3])
        guard case .create? = book.record(record(), now: .seconds(401), date: date) else {
            return #expect(Bool(false), "a new event was expected")
        }
    }

    @Test func `other words are other events`() {
        var book = book()
        for note in ["a", "b", "c"] {
            guard case .create? = book.record(record(note), now: .zero, date: date) else {
                return #expect(Bool(false), "an event was expected")
            }
        }
    }

    @Test func `an object that has too much to tell is cut short, and others are not`() {
        var book = book()
        let burst = Int(EventBook.burst)
        let written = (0..<burst + 75).count { book.record(record("\($0)"), now: .zero, date: date) != nil }
        #expect(written == burst)
        #expect(book.suppressed == 75)
        var other = group
        other.uid = "u2"
        #expect(book.record(record(on: other), now: .zero, date: date) != nil)
        #expect(book.record(record("later"), now: .seconds(61), date: date) != nil)
    }

    @Test func `a note that is too long is cut at a character`() {
        var book = book()
        let long = String(repeating: "ä", count: 2000)
        guard case .create(let event)? = book.record(record(long), now: .zero, date: date) else {
            return #expect(Bool(false), "an event was expected")
        }
        #expect(event.note.utf8.count <= 1024)
        #expect(event.note.hasSuffix("ä…"))
    }

    @Test func `events of objects of the whole cluster stand in default`() {
        var book = book()
        let node = ObjectReference(kind: "Node", name: String(repeating: "n", count: 253), uid: "n1")
        guard case .create(let event)? = book.record(record(on: node), now: .zero, date: date) else {
            return #expect(Bool(false), "an event was expected")
        }
        #expect(event.metadata.namespace == "default")
        #expect(event.metadata.name.count == 253)
    }

    @Test func `memory is bounded`() {
        var book = book()
        for number in 0..<10_000 {
            var object = group
            object.uid = "u\(number)"
            _ = book.record(record(on: object), now: .milliseconds(number), date: date)
        }
        #expect(book.flush(now: .seconds(11), all: true).isEmpty)
        #expect(book.remembered <= EventBook.limit)
    }
}
