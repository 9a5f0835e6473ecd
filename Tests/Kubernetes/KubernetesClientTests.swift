import FoundationEssentials
import KubernetesModel
import Synchronization
import Testing

@testable import Kubernetes

@Suite("Client against a faulty server", .timeLimit(.minutes(1)))
struct KubernetesClientTests {
    private let key = ObjectKey(namespace: "n", name: "a")

    private func client(_ server: FaultyServer, identity: Configuration.Identity = .none) -> KubernetesClient {
        KubernetesClient(Configuration(server: server.url, identity: identity), fieldManager: "test")
    }

    private static let map = #"{"metadata":{"name":"a","namespace":"n"},"data":{"k":"v"}}"#

    private static func status(_ code: Int, _ reason: String) -> String {
        #"{"kind":"Status","status":"Failure","message":"because","reason":"\#(reason)","code":\#(code)}"#
    }

    @Test("Patience is had when it is asked for", arguments: [429, 503])
    func retryAfter(code: Int) async throws {
        let server = FaultyServer { connection, _ in
            if connection.number == 1 {
                connection.answer(code, "slow down", headers: ["Retry-After": "1", "Connection": "close"])
                connection.reset()
            } else {
                connection.answer(200, Self.map)
            }
        }
        defer { server.stop() }
        let start = ContinuousClock.now
        // A POST too: the server has not begun with it.
        let object = try await client(server).create(JSONValue(json: Self.map), as: ConfigMap.self)
        #expect(object.data == ["k": "v"])
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(server.requests.count == 2)
    }

    @Test("Patience has an end")
    func attempts() async throws {
        let server = FaultyServer { connection, _ in connection.answer(429, Self.status(429, "TooManyRequests")) }
        defer { server.stop() }
        let error = await #expect(throws: APIError.self) { try await client(server).get(ConfigMap.self, key) }
        #expect(error?.isTooManyRequests == true)
        #expect(server.requests.count == 4)
    }

    @Test("A lost connection is tried again for what can be repeated, and for nothing else")
    func lostConnection() async throws {
        let server = FaultyServer { connection, _ in
            if connection.number == 1 { connection.reset() } else { connection.answer(200, Self.map) }
        }
        defer { server.stop() }
        _ = try await client(server).get(ConfigMap.self, key)
        #expect(server.requests.count == 2)

        let other = FaultyServer { connection, _ in connection.reset() }
        defer { other.stop() }
        await #expect(throws: TransportError.self) {
            try await client(other).create(JSONValue(json: Self.map), as: ConfigMap.self)
        }
        // libcurl itself may send once more on a kept connection, never on a new one.
        #expect(other.requests.count == 1)
    }

    @Test(
        "Refusals are typed",
        arguments: [
            (404, "NotFound"), (409, "Conflict"), (409, "AlreadyExists"), (403, "Forbidden"), (422, "Invalid"),
            (400, "BadRequest"),
        ]
    )
    func refusals(code: Int, reason: String) async throws {
        let server = FaultyServer { connection, _ in connection.answer(code, Self.status(code, reason)) }
        defer { server.stop() }
        let error = try #require(
            await #expect(throws: APIError.self) { try await client(server).get(ConfigMap.self, key) }
        )
        #expect(error.isNotFound == (reason == "NotFound"))
        #expect(error.isConflict == (reason == "Conflict"))
        #expect(error.isAlreadyExists == (reason == "AlreadyExists"))
        #expect(error.isForbidden == (reason == "Forbidden"))
        #expect(error.isInvalid == (reason == "Invalid"))
        #expect(error.description == "GET /api/v1/namespaces/n/configmaps/a: because (\(code) \(reason))")
        #expect(server.requests.count == 1)
    }

    @Test("An answer of a proxy is an error with its text")
    func foreign() async throws {
        let server = FaultyServer { connection, _ in connection.answer(502, "<html>bad gateway</html>") }
        defer { server.stop() }
        let error = await #expect(throws: APIError.self) { try await client(server).get(ConfigMap.self, key) }
        #expect(error?.status.code == 502)
        #expect(error?.status.message.contains("bad gateway") == true)
    }

    @Test("An answer that is no object is an error")
    func noObject() async throws {
        let server = FaultyServer { connection, _ in connection.answer(200, "<html>welcome</html>") }
        defer { server.stop() }
        await #expect(throws: JSONError.self) { try await client(server).get(ConfigMap.self, key) }
    }

    @Test("Pages are put together, and a forgotten page starts the list again")
    func pages() async throws {
        let failed = Mutex(false)
        let server = FaultyServer { connection, request in
            func page(_ name: String, next: String) -> String {
                #"{"metadata":{"resourceVersion":"9","continue":"\#(next)"},"items":[{"metadata":{"name":"\#(name)"}}]}"#
            }
            if !request.target.contains("continue=") {
                connection.answer(200, page("one", next: "c/1="))
            } else if failed.withLock({ failed in
                defer { failed = true }; return !failed
            }) {
                connection.answer(410, Self.status(410, "Expired"))
            } else {
                connection.answer(200, page("two", next: ""))
            }
        }
        defer { server.stop() }
        let list = try await client(server).list(ConfigMap.self, in: "n", ListOptions(pageSize: 1))
        #expect(list.items.map(\.metadata.name) == ["one", "two"])
        #expect(list.metadata.resourceVersion == "9")
        #expect(server.requests.count == 4)
        #expect(server.requests[1].target.contains("continue=c%2F1%3D"))
    }

    @Test("A name that is missing is no request about all objects")
    func noName() async throws {
        let server = FaultyServer { connection, _ in connection.answer(200, "{}") }
        defer { server.stop() }
        for key in [ObjectKey(namespace: "n", name: ""), ObjectKey(name: "a")] {
            let error = await #expect(throws: APIError.self) { try await client(server).delete(ConfigMap.self, key) }
            #expect(error?.isBadRequest == true)
        }
        #expect(server.requests.isEmpty)
    }

    @Test("A token file is read again when the server does not accept the token")
    func renewedToken() async throws {
        let file = FileManager.default.temporaryDirectory.path() + "/xdb-token-\(UInt64.random(in: 0...UInt64.max))"
        try "old\n".write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let server = FaultyServer { connection, request in
            if request.headers["authorization"] == "Bearer new" {
                connection.answer(200, Self.map)
            } else {
                connection.answer(401, Self.status(401, "Unauthorized"))
            }
        }
        defer { server.stop() }
        let client = client(server, identity: .tokenFile(file))
        // The same token again is no reason to ask again.
        let error = await #expect(throws: APIError.self) { try await client.get(ConfigMap.self, key) }
        #expect(error?.isUnauthorized == true)
        #expect(server.requests.count == 1)
        try "new\n".write(toFile: file, atomically: true, encoding: .utf8)
        _ = try await client.get(ConfigMap.self, key)
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer old", "Bearer old", "Bearer new"])
    }

    @Test("Every exchange is observed")
    func observation() async throws {
        let server = FaultyServer { connection, _ in connection.answer(404, Self.status(404, "NotFound")) }
        defer { server.stop() }
        let seen = Mutex<[String]>([])
        let client = KubernetesClient(Configuration(server: server.url), fieldManager: "test") { observation in
            seen.withLock { $0.append("\(observation.method) \(observation.resource) \(observation.code ?? 0)") }
        }
        #expect(try await client.find(ConfigMap.self, key) == nil)
        #expect(seen.withLock { $0 } == ["GET configmaps 404"])
    }
}
