import APIServerFixture
import Glibc
import Synchronization
import Testing

@testable import Kubernetes

@Suite("Transport", .timeLimit(.minutes(2)))
struct TransportTests {
    let transport = Transport()

    private func reason(_ body: () async throws -> Void) async -> TransportError.Reason? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? TransportError)?.reason
        }
    }

    @Test("A request arrives as it was made, and so does its answer")
    func exchange() async throws {
        let server = FaultyServer { connection, request in
            connection.answer(201, "body of \(request.method)", headers: ["X-Test": "yes"])
        }
        defer { server.stop() }
        var request = HTTPRequest(method: "PATCH", url: server.url + "/a?b=c", headers: [HTTPHeader("X-Name", "value")])
        request.body = Array("{}".utf8)
        let response = try await transport.send(request)
        #expect(response.head.status == 201)
        #expect(response.head["x-test"] == "yes")
        #expect(String(decoding: response.body, as: UTF8.self) == "body of PATCH")
        let seen = try #require(server.requests.first)
        #expect(seen.target == "/a?b=c")
        #expect(seen.headers["x-name"] == "value")
        #expect(seen.headers["expect"] == nil)
        #expect(seen.body == Array("{}".utf8))
    }

    @Test("An empty body is sent as one")
    func emptyBody() async throws {
        let server = FaultyServer { connection, _ in connection.answer(200, "") }
        defer { server.stop() }
        var request = HTTPRequest(method: "POST", url: server.url)
        request.body = []
        let response = try await transport.send(request)
        #expect(response.body.isEmpty)
        #expect(server.requests.first?.headers["content-length"] == "0")
    }

    @Test("Connections are kept for the next request, and streams have their own")
    func reuse() async throws {
        let server = FaultyServer { connection, _ in connection.answer(200, "\(connection.number)") }
        defer { server.stop() }
        for _ in 0..<5 { _ = try await transport.send(HTTPRequest(url: server.url)) }
        #expect(server.connections == 1)
        var request = HTTPRequest(url: server.url)
        request.connection = .own
        let (_, body) = try await transport.stream(request)
        #expect(try await body.collect(upTo: 100) == Array("2".utf8))
        _ = try await transport.send(HTTPRequest(url: server.url))
        #expect(server.connections == 2)
    }

    @Test("A body that is cut off is an error, and no short body")
    func cutBody() async {
        let server = FaultyServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
            connection.reset()
        }
        defer { server.stop() }
        #expect(await reason { _ = try await transport.send(HTTPRequest(url: server.url)) } == .connectionLost)
    }

    @Test("Garbage instead of HTTP is an error")
    func garbage() async {
        let server = FaultyServer { connection, _ in
            connection.send((0..<4096).map { _ in UInt8.random(in: 0...255) | 1 })
            connection.reset()
        }
        defer { server.stop() }
        #expect(await reason { _ = try await transport.send(HTTPRequest(url: server.url)) } != nil)
    }

    @Test("Nobody listens")
    func unreachable() async throws {
        let url = "http://127.0.0.1:\(try FreePort.take())"
        #expect(await reason { _ = try await transport.send(HTTPRequest(url: url)) } == .unreachable)
    }

    @Test("A name without an address")
    func unresolved() async {
        let found = await reason { _ = try await transport.send(HTTPRequest(url: "http://none.invalid")) }
        // A machine without a name server finds out by waiting.
        #expect(found == .unresolved || found == .connectTimeout)
    }

    @Test("Plain HTTP where TLS is expected")
    func noTLS() async {
        let server = FaultyServer { _, _ in }
        defer { server.stop() }
        let url = "https://127.0.0.1:\(server.port)"
        var request = HTTPRequest(url: url)
        request.timeout = .seconds(2)
        request.connectTimeout = .seconds(1)
        let found = await reason { _ = try await transport.send(request) }
        #expect(found == .tls || found == .connectTimeout || found == .timeout)
    }

    @Test("A wrong request is told before it is sent", arguments: ["", "ftp://host/", "http://"])
    func invalid(url: String) async {
        let found = await reason { _ = try await transport.send(HTTPRequest(url: url)) }
        #expect(found == .invalidRequest)
    }

    @Test("A header cannot carry another one")
    func injection() async {
        var request = HTTPRequest(url: "http://127.0.0.1:1")
        request.headers = [HTTPHeader("Authorization", "Bearer x\r\nImpersonate-User: admin")]
        let wrong = request
        #expect(await reason { _ = try await transport.send(wrong) } == .invalidRequest)
    }

    @Test("A whole answer must come in time")
    func timeout() async {
        let server = FaultyServer { connection, _ in connection.stall() }
        defer { server.stop() }
        var request = HTTPRequest(url: server.url)
        request.timeout = .milliseconds(200)
        let slow = request
        #expect(await reason { _ = try await transport.send(slow) } == .timeout)
    }

    @Test("A connection that only times out is given up for a new one")
    func newConnections() async throws {
        let server = FaultyServer { connection, _ in
            if connection.number <= 2 { connection.stall() } else { connection.answer(200, "ok") }
        }
        defer { server.stop() }
        var request = HTTPRequest(url: server.url)
        request.timeout = .milliseconds(200)
        for _ in 0..<2 { _ = try? await transport.send(request) }
        request.timeout = .seconds(5)
        #expect(try await transport.send(request).head.status == 200)
    }

    @Test("Silence within a stream ends it, and what came before is delivered")
    func idle() async throws {
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            connection.chunk("first\n")
            connection.stall()
        }
        defer { server.stop() }
        var request = HTTPRequest(url: server.url)
        request.connection = .own
        request.timeout = nil
        request.idleTimeout = .milliseconds(300)
        let (head, body) = try await transport.stream(request)
        #expect(head.status == 200)
        var chunks = body.makeAsyncIterator()
        #expect(try await chunks.next() == Array("first\n".utf8))
        let start = ContinuousClock.now
        var found: TransportError.Reason?
        do {
            _ = try await chunks.next()
        } catch let error as TransportError {
            found = error.reason
        }
        #expect(found == .idleTimeout)
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("Cancelling ends the exchange on both sides at once")
    func cancelSend() async throws {
        let ended = Mutex(false)
        let server = FaultyServer { connection, _ in
            if connection.stall(seconds: 20) { ended.withLock { $0 = true } }
        }
        defer { server.stop() }
        let request = HTTPRequest(url: server.url)
        let task = Task { try await transport.send(request) }
        try await Task.sleep(for: .milliseconds(200))
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - start < .seconds(5))
        for _ in 0..<500 where !ended.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(20)) }
        #expect(ended.withLock { $0 })
    }

    @Test("A cancelled task sends nothing")
    func cancelledBefore() async throws {
        let server = FaultyServer { connection, _ in connection.answer(200, "") }
        defer { server.stop() }
        let request = HTTPRequest(url: server.url)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await transport.send(request)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.requests.isEmpty)
    }

    @Test("Letting go of a stream closes its connection")
    func letGo() async throws {
        let ended = Mutex(false)
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            while connection.chunk("x") { usleep(10_000) }
            ended.withLock { $0 = true }
        }
        defer { server.stop() }
        try await readOneChunk(server.url)
        // The suite's time limit is the deadline.
        while !ended.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func readOneChunk(_ url: String) async throws {
        var request = HTTPRequest(url: url)
        request.connection = .own
        request.timeout = nil
        let (_, body) = try await transport.stream(request)
        var chunks = body.makeAsyncIterator()
        _ = try await chunks.next()
    }

    @Test("A slow reader slows the sender down, and nothing is lost")
    func backPressure() async throws {
        let total = 32 << 20
        let pattern = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0) }
        let sent = Mutex(0)
        let server = FaultyServer { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            for _ in 0..<(total / 65536) {
                if !connection.send(Array(pattern[..<65536])) { return }
                sent.withLock { $0 += 65536 }
            }
        }
        defer { server.stop() }
        var request = HTTPRequest(url: server.url)
        request.connection = .own
        request.timeout = nil
        // Time in which the reader holds the stream up is no silence.
        request.idleTimeout = .milliseconds(500)
        let (_, body) = try await transport.stream(request)
        try await Task.sleep(for: .seconds(1))
        // The kernel's socket buffers on loopback hold some megabytes; far from all of it.
        #expect(sent.withLock { $0 } < total / 2)
        var received = 0
        var isIntact = true
        for try await chunk in body {
            let phase = received % 256
            isIntact = isIntact && chunk == Array(pattern[phase..<phase + chunk.count])
            received += chunk.count
        }
        #expect(received == total)
        #expect(isIntact)
    }

    @Test("A body beyond the limit is refused")
    func tooLarge() async {
        let server = FaultyServer { connection, _ in
            connection.beginChunks()
            while connection.chunk(String(repeating: "x", count: 1000)) {}
        }
        defer { server.stop() }
        var request = HTTPRequest(url: server.url)
        request.maximumBodySize = 10_000
        let limited = request
        #expect(await reason { _ = try await transport.send(limited) } == .tooLarge)
    }

    @Test("Closing ends what is under way and refuses what comes")
    func close() async throws {
        let server = FaultyServer { connection, _ in connection.stall(seconds: 10) }
        defer { server.stop() }
        let own = Transport()
        let request = HTTPRequest(url: server.url)
        let task = Task { try await own.send(request) }
        try await Task.sleep(for: .milliseconds(200))
        own.close()
        #expect(await reason { _ = try await task.value } == .closed)
        #expect(await reason { _ = try await own.send(request) } == .closed)
    }

    @Test("Many at once")
    func many() async throws {
        let server = FaultyServer { connection, request in connection.answer(200, request.target) }
        defer { server.stop() }
        let url = server.url
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let response = try await transport.send(HTTPRequest(url: "\(url)/\(index)"))
                    return String(decoding: response.body, as: UTF8.self) == "/\(index)"
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("The address may differ from the name")
    func connectTo() async throws {
        let server = FaultyServer { connection, request in connection.answer(200, request.headers["host"] ?? "") }
        defer { server.stop() }
        var request = HTTPRequest(url: "http://orders-0.orders.default.xdb:7700/")
        request.connectTo = Endpoint(host: "127.0.0.1", port: server.port)
        let response = try await transport.send(request)
        #expect(String(decoding: response.body, as: UTF8.self) == "orders-0.orders.default.xdb:7700")
    }

    @Test("A proxy carries the request, and says no for itself")
    func proxy() async throws {
        let proxy = FaultyServer { connection, request in connection.answer(200, "via proxy: \(request.target)") }
        defer { proxy.stop() }
        var request = HTTPRequest(url: "http://api.invalid/x")
        request.proxy = proxy.url
        let response = try await transport.send(request)
        #expect(String(decoding: response.body, as: UTF8.self) == "via proxy: http://api.invalid/x")
    }
}
