import KubernetesModel
import Logging
import Planning
import Synchronization
import XDB

/// Listens to the agents of all groups: one watch stream for every member that has a pod.
///
/// It holds what each agent said last and when it was last heard, and wakes a group when something changed that a
/// decision can depend on. Positions that only move on wake nobody.
final class AgentMonitor: Sendable {
    /// A group's members as they are to be watched.
    struct Subscription: Sendable {
        /// The agents.
        var endpoints: [AgentEndpoint]
        /// Whom the operator is to them.
        var client: AgentClient
        /// When the credentials behind `client` change, streams are made anew.
        var credentials: AgentCredentials
        /// A stream that is silent for so long wakes the group.
        var silence: Duration

        /// Describes what to watch.
        init(
            endpoints: [AgentEndpoint],
            client: AgentClient,
            credentials: AgentCredentials,
            silence: Duration
        ) {
            self.endpoints = endpoints
            self.client = client
            self.credentials = credentials
            self.silence = silence
        }
    }

    private struct Stream {
        var endpoint: AgentEndpoint
        var credentials: AgentCredentials
        var task: Task<Void, Never>
        var status: AgentStatus?
        var heard: ContinuousClock.Instant?
        var failure: String?
        var refusal: RequestRefusal?
        var isSilent = false
        var silence: Duration
    }

    private struct StreamKey: Hashable {
        var group: ObjectKey
        var life: String
    }

    private let streams = Mutex<[StreamKey: Stream]>([:])
    private let wake: Mutex<(@Sendable (ObjectKey) -> Void)?> = Mutex(nil)
    private let logger: Logger

    /// A monitor that listens to nobody yet.
    init(logger: Logger) {
        self.logger = logger
    }

    /// Says whom to tell that a group should be looked at.
    func onChange(_ body: @escaping @Sendable (ObjectKey) -> Void) {
        wake.withLock { $0 = body }
    }

    /// Watches exactly these agents of a group from now on.
    func track(_ group: ObjectKey, _ subscription: Subscription) {
        let wanted = Dictionary(subscription.endpoints.map { ($0.life, $0) }, uniquingKeysWith: { $1 })
        let ended = streams.withLock { streams -> [Task<Void, Never>] in
            var ended: [Task<Void, Never>] = []
            for (key, stream) in streams where key.group == group {
                if wanted[key.life] == stream.endpoint, stream.credentials == subscription.credentials {
                    streams[key]?.silence = subscription.silence
                } else {
                    ended.append(stream.task)
                    streams[key] = nil
                }
            }
            for (life, endpoint) in wanted {
                let key = StreamKey(group: group, life: life)
                if streams[key] != nil { continue }
                // The task belongs to this table: whoever takes the entry out cancels it.
                streams[key] = Stream(
                    endpoint: endpoint,
                    credentials: subscription.credentials,
                    task: Task { [weak self] in
                        await self?.listen(key, endpoint, subscription.client, silence: subscription.silence)
                    },
                    silence: subscription.silence
                )
            }
            return ended
        }
        for task in ended { task.cancel() }
    }

    /// Stops watching a group that is gone.
    func forget(_ group: ObjectKey) {
        let ended = streams.withLock { streams in
            let keys = streams.keys.filter { $0.group == group }
            return keys.compactMap { streams.removeValue(forKey: $0)?.task }
        }
        for task in ended { task.cancel() }
    }

    /// What the agents of a group said last, by the life of their member.
    func observations(of group: ObjectKey) -> [String: AgentObservation] {
        let now = ContinuousClock.now
        return streams.withLock { streams in
            var found: [String: AgentObservation] = [:]
            for (key, stream) in streams where key.group == group {
                guard let status = stream.status, let heard = stream.heard else { continue }
                var observation = AgentObservation(
                    status: status,
                    podUID: stream.endpoint.podUID,
                    age: heard.duration(to: now),
                    failure: stream.failure
                )
                observation.refusal = stream.refusal
                found[key.life] = observation
            }
            return found
        }
    }

    /// Takes in a status that was asked for, so that the next decision need not wait for the stream.
    func heard(_ status: AgentStatus, from endpoint: AgentEndpoint, of group: ObjectKey) {
        note(status, StreamKey(group: group, life: endpoint.life), endpoint)
    }

