import BinaryLog
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import XDB

/// The role of a member that receives the log of another one: of its leader for good, or of a sealed member until its
/// own log is complete.
///
/// It keeps one connection and makes it again when it breaks.
final class Following {
    unowned let core: ReplicationCore
    let mode: PeerHello.Mode
    let sender: PeerAddress
    /// The end of the local server's binlog, as it was when the role began.
    var server: GTID?
    /// The log need not begin at the group's first transaction, as long as it is empty.
    var beginsAnywhere = false
    /// What a pull must reach, and who waits for it.
    var goal: (position: Position, promise: EventLoopPromise<Void>)?
    /// The newest transaction that the sender has called committed.
    var told: GTID?
    /// The leader has told that its server takes writes.
    var leaderIsOpen = false
    private(set) var receiver: LogReceiver?
    private var attempts = 0
    private var retry: Scheduled<Void>?
    private var ended = false

    init(core: ReplicationCore, mode: PeerHello.Mode, sender: PeerAddress, server: GTID?) {
        self.core = core
        self.mode = mode
        self.sender = sender
        self.server = server
    }

    func end(_ error: ReplicationError) {
        ended = true
        retry?.cancel()
        receiver?.close()
        receiver = nil
        goal?.promise.fail(error)
        goal = nil
    }

    /// The log cannot be written: nothing is received until it can.
    func interrupt(_ error: ReplicationError) {
        receiver?.close()
        receiver = nil
        guard let goal else { return scheduleRetry(.seconds(1)) }
        self.goal = nil
        ended = true
        goal.promise.fail(error)
    }

    func connect() {
        guard !ended else { return }
        guard core.log.failure == nil else { return scheduleRetry(.seconds(1)) }
        var hello = PeerHello(
            mode: mode,
            epoch: core.epoch,
            member: core.configuration.member,
            server: server,
            log: core.log.state.gtids
        )
        hello.beginsAnywhere = beginsAnywhere && mode == .follow && core.log.end == nil
        let receiver = LogReceiver(core: core, hello: hello)
        self.receiver = receiver
        let context: NIOSSLContext
        do {
            context = try core.tls.clientContext()
        } catch {
            return lost(error)
        }
        let name = core.names.member(sender.name)
        let bound = NIOLoopBound(receiver, eventLoop: core.loop)
        ClientBootstrap(group: core.loop)
            .connectTimeout(.seconds(2))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16 << 10, maximum: 64 << 10)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        try NIOSSLClientHandler(context: context, serverHostname: name), bound.value,
                    ])
                }
            }
            .connect(host: sender.host, port: core.configuration.peersPort)
            .assumeIsolated()
            .whenFailure { [weak self] error in
                guard let self, self.receiver === receiver else { return }
                lost(error)
            }
    }

    func streaming() {
        attempts = 0
        core.logger.info(
            "receiving the log",
            metadata: ["from": "\(sender.name)", "epoch": "\(core.epoch)", "after": "\(text(core.log.end))"]
        )
        becameDurable()
    }

    /// The connection is gone or never was.
    ///
    /// What does not pass by itself ends the role's work.
    func lost(_ error: (any Error)?) {
        guard !ended, receiver != nil else { return }
        receiver = nil
        core.log.dropOpenGroup()
        let metadata: Logger.Metadata = ["from": "\(sender.name)", "error": "\(error.map { "\($0)" } ?? "closed")"]
        if let permanent = permanent(error) {
            core.logger.error("the log cannot be received", metadata: metadata)
            if let goal {
                self.goal = nil
                goal.promise.fail(permanent)
            }
            core.set(failure: permanent)
            return
        }
        if attempts == 0 {
            core.logger.info("lost the sender of the log", metadata: metadata)
        } else {
            core.logger.debug("the sender of the log is not reached", metadata: metadata)
        }
        attempts += 1
        if let goal, attempts > 10 {
            self.goal = nil
            ended = true
            goal.promise.fail(error ?? ReplicationError.roleChanged)
            return
        }
        scheduleRetry(pause(after: error))
    }

    /// A leader that was told at the same time as we may need a moment; what lasts takes longer, and longer each time.
    private func pause(after error: (any Error)?) -> TimeAmount {
        if let refusal = error as? PeerRefusal, refusal.code == .notLeading {
            // It may have to be told first.
            return .milliseconds(attempts <= 10 ? 10 : attempts <= 50 ? 40 : 500)
        }
        let quick = mode == .follow ? 10 : 0
        return .milliseconds(attempts <= quick ? 10 : Int64(min(1000, 50 << min(attempts - quick, 5))))
    }

    private func scheduleRetry(_ delay: TimeAmount) {
        retry?.cancel()
        retry = core.loop.assumeIsolated().scheduleTask(in: delay) { [weak self] in self?.connect() }
    }

    private func permanent(_ error: (any Error)?) -> ReplicationError? {
        switch error {
        case let error as ReplicationError:
            if case .diverged = error { return error }
            return nil
        case let refusal as PeerRefusal:
            switch refusal.code {
            case .purged:
                return .logPurged(peer: sender.name, needed: text(core.log.end))
            case .diverged:
                return .diverged(local: text(server), leader: sender.name, reason: refusal.message)
            case .epochTooOld, .notLeading, .notAMember:
                return nil
            }
        default:
            return nil
        }
    }

    func becameDurable() {
        receiver?.report()
        commitWhatIsDurable()
        if let goal, let durable = core.log.durable, durable.position >= goal.position, receiver?.streaming ?? false {
            self.goal = nil
            // The session has done its work; a sealed member has no other.
            ended = true
            receiver?.close()
            receiver = nil
            core.log.dropOpenGroup()
            core.publish()
            goal.promise.succeed()
        }
    }

    /// The own log is the sender's up to its end, so what the sender calls committed is, as far as it is durable here.
    func commitWhatIsDurable() {
        guard let told, receiver?.streaming ?? false, let durable = core.log.durable else { return }
        if told.sequence <= durable.sequence {
            core.commit(told)
        } else if let known = core.committed, known.sequence >= durable.sequence {
            return
        } else {
            core.commit(durable)
        }
    }

    func tick(now: NIODeadline, heartbeat: TimeAmount, deadline: TimeAmount) {
        receiver?.tick(now: now, heartbeat: heartbeat, deadline: deadline)
    }
}
