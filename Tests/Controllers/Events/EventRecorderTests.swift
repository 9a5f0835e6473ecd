import KubernetesModel
import Logging
import ServiceLifecycle
import Testing

@testable import Controllers

private actor Sink: EventSink {
    struct Gone: Error {}
    struct Broken: Error {}

    private(set) var created: [Event] = []
    private(set) var series: [Int32] = []
    private var failures = 0
    private var forgets = false

    func fail(_ times: Int) { failures = times }
    func forget() { forgets = true }

    func create(_ event: Event) async throws {
        if failures > 0 {
            failures -= 1
            throw Broken()
        }
        created.append(event)
    }

    func setSeries(namespace: String, name: String, _ series: Event.Series) async throws {
        if forgets { throw Gone() }
        self.series.append(series.count)
    }

    nonisolated func isGone(_ error: any Error) -> Bool { error is Gone }
}

@Suite(.timeLimit(.minutes(3))) struct EventRecorderTests {
    private let group = ObjectReference(kind: "XDBGroup", namespace: "ns", name: "orders", uid: "u1")

    private func recorder(_ sink: Sink) -> EventRecorder {
        EventRecorder(
            controller: "xdb-operator",
            instance: "pod-0",
            sink: sink,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func `writes events, tries again, and makes an event anew that the server has forgotten`() async throws {
        let sink = Sink()
        let recorder = recorder(sink)
        let task = Task { try await recorder.run() }
        await sink.fail(1)
        recorder.record(.warning, on: group, reason: "NoQuorum", action: "Elect", note: "two are missing")
        try await eventually("the event") { await sink.created.count == 1 }
        recorder.record(.warning, on: group, reason: "NoQuorum", action: "Elect", note: "two are missing")
        try await eventually("the series") { await sink.series == [2] }
        await sink.forget()
        recorder.record(.warning, on: group, reason: "NoQuorum", action: "Elect", note: "two are missing")
        // What is not due is written when it stops.
        task.cancel()
        try await task.value
        #expect(await sink.created.last?.series?.count == 3)
    }

    @Test func `an event that cannot be written is dropped, and the next is not`() async throws {
        let sink = Sink()
        let recorder = recorder(sink)
        let task = Task { try await recorder.run() }
        await sink.fail(3)
        recorder.record(on: group, reason: "First", action: "Test", note: "is lost")
        recorder.record(on: group, reason: "Second", action: "Test", note: "arrives")
        try await eventually("the second") { await sink.created.map(\.reason) == ["Second"] }
        task.cancel()
        try await task.value
    }
}
