import NIOCore
import XDB

/// What agents say to each other on port 7701.
///
/// A frame is a 4-byte little-endian length of what follows the 8-byte head, a byte for the kind, three zero bytes, and
/// the payload. A connection is one session: the receiver of the log says hello, the sender accepts or refuses, and then
/// sends events and its state while the receiver says what is durable.
enum PeerFrame: Equatable {
    /// From the receiver: who it is, in which epoch, and what its log holds.
    case hello(PeerHello)
    /// From the sender, before it accepts, to an empty log that may begin anywhere: the last transaction of every server
    /// id up to where the group is committed, and how events are laid out there.
    case begin(after: [GTID], format: [UInt8])
    /// From the sender: the newest transaction that both logs have; the receiver's log must end there. Nil: at nothing.
    case accept(common: GTID?, state: PeerState)
    /// From the sender: why there is no session.
    case refuse(PeerRefusal)
    /// From the sender: how far the group is. Also the sign that it lives.
    case state(PeerState)
    /// From the receiver: the last transaction that is durable in its log; also the sign that it lives.
    case durable(GTID?)

    /// The kinds, as they stand on the wire.
    ///
    /// Events are not decoded into a frame: their bytes go straight into the log.
    enum Kind: UInt8 {
        case hello = 1
        case accept = 2
        case refuse = 3
        case events = 4
        case state = 5
        case durable = 6
        case begin = 7
    }

    static let headSize = 8
    /// More than any frame that is not events has.
    static let maximumPayload = 64 << 10
    /// Events come in frames of at most this size; an event may reach over many of them.
    static let maximumEvents = 256 << 10
}

/// How a session begins.
struct PeerHello: Equatable {
    enum Mode: UInt8 {
        /// The log of the epoch's leader, for good.
        case follow = 0
        /// The log of a sealed member, to complete one's own before leading.
        case pull = 1
    }

    var mode: Mode
    var epoch: Epoch
    var member: String
    /// The end of the local server's binlog: it must be part of the leader's log.
    var server: GTID?
    /// The last transaction of every server id in the log.
    var log: [GTID]
    /// The log is empty and need not begin at the group's first transaction.
    var beginsAnywhere = false

    /// The mode on the wire of a log that may begin anywhere: agents from before that refuse it.
    fileprivate static let beginning: UInt8 = 2
}

/// How far the group is, by its leader.
struct PeerState: Equatable {
    var committed: GTID?
    /// Every member has the log up to here, so that nobody asks for it again.
    var everywhere: GTID?
    /// The leader's server takes writes.
    var isOpen = false
}

/// Why a sender refuses a session.
struct PeerRefusal: Equatable, Error {
    enum Code: UInt8 {
        /// The sender has promised a newer epoch.
        case epochTooOld = 1
        /// The sender does not lead the epoch (yet).
        case notLeading = 2
        /// The certificate is not that of a member of this session.
        case notAMember = 3
        /// The sender no longer has what the receiver needs.
        case purged = 4
        /// The receiver's server has transactions that the leader's log does not have.
        case diverged = 5
    }

    var code: Code
    /// The sender's epoch.
    var epoch: Epoch
    var message: String
}

/// A frame that no agent sends.
struct PeerProtocolError: Error, CustomStringConvertible {
    var description: String
}

// MARK: - Writing

extension ByteBuffer {
    mutating func write(frame: PeerFrame) {
        let start = writerIndex
        writeRepeatingByte(0, count: PeerFrame.headSize)
        let kind: PeerFrame.Kind
        switch frame {
        case .hello(let hello):
            kind = .hello
            writeInteger(hello.beginsAnywhere ? PeerHello.beginning : hello.mode.rawValue)
            writeInteger(hello.epoch.rawValue, endianness: .little)
            write(text: hello.member)
            write(gtid: hello.server)
            write(log: hello.log)
        case .begin(let after, let format):
            kind = .begin
            write(log: after)
            writeInteger(UInt16(truncatingIfNeeded: format.count), endianness: .little)
            writeBytes(format)
        case .accept(let common, let state):
            kind = .accept
            write(gtid: common)
            write(state: state)
        case .refuse(let refusal):
            kind = .refuse
            writeInteger(refusal.code.rawValue)
            writeInteger(refusal.epoch.rawValue, endianness: .little)
            write(text: refusal.message)
        case .state(let state):
            kind = .state
            write(state: state)
        case .durable(let gtid):
            kind = .durable
            write(gtid: gtid)
        }
        write(head: kind, at: start)
    }

    /// Completes the head of a frame that begins at an index and whose payload has been written.
    mutating func write(head kind: PeerFrame.Kind, at start: Int) {
        let length = UInt32(truncatingIfNeeded: writerIndex - start - PeerFrame.headSize)
        setInteger(length, at: start, endianness: .little)
        setInteger(UInt32(kind.rawValue), at: start + 4, endianness: .little)
    }

    private mutating func write(state: PeerState) {
        write(gtid: state.committed)
        write(gtid: state.everywhere)
        writeInteger(UInt8(state.isOpen ? 1 : 0))
    }

    /// Domain 0 always; all zeros stand for nothing.
    private mutating func write(gtid: GTID?) {
        writeInteger(gtid?.serverID.rawValue ?? 0, endianness: .little)
        writeInteger(gtid?.sequence ?? 0, endianness: .little)
    }

    private mutating func write(log: [GTID]) {
        writeInteger(UInt16(truncatingIfNeeded: log.count), endianness: .little)
        for gtid in log { write(gtid: gtid) }
    }

    private mutating func write(text: String) {
        let bytes = Array(text.utf8.prefix(4096))
        writeInteger(UInt16(truncatingIfNeeded: bytes.count), endianness: .little)
        writeBytes(bytes)
    }
}

