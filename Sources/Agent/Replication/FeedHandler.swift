import BinaryLog
import Glibc
import Logging
import NIOCore
import XDB

/// With what the local server logs in to the feed, and what it is shown.
struct FeedAccount: Sendable {
    var user: String
    var password: String
    var serverVersion: String
}

/// One connection of the local server to the feed: a replication master that has committed transactions only.
final class FeedHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case commands
        /// The server has transactions that this log does not know to be committed yet: nothing can be said about them.
        case waiting(FeedRequest)
        case streaming
        case ended
    }

    private let core: ReplicationCore
    private var session: FeedSession
    private var stream: FeedStream?
    /// The stream has named its first file: before that there is nothing for a heartbeat to speak of.
    private var begun = false
    private var reader: LogReader?
    private var state = State.commands
    private var context: ChannelHandlerContext?
    private var heartbeat: TimeAmount?
    private var lastSent = NIODeadline.now()
    private var output: [UInt8] = []

    /// The last transaction that was sent.
    private(set) var sent: GTID?

    init(core: ReplicationCore, account: FeedAccount) {
        self.core = core
        let configuration = FeedConfiguration(
            serverVersion: account.serverVersion,
            user: account.user,
            password: account.password
        )
        session = FeedSession(
            configuration: configuration,
            connectionID: .random(in: 1 ... .max),
            salt: (0..<20).map { _ in .random(in: 1...127) }
        )
    }

    var isStreaming: Bool {
        if case .streaming = state { return true }
        return false
    }

    // MARK: What the core asks for

    /// Sends what is committed and not sent yet.
    func pump() {
        if case .waiting(let request) = state { begin(request) }
        guard case .streaming = state, let context else { return }
        var wrote = false
        while context.channel.isWritable, fill(context) { wrote = true }
        guard wrote else { return }
        lastSent = .now()
        context.flush()
    }

    func tick(now: NIODeadline) {
        guard case .streaming = state, let heartbeat, now - lastSent >= heartbeat, let context,
            begun, var stream, stream.isAtBoundary, context.channel.isWritable
        else { return }
        self.stream = nil
        stream.heartbeat(output: &output)
        self.stream = stream
        lastSent = now
        write(context)
        context.flush()
    }

    func close() {
        state = .ended
        context?.close(promise: nil)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        core.opened(self)
        output += session.greeting()
        write(context)
        context.flush()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .ended
        reader = nil
        core.closed(self)
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump()
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        do {
            let actions = try buffer.withUnsafeReadableBytes {
                try session.receive($0, unixTime: Int64(WallClock.seconds()), output: &output)
            }
            write(context)
            context.flush()
            for action in actions { perform(action, context) }
        } catch {
            core.logger.warning("the feed's client broke the protocol", metadata: ["error": "\(error)"])
            close()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close()
    }

    // MARK: The session

    private func perform(_ action: FeedAction, _ context: ChannelHandlerContext) {
        switch action {
        case .dump(let request):
            if request.heartbeatNanoseconds > 0 {
                // Earlier than asked for: the server counts from when it hears one.
                heartbeat = .nanoseconds(Int64(clamping: request.heartbeatNanoseconds / 2))
            }
            state = .waiting(request)
            pump()
        case .close(let reason):
            core.logger.debug("the feed's client is gone", metadata: ["reason": "\(reason)"])
            state = .ended
            context.close(promise: nil)
        }
    }

    /// Begins the stream as soon as it can be said whether the server's transactions are the group's.
    ///
    /// What the server has is compared with the committed part of the log only: the rest of this log may still be
    /// replaced, and a server that is ahead of it is waited for.
    private func begin(_ request: FeedRequest) {
        let after = request.after.first { $0.domain == 0 }
        if let after {
            guard let committed = core.committed, committed.sequence >= after.sequence else { return }
            guard core.log.state.holds(after) else {
                return refuse("the server has \(after), which is not in the group's log: it has diverged")
            }
        } else if core.committed == nil {
            return
        }
        guard core.log.canRead(after: after) else {
            return refuse("the log no longer has what follows \(after.map { "\($0)" } ?? "the beginning")")
        }
        do {
            reader = try core.log.reader(after: after)
        } catch {
            return refuse("the log cannot be read: \(error)")
        }
        stream = session.stream(of: request)
        sent = after
        state = .streaming
        if let after { core.serverHas(after) }
        core.logger.info("feeding the local server", metadata: ["after": "\(text(after))"])
        core.markChanged()
    }

    private func refuse(_ message: String) {
        core.logger.error("the local server cannot be fed", metadata: ["reason": "\(message)"])
        output += session.refuse(message)
        state = .ended
        guard let context else { return }
        write(context)
        let channel = context.channel
        context.flush()
        // The error must arrive before the end does.
        channel.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
    }

    /// Frames the next part of the log; false when everything committed is sent.
    private func fill(_ context: ChannelHandlerContext) -> Bool {
        guard var reader = self.reader, var stream = self.stream, let end = core.feedEnd,
            !begun || end.sequence > sent?.sequence ?? 0
        else { return false }
        // Taken out while they are used, so that their storage is not copied.
        self.reader = nil
        self.stream = nil
        do {
            let batch = try reader.next(upTo: end.position, into: core.log.scratch)
            if let batch {
                if let header = batch.header {
                    begun = true
                    stream.begin(segment: header, position: batch.offset, output: &output)
                }
                try stream.append(
                    UnsafeRawBufferPointer(rebasing: core.log.scratch[..<batch.count]),
                    output: &output
                )
                if let last = batch.last { sent = last }
            }
            self.reader = reader
            self.stream = stream
            guard batch != nil else { return false }
        } catch BinaryLogError.truncated {
            // Only what is not committed was removed, and none of that was sent; but groups are sent in parts.
            self.stream = stream
            return restart()
        } catch {
            core.logger.error("the log cannot be read for the local server", metadata: ["error": "\(error)"])
            close()
            return false
        }
        write(context)
        return true
    }

    /// Reads the log anew after what was sent last.
    private func restart() -> Bool {
        guard stream?.isAtBoundary ?? false, let reader = try? core.log.reader(after: sent) else {
            close()
            return false
        }
        self.reader = reader
        return true
    }

    private func write(_ context: ChannelHandlerContext) {
        guard !output.isEmpty else { return }
        context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: output)), promise: nil)
        output.removeAll(keepingCapacity: true)
    }
}

/// The time of day, for what people and servers see; nothing is decided by it.
enum WallClock {
    static func seconds() -> UInt32 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt32(truncatingIfNeeded: now.tv_sec)
    }
}