    /// Remembers how an agent answered the last request: with that refusal, or, when nil, by doing it.
    func answered(_ refusal: RequestRefusal?, from endpoint: AgentEndpoint, of group: ObjectKey) {
        let key = StreamKey(group: group, life: endpoint.life)
        let isNews = streams.withLock { streams -> Bool in
            guard let stream = streams[key], stream.endpoint == endpoint else { return false }
            streams[key]?.refusal = refusal
            return stream.refusal != refusal
        }
        if isNews { tell(group) }
    }

    /// Looks twice a second for streams that have fallen silent; returns when cancelled, and ends all streams.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            let now = ContinuousClock.now
            let silent = streams.withLock { streams in
                var groups = Set<ObjectKey>()
                for (key, stream) in streams {
                    guard let heard = stream.heard, !stream.isSilent, heard.duration(to: now) > stream.silence else {
                        continue
                    }
                    streams[key]?.isSilent = true
                    groups.insert(key.group)
                }
                return groups
            }
            for group in silent { tell(group) }
        }
        let all = streams.withLock { streams in
            defer { streams = [:] }
            return streams.values.map(\.task)
        }
        for task in all { task.cancel() }
    }

    // MARK: -

    private func listen(
        _ key: StreamKey,
        _ endpoint: AgentEndpoint,
        _ client: AgentClient,
        silence: Duration
    ) async {
        var pause = Duration.milliseconds(200)
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                // An agent speaks once a second; a connection that is dead without an end is given up and made anew.
                try await client.watch(endpoint, idle: max(.seconds(3), silence)) { [weak self] status in
                    self?.note(status, key, endpoint)
                }
                fail(key, endpoint, "the agent ended the stream")
            } catch {
                if Task.isCancelled { return }
                fail(key, endpoint, "\(error)")
            }
            if began.duration(to: .now) > .seconds(5) { pause = .milliseconds(200) }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
    }

    private func note(_ status: AgentStatus, _ key: StreamKey, _ endpoint: AgentEndpoint) {
        let matters = streams.withLock { streams -> Bool in
            guard let stream = streams[key], stream.endpoint == endpoint else { return false }
            let matters =
                stream.failure != nil || stream.isSilent || stream.status?.decisive != status.decisive
            streams[key]?.status = status
            streams[key]?.heard = .now
            streams[key]?.failure = nil
            streams[key]?.isSilent = false
            return matters
        }
        if matters { tell(key.group) }
    }

    private func fail(_ key: StreamKey, _ endpoint: AgentEndpoint, _ failure: String) {
        let isNews = streams.withLock { streams -> Bool in
            guard let stream = streams[key], stream.endpoint == endpoint else { return false }
            streams[key]?.failure = failure
            return stream.failure == nil
        }
        guard isNews else { return }
        logger.debug(
            "agent not heard",
            metadata: ["group": "\(key.group)", "member": "\(key.life)", "error": "\(failure)"]
        )
        tell(key.group)
    }

    private func tell(_ group: ObjectKey) {
        wake.withLock { $0 }?(group)
    }
}

extension AgentStatus {
    /// The status without what moves all the time.
    var decisive: AgentStatus {
        var status = self
        status.position = Position(epoch: position.epoch, sequence: 0)
        status.committed = Position(epoch: committed.epoch, sequence: 0)
        status.first = nil
        status.logBytes = 0
        status.server.applied = server.applied.map { Position(epoch: $0.epoch, sequence: 0) }
        status.server.lagSeconds = nil
        status.server.busySeconds = nil
        status.peers = peers.map(\.decisive)
        // That a copy is sent decides something; how far it is does not.
        status.copy = copy.map { Copy(to: $0.to, bytes: 0, total: 0, bytesPerSecond: 0, limit: nil) }
        return status
    }
}

extension AgentStatus.Peer {
    fileprivate var decisive: AgentStatus.Peer {
        var peer = AgentStatus.Peer(name: name, durable: nil, connected: connected)
        peer.since = since
        // A vote that passes from one life to the next has passed when the new one's log is there.
        if let since, let durable, durable >= since { peer.durable = since }
        return peer
    }
}