// MARK: - Reading

extension PeerFrame {
    /// Decodes the payload of every kind but events.
    init(kind: Kind, payload: ByteBuffer) throws(PeerProtocolError) {
        var payload = payload
        switch kind {
        case .hello:
            let number = try payload.number(UInt8.self)
            let beginsAnywhere = number == PeerHello.beginning
            guard let mode = beginsAnywhere ? PeerHello.Mode.follow : PeerHello.Mode(rawValue: number) else {
                throw PeerProtocolError(description: "an unknown mode")
            }
            let epoch = Epoch(rawValue: try payload.number(UInt32.self))
            let member = try payload.text()
            let server = try payload.gtid()
            let log = try payload.log()
            var hello = PeerHello(mode: mode, epoch: epoch, member: member, server: server, log: log)
            hello.beginsAnywhere = beginsAnywhere
            self = .hello(hello)
        case .begin:
            let log = try payload.log()
            let length = Int(try payload.number(UInt16.self))
            guard let format = payload.readBytes(length: length) else {
                throw PeerProtocolError(description: "a format description that is short")
            }
            self = .begin(after: log, format: format)
        case .accept:
            self = .accept(common: try payload.gtid(), state: try payload.state())
        case .refuse:
            guard let code = PeerRefusal.Code(rawValue: try payload.number(UInt8.self)) else {
                throw PeerProtocolError(description: "an unknown refusal")
            }
            let epoch = Epoch(rawValue: try payload.number(UInt32.self))
            self = .refuse(PeerRefusal(code: code, epoch: epoch, message: try payload.text()))
        case .state:
            self = .state(try payload.state())
        case .durable:
            self = .durable(try payload.gtid())
        case .events:
            throw PeerProtocolError(description: "events are not a frame of their own")
        }
        guard payload.readableBytes == 0 else { throw PeerProtocolError(description: "a frame with bytes left over") }
    }
}

extension ByteBuffer {
    fileprivate mutating func number<T: FixedWidthInteger>(_ type: T.Type) throws(PeerProtocolError) -> T {
        guard let value = readInteger(endianness: .little, as: type) else {
            throw PeerProtocolError(description: "a frame that is short")
        }
        return value
    }

    fileprivate mutating func gtid() throws(PeerProtocolError) -> GTID? {
        let server = try number(UInt32.self)
        let sequence = try number(UInt64.self)
        return sequence == 0 ? nil : GTID(serverID: ServerID(rawValue: server), sequence: sequence)
    }

    fileprivate mutating func log() throws(PeerProtocolError) -> [GTID] {
        var log: [GTID] = []
        for _ in 0..<(try number(UInt16.self)) {
            if let gtid = try self.gtid() { log.append(gtid) }
        }
        return log
    }

    fileprivate mutating func state() throws(PeerProtocolError) -> PeerState {
        PeerState(committed: try gtid(), everywhere: try gtid(), isOpen: try number(UInt8.self) != 0)
    }

    fileprivate mutating func text() throws(PeerProtocolError) -> String {
        let length = Int(try number(UInt16.self))
        guard let text = readString(length: length) else {
            throw PeerProtocolError(description: "a text that is short")
        }
        return text
    }
}

/// Cuts the bytes of a connection into frames.
///
/// Events are handed on as they come, in as many parts as they come in.
struct PeerFrameDecoder {
    private var buffer = ByteBuffer()
    /// What is missing of the frame of events that has begun.
    private var events = 0
    /// Frames of events are accepted in this direction.
    let acceptsEvents: Bool

    init(acceptsEvents: Bool) {
        self.acceptsEvents = acceptsEvents
    }

    enum Output {
        case frame(PeerFrame)
        case events(ByteBuffer)
    }

    mutating func append(_ bytes: inout ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next frame, or the next part of one with events; nil when more bytes are needed for it.
    ///
    /// Nothing of the bytes that were appended is held then: who receives would have to allocate for every read if
    /// somebody still had the buffer of the last one.
    mutating func next() throws(PeerProtocolError) -> Output? {
        if let output = try decode() { return output }
        buffer = buffer.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: buffer.readableBytesView)
        return nil
    }

    private mutating func decode() throws(PeerProtocolError) -> Output? {
        if events > 0 {
            guard buffer.readableBytes > 0, let part = buffer.readSlice(length: min(events, buffer.readableBytes))
            else { return nil }
            events -= part.readableBytes
            return .events(part)
        }
        guard let length = buffer.getInteger(at: buffer.readerIndex, endianness: .little, as: UInt32.self),
            let head = buffer.getInteger(at: buffer.readerIndex + 4, endianness: .little, as: UInt32.self)
        else { return nil }
        guard head <= 0xFF, let kind = PeerFrame.Kind(rawValue: UInt8(head)) else {
            throw PeerProtocolError(description: "an unknown kind of frame, \(head)")
        }
        if kind == .events {
            guard acceptsEvents, length <= PeerFrame.maximumEvents else {
                throw PeerProtocolError(description: "unexpected events of \(length) bytes")
            }
            buffer.moveReaderIndex(forwardBy: PeerFrame.headSize)
            events = Int(length)
            return try decode()
        }
        guard length <= PeerFrame.maximumPayload else {
            throw PeerProtocolError(description: "a frame of \(length) bytes")
        }
        guard buffer.readableBytes >= PeerFrame.headSize + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: PeerFrame.headSize)
        guard let payload = buffer.readSlice(length: Int(length)) else { return nil }
        return .frame(try PeerFrame(kind: kind, payload: payload))
    }
}
