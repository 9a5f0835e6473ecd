import Kubernetes
import KubernetesModel
import Logging
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(3))) struct ReflectorTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Follows the server with pauses of milliseconds while the body runs.
    private func following(
        _ server: SimulatedServer,
        streams: Bool = false,
        pageSize: Int = 3,
        _ body: (Cache<ConfigMap>) async throws -> Void
    ) async throws {
        let cache = Cache<ConfigMap>()
        var tuning = ReflectorTuning()
        tuning.backoff = Backoff(initial: .milliseconds(1), maximum: .milliseconds(5))
        tuning.pageSize = pageSize
        let reflector = Reflector(
            name: "test",
            source: SimulatedSource(server: server, streams: streams),
            cache: cache,
            transform: nil,
            time: .continuous,
            logger: logger,
            metrics: nil,
            tuning: tuning
        )
        let task = Task { try await reflector.run() }
        defer { task.cancel() }
        try await body(cache)
    }

    private func agrees(_ cache: Cache<ConfigMap>, with server: SimulatedServer) async throws -> Bool {
        guard cache.hasSynced else { return false }
        let cached = try cache.list().map { ($0.metadata.name, $0.metadata.resourceVersion) }
        return Dictionary(uniqueKeysWithValues: cached) == (await server.state)
    }

    @Test(arguments: [false, true])
    func `lists page by page or as a stream, then follows every change`(streams: Bool) async throws {
        let server = SimulatedServer()
        for number in 0..<10 { await server.put("m\(number)") }
        try await following(server, streams: streams) { cache in
            try await cache.waitForSync()
            #expect(try await agrees(cache, with: server))
            await server.put("m3")
            await server.put("new")
            await server.remove("m5")
            try await eventually("the changes") { try await agrees(cache, with: server) }
            #expect(await server.lists == (streams ? 0 : 1))
        }
    }

    @Test func `goes on from the last version after a cut, without a list`() async throws {
        let server = SimulatedServer()
        await server.put("a")
        try await following(server) { cache in
            for round in 0..<5 {
                try await eventually("a watch") { await server.openWatches == 1 }
                await server.cut()
                await server.put("b\(round)")
                try await eventually("round \(round)") { try await agrees(cache, with: server) }
            }
            #expect(await server.lists == 1)
            #expect(await server.watches >= 5)
        }
    }

    @Test func `lists again when the server has forgotten the version`() async throws {
        let server = SimulatedServer()
        await server.put("a")
        await server.put("gone")
        try await following(server) { cache in
            try await eventually("a watch") { await server.openWatches == 1 }
            await server.setDown(true)
            await server.remove("gone")
            await server.put("b")
            await server.forgetHistory()
            await server.setDown(false)
            try await eventually("the list") { try await agrees(cache, with: server) }
            #expect(await server.lists == 2)
        }
    }

    @Test func `waits for a server that is not there yet`() async throws {
        let server = SimulatedServer()
        await server.setDown(true)
        await server.put("a")
        try await following(server) { cache in
            try await Task.sleep(for: .milliseconds(20))
            #expect(!cache.hasSynced)
            await server.setDown(false)
            try await eventually("the list") { try await agrees(cache, with: server) }
        }
    }

    @Test func `falls back to pages when streaming lists are refused`() async throws {
        let server = SimulatedServer()
        await server.refuseStreamingLists()
        for number in 0..<10 { await server.put("m\(number)") }
        try await following(server, streams: true) { cache in
            try await eventually("the list") { try await agrees(cache, with: server) }
            #expect(await server.lists == 1)
            #expect(await server.streamingLists == 0)
        }
    }

    /// Changes and faults in any order; when the faults end, the cache ends as the server.
    @Test(arguments: 0..<20)
    func `ends as the server after any faults`(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let server = SimulatedServer()
        try await following(server, streams: seed % 2 == 0) { cache in
            for _ in 0..<150 {
                switch Int.random(in: 0..<20, using: &random) {
                case 0..<10: await server.put("m\(Int.random(in: 0..<12, using: &random))")
                case 10..<14: await server.remove("m\(Int.random(in: 0..<12, using: &random))")
                case 14: await server.cut()
                case 15: await server.endStreams()
                case 16: await server.forgetHistory()
                case 17: await server.setDown(true)
                case 18: await server.setDown(false)
                default: try await Task.sleep(for: .milliseconds(1))
                }
            }
            await server.setDown(false)
            try await eventually("agreement") { try await agrees(cache, with: server) }
        }
    }
}
