import BinaryLog
import Logging
import NIOCore
import NIOSSL
import XDB

/// The sender's side of a session between two agents: reads the log back from its segments and sends it.
///
/// What was appended a moment ago is read from the page cache, so that there is one path for the end of the log and for
/// a peer that is hours behind, and a slow peer costs no memory: nothing is read while its connection is not writable.
final class LogSender: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let core: ReplicationCore
    private var decoder = PeerFrameDecoder(acceptsEvents: false)
    private var context: ChannelHandlerContext?
    private var reader: LogReader?
    /// What the events are laid out like that were sent last.
    private var format: FormatDescription?
    private var state = PeerState(committed: nil, everywhere: nil)
    private var lastSent = NIODeadline.now()
    private var lastHeard = NIODeadline.now()
    private var isClosing = false
    /// What somebody has asked for who has come before this member leads.
    private var early: PeerHello?

    /// The member at the other end, once it has said hello and its certificate has proved it.
    private(set) var member: String?
    /// Whether the session is in the role of a follower, and not of one that completes its log.
    private(set) var mode = PeerHello.Mode.follow

    init(core: ReplicationCore) {
        self.core = core
    }

    // MARK: What the core asks for

    /// Sends what is new.
    ///
    /// Called after every burst of the log, so it does as little as it can.
    func pump() {
        guard let context, reader != nil else { return }
        var wrote = false
        while context.channel.isWritable, let part = nextPart(context) {
            context.write(wrapOutboundOut(part), promise: nil)
            wrote = true
        }
        guard wrote else { return }
        lastSent = .now()
        context.flush()
    }

    /// Tells how far the group is, unless the other end knows.
    func sendState(evenIfKnown: Bool) {
        guard let context, reader != nil else { return }
        let now = core.state
        guard evenIfKnown || now != state else { return }
        state = now
        var buffer = context.channel.allocator.buffer(capacity: 64)
        buffer.write(frame: .state(now))
        lastSent = .now()
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Keeps the session alive, and ends it when the other end does not answer any more.
    func tick(now: NIODeadline, heartbeat: TimeAmount, deadline: TimeAmount) {
        guard !isClosing else { return }
        guard now - lastHeard < deadline else {
            core.logger.info("a peer is silent", metadata: ["member": "\(member ?? "unknown")"])
            close()
            return
        }
        if now - lastSent >= heartbeat { sendState(evenIfKnown: true) }
    }

    /// This member leads now: who has come early is answered.
    func takeUp() {
        guard let hello = early, let context, !isClosing else { return }
        early = nil
        answering(context) { try begin(hello, context) }
    }

    func close() {
        reader = nil
        early = nil
        isClosing = true
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
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        reader = nil
        core.closed(self)
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump()
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        decoder.append(&bytes)
        guard !isClosing else { return }
        lastHeard = .now()
        answering(context) {
            while let output = try decoder.next() {
                guard case .frame(let frame) = output else { continue }
                try receive(frame, context)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        core.logger.debug(
            "a peer's connection failed",
            metadata: ["member": "\(member ?? "unknown")", "error": "\(error)"]
        )
        close()
    }

    // MARK: The session

    private func answering(_ context: ChannelHandlerContext, _ body: () throws -> Void) {
        do {
            try body()
        } catch let refusal as PeerRefusal {
            refuse(refusal, context)
        } catch {
            core.logger.warning(
                "a peer broke the protocol",
                metadata: ["member": "\(member ?? "unknown")", "error": "\(error)"]
            )
            close()
        }
    }

    private func receive(_ frame: PeerFrame, _ context: ChannelHandlerContext) throws {
        switch frame {
        case .hello(let hello):
            guard member == nil, early == nil else { throw PeerProtocolError(description: "a second hello") }
            try begin(hello, context)
        case .durable(let gtid):
            guard let member, reader != nil else { return }
            if mode == .follow { try core.durable(gtid, on: member) }
        default:
            throw PeerProtocolError(description: "a frame that only a sender sends")
        }
    }

    private func begin(_ hello: PeerHello, _ context: ChannelHandlerContext) throws {
        try authenticate(hello.member, context)
        mode = hello.mode
        member = hello.member
        let start: ReplicationCore.Admitted
        do {
            start = try core.admit(hello, self)
        } catch {
            member = nil
            guard let refusal = error as? PeerRefusal, refusal.code == .notLeading, core.mayLead(hello) else {
                throw error
            }
            early = hello
            return
        }
        reader = start.reader
        state = core.state
        var buffer = context.channel.allocator.buffer(capacity: 128)
        if let begin = start.begin {
            buffer.write(frame: .begin(after: begin.state.gtids, format: begin.format.event.bytes))
        }
        buffer.write(frame: .accept(common: start.common, state: state))
        lastSent = .now()
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        pump()
    }

    /// The certificate says who is at the other end; the CA alone also vouches for the operator.
    private func authenticate(_ name: String, _ context: ChannelHandlerContext) throws {
        let handler = try context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        let names = handler.peerCertificate.map(TLSMaterial.dnsNames) ?? []
        guard names.contains(core.names.member(name)) else {
            throw PeerRefusal(
                code: .notAMember,
                epoch: core.epoch,
                message: "the certificate is for \(names.joined(separator: ", ")), not for \(core.names.member(name))"
            )
        }
    }

    private func refuse(_ refusal: PeerRefusal, _ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: 256)
        buffer.write(frame: .refuse(refusal))
        reader = nil
        isClosing = true
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(buffer)).whenComplete { _ in channel.close(promise: nil) }
    }

    /// The next frame of events with what is known to be committed before it; nil when all of the log is sent.
    private func nextPart(_ context: ChannelHandlerContext) -> ByteBuffer? {
        guard var reader = self.reader else { return nil }
        // The reader is taken out while it reads, so that its own storage is not copied.
        self.reader = nil
        let batch: LogBatch?
        do {
            batch = try reader.next(upTo: .end, into: core.log.scratch)
        } catch {
            core.logger.error(
                "the log cannot be read for a peer",
                metadata: ["member": "\(member ?? "unknown")", "error": "\(error)"]
            )
            close()
            return nil
        }
        self.reader = reader
        guard let batch, batch.count > 0 || batch.header != nil else { return nil }
        var buffer = context.channel.allocator.buffer(capacity: batch.count + 64)
        let now = core.state
        if now != state {
            state = now
            buffer.write(frame: .state(now))
        }
        let start = buffer.writerIndex
        buffer.writeRepeatingByte(0, count: PeerFrame.headSize)
        if let new = batch.header?.formatDescription, !(format?.describesSameFormat(as: new) ?? false) {
            format = new
            buffer.writeBytes(new.event.bytes)
        }
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: core.log.scratch[..<batch.count]))
        buffer.write(head: .events, at: start)
        return buffer
    }
}

extension Position {
    /// Beyond every position of a log.
    static let end = Position(epoch: .max, sequence: .max)
}
