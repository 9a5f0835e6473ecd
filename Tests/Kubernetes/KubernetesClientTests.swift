import APIServerFixture
import FoundationEssentials
import Glibc
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

    private static func httpDate(_ seconds: Int) -> String {
        var (moment, parts) = (time_t(seconds), tm())
        gmtime_r(&moment, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let length = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
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

    @Test("A date to come back at is waited for")
    func retryAfterDate() async throws {
        let server = FaultyServer { connection, request in
            if connection.number == 1 {
                // Without the date a POST that was answered 503 would not be sent again.
                let date = Self.httpDate(Int(Time.now.seconds) + 3)
                connection.answer(503, "slow down", headers: ["Retry-After": date, "Connection": "close"])
                connection.reset()
            } else {
                connection.answer(200, Self.map)
            }
        }
        defer { server.stop() }
        let start = ContinuousClock.now
        _ = try await client(server).create(JSONValue(json: Self.map), as: ConfigMap.self)
        // The date is of whole seconds.
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(server.requests.count == 2)
    }

    @Test(
        "What a server may say of when to come back",
        arguments: [
            ("7", 7), ("0", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 12), ("Sun, 06 Nov 1994 08:49:20 GMT", 0),
            ("-1", nil), ("", nil), ("soon", nil),
        ] as [(String, Int?)]
    )
    func retryAfterValues(value: String, seconds: Int?) {
        #expect(RetryAfter.seconds(value, now: Time(seconds: 784_111_765)) == seconds)
    }

    @Test("An eviction that the budget forbids is an error at once, with the wait that the server asks for")
    func evictionForbidden() async throws {
        let status = """
            {"kind":"Status","status":"Failure","reason":"TooManyRequests","code":429,
             "message":"Cannot evict pod as it would violate the pod's disruption budget.",
             "details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget a needs 2 healthy pods"}]}}
            """
        let server = FaultyServer { connection, request in
            // First the client asks which version of the eviction the server knows.
            if request.method == "POST" {
                connection.answer(429, status, headers: ["Retry-After": "10"])
            } else {
                connection.answer(404, Self.status(404, "NotFound"))
            }
        }
        defer { server.stop() }
        let error = await #expect(throws: APIError.self) { try await client(server).evict(key) }
        #expect(error?.isTooManyRequests == true)
        #expect(error?.status.reason == "TooManyRequests")
        #expect(error?.status.causes.map(\.reason) == ["DisruptionBudget"])
        #expect(error?.status.retryAfterSeconds == 10)
        let evictions = server.requests.filter { $0.method == "POST" }.map(\.target)
        #expect(evictions == ["/api/v1/namespaces/n/pods/a/eviction"])
    }

    @Test("A log is read as the kubelet writes it")
    func logs() async throws {
        let text = "one\n{\"not\": \"an object\"}\nlast line without an end"
        let server = FaultyServer { connection, _ in connection.answer(200, text) }
        defer { server.stop() }
        var options = LogOptions(container: "db", tailLines: 5)
        options.isPrevious = true
        #expect(try await client(server).logs(key, options) == text)
        let target = "/api/v1/namespaces/n/pods/a/log?container=db&tailLines=5&previous=true"
        #expect(server.requests.map(\.target) == [target])
    }

    @Test("A log that is followed arrives as it grows, and ends with the container")
    func followLogs() async throws {
        let grow = Mutex(false)
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            connection.chunk("first\n")
            while !grow.withLock({ $0 }) { usleep(10_000) }
            connection.chunk("second\n")
            connection.endChunks()
        }
        defer { server.stop() }
        var chunks = try await client(server).followLogs(key).makeAsyncIterator()
        // The rest is only written when the first line has been read.
        #expect(try await chunks.next() == Array("first\n".utf8))
        grow.withLock { $0 = true }
        #expect(try await chunks.next() == Array("second\n".utf8))
        #expect(try await chunks.next() == nil)
        #expect(server.requests.map(\.target) == ["/api/v1/namespaces/n/pods/a/log?follow=true"])
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
