import BinaryLog
import Logging
import NIOCore
import XDB

/// The receiver's side of a session between two agents: appends the events of another member's log to this one's.
final class LogReceiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let core: ReplicationCore
    private let hello: PeerHello
    private var decoder = PeerFrameDecoder(acceptsEvents: true)
    private var events = EventStreamDecoder()
    private var context: ChannelHandlerContext?
    private var reported: GTID??
    private var lastHeard = NIODeadline.now()
    private var lastSent = NIODeadline.now()
    private var isClosing = false

    /// Whether the logs match, so that what comes may be appended.
    private(set) var streaming = false

    init(core: ReplicationCore, hello: PeerHello) {
        self.core = core
        self.hello = hello
    }

    var mode: PeerHello.Mode { hello.mode }

    // MARK: What the core asks for

    /// Reports what is durable, unless the sender knows.
    func report(evenIfKnown: Bool = false) {
        guard streaming, let context else { return }
        let durable = core.log.durable
        guard evenIfKnown || reported != .some(durable) else { return }
        reported = .some(durable)
        var buffer = context.channel.allocator.buffer(capacity: 32)
        buffer.write(frame: .durable(durable))
        lastSent = .now()
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    func tick(now: NIODeadline, heartbeat: TimeAmount, deadline: TimeAmount) {
        guard !isClosing else { return }
        guard now - lastHeard < deadline else {
            core.logger.info("the sender of the log is silent")
            close()
            return
        }
        if now - lastSent >= heartbeat { report(evenIfKnown: true) }
    }

    func hears(now: NIODeadline, silence: TimeAmount) -> Bool {
        streaming && now - lastHeard < silence
    }

    func close() {
        streaming = false
        isClosing = true
        context?.close(promise: nil)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { sayHello(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        sayHello(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        streaming = false
        core.closed(self)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        decoder.append(&bytes)
        guard !isClosing else { return }
        lastHeard = .now()
        do {
            while let output = try decoder.next() {
                switch output {
                case .events(let part): try append(part)
                case .frame(let frame): try receive(frame)
                }
            }
        } catch {
            core.failed(self, error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if streaming { core.log.flush() }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        core.failed(self, error)
    }

    // MARK: The session

    private func sayHello(_ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: 256)
        buffer.write(frame: .hello(hello))
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func append(_ part: ByteBuffer) throws {
        guard streaming else { throw PeerProtocolError(description: "events before the logs match") }
        try part.withUnsafeReadableBytes { bytes in
            try events.decode(bytes) { try core.log.append($0) }
        }
    }

    private func receive(_ frame: PeerFrame) throws {
        switch frame {
        case .begin(let after, let format):
            guard !streaming, hello.beginsAnywhere else { throw PeerProtocolError(description: "an unasked begin") }
            try core.begin(self, after: after, format: format)
        case .accept(let common, let state):
            guard !streaming else { throw PeerProtocolError(description: "a second accept") }
            try core.match(self, common: common)
            streaming = true
            core.learned(state)
            report(evenIfKnown: true)
            core.streaming(self)
        case .refuse(let refusal):
            throw refusal
        case .state(let state):
            guard streaming else { throw PeerProtocolError(description: "a state before the logs match") }
            core.learned(state)
        default:
            throw PeerProtocolError(description: "a frame that only a receiver sends")
        }
    }
}
