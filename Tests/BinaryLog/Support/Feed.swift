import BinaryLog
import Foundation
import Synchronization
import XDB

/// A feed over blocking sockets: what the agent does with an event loop.
final class Feed: Sendable {
    struct Control: Sendable {
        var limit = Position(epoch: .max, sequence: .max)
        var isStopped = false
        var refusal: String?
        var requests: [FeedRequest] = []
        var failures: [String] = []
        var heartbeats = 0
        var closed: [String] = []
        var fed: GTID?
    }

    let port: Int
    let control = Mutex(Control())
    private let listener: Socket
    private let store: LogStore

    init(store: LogStore) throws {
        self.store = store
        (listener, port) = try Socket.listen()
        Thread.detachNewThread { [self] in
            var connection: UInt32 = 0
            while let socket = listener.accept() {
                connection += 1
                let number = connection
                Thread.detachNewThread { [self] in
                    do {
                        try serve(socket, number)
                    } catch {
                        control.withLock { $0.failures.append("\(error)") }
                    }
                }
            }
        }
    }

    func stop() {
        control.withLock { $0.isStopped = true }
        listener.shutDown()
    }

    private func serve(_ socket: Socket, _ number: UInt32) throws {
        let configuration = FeedConfiguration(user: "feed", password: "secret")
        var session = FeedSession(
            configuration: configuration,
            connectionID: number,
            salt: (0..<20).map { _ in UInt8.random(in: 0...255) }
        )
        try socket.send(session.greeting())
        while true {
            let bytes = try socket.receive()
            guard !bytes.isEmpty else { return }
            var output: [UInt8] = []
            let actions = try bytes.withUnsafeBytes {
                try session.receive($0, unixTime: Int64(Date().timeIntervalSince1970), output: &output)
            }
            try socket.send(output)
            for action in actions {
                switch action {
                case .close(let reason):
                    control.withLock { $0.closed.append(reason) }
                    return
                case .dump(let request):
                    let refusal = control.withLock {
                        $0.requests.append(request)
                        return $0.refusal
                    }
                    if let refusal {
                        try socket.send(session.refuse(refusal))
                        return
                    }
                    try stream(request, session.stream(of: request), socket)
                    return
                }
            }
        }
    }

    private func stream(_ request: FeedRequest, _ stream: FeedStream, _ socket: Socket) throws {
        var stream = stream
        var reader = try store.reader(after: request.after.first?.position ?? .zero)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var silent = Date()
        var began = false
        while !control.withLock({ $0.isStopped }) {
            var output: [UInt8] = []
            let limit = control.withLock { $0.limit }
            if let batch = try reader.next(upTo: limit, into: buffer) {
                if let header = batch.header {
                    stream.begin(segment: header, position: batch.offset, output: &output)
                    began = true
                }
                try stream.append(UnsafeRawBufferPointer(rebasing: buffer[..<batch.count]), output: &output)
                if let last = batch.last { control.withLock { $0.fed = last } }
            } else if began, Double(request.heartbeatNanoseconds) / 1e9 < Date().timeIntervalSince(silent) {
                stream.heartbeat(output: &output)
                control.withLock { $0.heartbeats += 1 }
            }
            if output.isEmpty {
                if socket.isReadable(within: 10) { return }
            } else {
                try socket.send(output)
                silent = Date()
            }
        }
    }
}
