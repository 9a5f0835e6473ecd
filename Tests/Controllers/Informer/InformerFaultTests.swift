import APIServerFixture
import Glibc
import Kubernetes
import KubernetesModel
import Logging
import Synchronization
import Testing

@testable import Controllers

/// The whole way from bytes on a connection to the cache, with connections that break.
@Suite(.timeLimit(.minutes(2))) struct InformerFaultTests {
    /// What happens to one request for ConfigMaps.
    enum Fault: String, CaseIterable, Sendable {
        /// The connection ends in the middle of an object.
        case cut
        /// It is reset.
        case reset
        /// The stream ends in order, early.
        case end
        /// What comes is no JSON.
        case garbage
        /// The version is too old, told in the stream or instead of it.
        case expired
        /// Come again at once.
        case busy
        case internalError
        /// Closed without a word.
        case nothing
    }

    /// ConfigMaps with a history, over HTTP.
    final class Server: Sendable {
        private struct State {
            var version = 1
            var objects: [String: Int] = [:]
            var history: [(version: Int, event: String)] = []
            var faults: [Fault] = []
            var isStopped = false
        }

        private let state = Mutex(State())

        /// Names and versions.
        var objects: [String: Int] { state.withLock { $0.objects } }
        /// How many faults are still to come.
        var faultsLeft: Int { state.withLock { $0.faults.count } }

        func put(_ name: String) {
            state.withLock { state in
                state.version += 1
                let type = state.objects.updateValue(state.version, forKey: name) == nil ? "ADDED" : "MODIFIED"
                state.history.append((state.version, Self.event(type, name, state.version)))
            }
        }

        func remove(_ name: String) {
            state.withLock { state in
                guard state.objects.removeValue(forKey: name) != nil else { return }
                state.version += 1
                state.history.append((state.version, Self.event("DELETED", name, state.version)))
            }
        }

        func add(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }

        func stop() { state.withLock { $0.isStopped = true } }

        func serve(_ connection: FaultyServer.Connection, _ request: FaultyServer.Connection.Request) {
            guard request.target.contains("/configmaps") else {
                return connection.answer(200, #"{"major":"1","minor":"20","gitVersion":"v1.20.2"}"#)
            }
            if request.target.contains("watch=true") {
                watch(connection, from: Self.version(in: request.target))
            } else {
                list(connection)
            }
        }

        private func list(_ connection: FaultyServer.Connection) {
            let (body, fault) = state.withLock { state in
                let items = state.objects.map { Self.object($0, $1) }.joined(separator: ",")
                let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
                return (#"{"metadata":{"resourceVersion":"\#(state.version)"},"items":[\#(items)]}"#, fault)
            }
            if let fault { return fail(connection, fault, amidst: body) }
            connection.answer(200, body)
        }

        /// Sends what comes until a fault is wished for.
        private func watch(_ connection: FaultyServer.Connection, from version: Int) {
            var version = version
            connection.beginChunks()
            while true {
                let (news, fault, isStopped) = state.withLock { state in
                    let news = state.history.filter { $0.version > version }
                    return (news, state.faults.isEmpty ? nil : state.faults.removeFirst(), state.isStopped)
                }
                if isStopped { return connection.endChunks() }
                if let fault {
                    let next = news.first?.event ?? Self.event("MODIFIED", "never", 0)
                    return failStream(connection, fault, amidst: next)
                }
                for one in news {
                    guard connection.chunk(one.event + "\n") else { return }
                    version = one.version
                }
                usleep(2000)
            }
        }

        private func fail(_ connection: FaultyServer.Connection, _ fault: Fault, amidst body: String) {
            switch fault {
            case .cut, .end:
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
                connection.send(String(body.prefix(body.count / 2)))
                connection.reset()
            case .reset, .nothing: connection.reset()
            case .garbage: connection.answer(200, "<html>")
            case .expired: connection.answer(410, Self.status(410, "Expired"))
            case .busy:
                connection.answer(503, Self.status(503, "ServiceUnavailable"), headers: ["Retry-After": "0"])
            case .internalError: connection.answer(500, Self.status(500, "InternalError"))
            }
        }

        private func failStream(_ connection: FaultyServer.Connection, _ fault: Fault, amidst event: String) {
            switch fault {
            case .cut, .internalError, .busy:
                connection.chunk(String(event.prefix(event.count / 2)))
                connection.reset()
            case .reset, .nothing: connection.reset()
            case .end: connection.endChunks()
            case .garbage:
                connection.chunk("<html>\n")
                connection.endChunks()
            case .expired:
                connection.chunk(#"{"type":"ERROR","object":\#(Self.status(410, "Expired"))}"# + "\n")
                connection.endChunks()
            }
        }

        private static func version(in target: String) -> Int {
            let value = target.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix("resourceVersion=") }
            return value.flatMap { Int($0.dropFirst("resourceVersion=".count)) } ?? 0
        }

        private static func object(_ name: String, _ version: Int) -> String {
            #"{"metadata":{"name":"\#(name)","namespace":"n","uid":"\#(name)","resourceVersion":"\#(version)"}}"#
        }

        private static func event(_ type: String, _ name: String, _ version: Int) -> String {
            #"{"type":"\#(type)","object":\#(object(name, version))}"#
        }

        private static func status(_ code: Int, _ reason: String) -> String {
            #"{"kind":"Status","status":"Failure","code":\#(code),"reason":"\#(reason)","message":"no"}"#
        }
    }

    /// Every fault is met twice in a row, in an order that the seed draws, while objects come, change and go.
    @Test(arguments: 0..<4)
    func `the cache ends as the server, however the connections break`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let objects = Server()
        let server = FaultyServer { objects.serve($0, $1) }
        defer {
            objects.stop()
            server.stop()
        }
        for number in 0..<5 { objects.put("m\(number)") }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let client = KubernetesClient(
            Configuration(server: server.url),
            fieldManager: "test",
            limits: .init(attempts: 1),
            logger: logger
        )
        let cache = Cache<ConfigMap>()
        var tuning = ReflectorTuning()
        tuning.backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(5))
        let reflector = Reflector(
            name: "test",
            source: ClientSource<ConfigMap>(client: client, scope: .all),
            cache: cache,
            transform: nil,
            time: .continuous,
            logger: logger,
            metrics: nil,
            tuning: tuning
        )
        let task = Task { try await reflector.run() }
        defer { task.cancel() }
        for fault in Fault.allCases.shuffled(using: &random) {
            for name in (0..<8).shuffled(using: &random).prefix(4) { objects.put("m\(name)") }
            objects.remove("m\(Int.random(in: 0..<8, using: &random))")
            objects.add(fault)
            objects.add(fault)
            try await eventually("two requests end with \(fault)") { objects.faultsLeft == 0 }
        }
        try await eventually("agreement") {
            guard cache.hasSynced else { return false }
            let cached = try cache.list().map { ($0.metadata.name, Int($0.metadata.resourceVersion) ?? 0) }
            return Dictionary(uniqueKeysWithValues: cached) == objects.objects
        }
    }
}
