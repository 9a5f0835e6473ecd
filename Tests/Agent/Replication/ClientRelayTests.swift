import Logging
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(2))) struct ClientRelayTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func relay(_ port: Int) async throws -> ClientRelay {
        try await ClientRelay(address: "127.0.0.1", port: port, logger: logger)
    }

    /// A port that is free now.
    private func freePort() throws -> Int { try Socket.listening().port }

    /// Blocking work on a thread of its own.
    private func aside<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws -> Value {
        try await WorkerThread("aside").run(work)
    }

    private func client(_ port: Int) async throws -> Socket {
        while true {
            if let socket = try await aside({ Socket.connected(to: port) }) { return socket }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func eventually(_ relay: ClientRelay, waiting: Int, passedOn: Int) async throws {
        while try await relay.connections != (waiting, passedOn) { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func clientsWaitUntilTheyArePassedOn() async throws {
        let server = try Socket.listening()
        let port = try freePort()
        let relay = try await relay(port)
        let early = try await client(port)
        try await eventually(relay, waiting: 1, passedOn: 0)
        relay.pass(to: "127.0.0.1", port: server.port)
        let late = try await client(port)
        for socket in [early, late] {
            let end = try await aside { server.accepted() }
            end.send(Array("greeting".utf8))
            #expect(try await aside { socket.receive(8) } == Array("greeting".utf8))
            socket.send(Array("answer".utf8))
            #expect(try await aside { end.receive(6) } == Array("answer".utf8))
        }
        await relay.end()
        #expect(try await aside { early.receive() } == [])
    }

    @Test func whatIsSentArrivesInFullThoughTheOtherEndIsSlowAndEndsFirst() async throws {
        let server = try Socket.listening()
        let port = try freePort()
        let relay = try await relay(port)
        relay.pass(to: "127.0.0.1", port: server.port)
        let client = try await client(port)
        let end = try await aside { server.accepted() }
        let request = (0..<(16 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        async let sent: Void = aside {
            client.send(request)
            client.endOutput()
        }
        // Nobody reads at first: the relay must not take it all in.
        try await Task.sleep(for: .milliseconds(100))
        let arrived = try await aside { end.receive() }
        try await sent
        #expect(arrived == request)
        // The other direction is still open.
        async let answered: Void = aside {
            end.send(request)
            end.endOutput()
        }
        #expect(try await aside { client.receive() } == request)
        try await answered
        await relay.end()
    }

    @Test func aSuccessorThatIsNotThereClosesTheConnection() async throws {
        let port = try freePort()
        let relay = try await relay(port)
        let client = try await client(port)
        relay.pass(to: "127.0.0.1", port: try freePort())
        #expect(try await aside { client.receive() } == [])
        await relay.end()
    }

    @Test func itWaitsForThePortAndGivesItBackWhileItsConnectionsStay() async throws {
        let server = try Socket.listening()
        var holder: Socket? = try Socket.listening()
        let port = try #require(holder?.port)
        let relay = try await relay(port)
        holder = nil
        relay.pass(to: "127.0.0.1", port: server.port)
        let passed = try await client(port)
        let end = try await aside { server.accepted() }
        try await eventually(relay, waiting: 0, passedOn: 1)
        try await relay.close()
        // The server could start now.
        _ = try Socket.listening(port)
        end.send([1, 2, 3])
        #expect(try await aside { passed.receive(3) } == [1, 2, 3])
        await relay.end()
    }

    @Test func whoIsNotPassedOnIsLetGo() async throws {
        let port = try freePort()
        let relay = try await relay(port)
        let client = try await client(port)
        try await eventually(relay, waiting: 1, passedOn: 0)
        try await relay.close()
        #expect(try await aside { client.receive() } == [])
    }
}
