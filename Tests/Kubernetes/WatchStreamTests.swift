import APIServerFixture
import Glibc
import KubernetesModel
import Testing

@testable import Kubernetes

@Suite("Watch stream", .timeLimit(.minutes(1)))
struct WatchStreamTests {
    private func client(_ server: FaultyServer) -> KubernetesClient {
        KubernetesClient(Configuration(server: server.url), fieldManager: "test", limits: .init(attempts: 1))
    }

    private func map(_ name: String, _ version: Int) -> String {
        #"{"kind":"ConfigMap","metadata":{"name":"\#(name)","namespace":"n","resourceVersion":"\#(version)"},"data":{"k":"v"}}"#
    }

    private func collect(_ options: WatchOptions = WatchOptions(), _ server: FaultyServer) async throws -> [String] {
        var events: [String] = []
        for try await event in try await client(server).watch(ConfigMap.self, in: "n", options) {
            switch event {
            case .added(let object): events.append("+\(object.metadata.name)")
            case .modified(let object): events.append("~\(object.metadata.name)")
            case .deleted(let object): events.append("-\(object.metadata.name)")
            case .bookmark(let version, let isEnd): events.append("@\(version)\(isEnd ? "!" : "")")
            }
        }
        return events
    }

    @Test("Events arrive in order, wherever the bytes are cut", arguments: [1, 2, 7, 100, 100_000])
    func events(piece: Int) async throws {
        let stream =
            [
                #"{"type":"ADDED","object":\#(map("a", 1))}"#, #"{"object":\#(map("b", 2)),"type":"ADDED"}"#,
                #"{"type":"MODIFIED","object":\#(map("a", 3))}"#, "", #"{"type":"FUTURE","object":{"x":1}}"#,
                #"{"type":"BOOKMARK","object":{"kind":"ConfigMap","metadata":{"resourceVersion":"4","annotations":{"k8s.io/initial-events-end":"true"}}}}"#,
                #"{"type":"DELETED","object":\#(map("b", 5))}"#,
                #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"6"}}}"#,
            ].joined(separator: "\n") + "\n"
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            var rest = stream[...]
            while !rest.isEmpty {
                connection.chunk(String(rest.prefix(piece)))
                rest = rest.dropFirst(piece)
            }
            connection.endChunks()
        }
        defer { server.stop() }
        let options = WatchOptions(.init(labels: "a in (b,c)"), resourceVersion: "7")
        #expect(try await collect(options, server) == ["+a", "+b", "~a", "@4!", "-b", "@6"])
        let target = try #require(server.requests.first?.target)
        #expect(target.hasPrefix("/api/v1/namespaces/n/configmaps?"))
        for part in [
            "watch=true", "allowWatchBookmarks=true", "resourceVersion=7", "labelSelector=a%20in%20%28b%2Cc%29",
        ] {
            #expect(target.contains(part))
        }
    }

    @Test("A line that is cut off is dropped, a broken connection is an error")
    func cutLine() async throws {
        let line = #"{"type":"ADDED","object":\#(map("a", 1))}"#
        let clean = FaultyServer { connection, _ in
            connection.beginChunks()
            connection.chunk(line + "\n" + String(line.dropLast(10)))
            connection.endChunks()
        }
        defer { clean.stop() }
        #expect(try await collect(server: clean) == ["+a"])

        let broken = FaultyServer { connection, _ in
            connection.beginChunks()
            connection.chunk(line + "\n" + String(line.dropLast(10)))
            usleep(100_000)
            connection.reset()
        }
        defer { broken.stop() }
        var events = try await client(broken).watch(ConfigMap.self, in: "n", WatchOptions()).makeAsyncIterator()
        guard case .added = try await events.next() else {
            throw APIError(APIStatus(code: 0, message: "no event"), request: "")
        }
        await #expect(throws: TransportError.self) { while try await events.next() != nil {} }
    }

    private func collect(server: FaultyServer) async throws -> [String] { try await collect(WatchOptions(), server) }

    @Test("Garbage within the stream is an error")
    func garbage() async throws {
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            connection.chunk(#"{"type":"ADDED","object":{"metadata":{"name":7}}}"# + "\n")
            connection.endChunks()
        }
        defer { server.stop() }
        await #expect(throws: JSONError.self) { try await collect(server: server) }
    }

    @Test("A forgotten version is told within the stream, or instead of one", arguments: [true, false])
    func gone(inStream: Bool) async throws {
        let status =
            #"{"kind":"Status","status":"Failure","message":"too old resource version","reason":"Expired","code":410}"#
        let server = FaultyServer { connection, _ in
            if inStream {
                connection.beginChunks()
                connection.chunk(#"{"type":"ERROR","object":\#(status)}"# + "\n")
                connection.endChunks()
            } else {
                connection.answer(410, status)
            }
        }
        defer { server.stop() }
        let error = await #expect(throws: APIError.self) { try await collect(server: server) }
        #expect(error?.isGone == true)
        #expect(error?.status.reason == "Expired")
    }

    @Test("Silence ends the watch")
    func silence() async throws {
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            connection.stall()
        }
        defer { server.stop() }
        let error = await #expect(throws: TransportError.self) {
            try await collect(WatchOptions(idleTimeout: .milliseconds(300)), server)
        }
        #expect(error?.reason == .idleTimeout)
    }

    @Test("Cancelling the reader ends the watch")
    func cancel() async throws {
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            connection.stall()
        }
        defer { server.stop() }
        let task = Task { try await collect(server: server) }
        try await Task.sleep(for: .milliseconds(200))
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start < .seconds(5))
    }
}
