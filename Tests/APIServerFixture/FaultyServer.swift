import Glibc
import Synchronization

/// An HTTP/1.1 server on loopback that does to each connection what a test tells it, down to the byte.
package final class FaultyServer: Sendable {
    /// One connection, on a thread of its own.
    package final class Connection: Sendable {
        /// What the client asked.
        package struct Request: Sendable {
            package var method = ""
            package var target = ""
            package var headers: [String: String] = [:]
            package var body: [UInt8] = []
        }

        private let descriptor: Int32
        /// Counted from 1.
        package let number: Int

        init(_ descriptor: Int32, number: Int) {
            self.descriptor = descriptor
            self.number = number
        }

        deinit { close(descriptor) }

        /// Reads one request; nil when the client has closed.
        func request() -> Request? {
            var bytes: [UInt8] = []
            while true {
                if let end = Self.headerEnd(bytes) {
                    var request = Self.parse(bytes[..<end])
                    let length = Int(request.headers["content-length"] ?? "0") ?? 0
                    var body = Array(bytes[(end + 4)...])
                    while body.count < length {
                        guard let more = receive() else { return nil }
                        body += more
                    }
                    request.body = body
                    return request
                }
                guard let more = receive() else { return nil }
                bytes += more
            }
        }

        /// Sends text as it is; false when the client has closed.
        @discardableResult
        package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        /// Sends bytes as they are; false when the client has closed.
        @discardableResult
        package func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }

        /// A whole answer.
        package func answer(_ status: Int, _ body: String, headers: [String: String] = [:]) {
            var text = "HTTP/1.1 \(status) Whatever\r\nContent-Type: application/json\r\n"
            text += "Content-Length: \(body.utf8.count)\r\n"
            for (name, value) in headers { text += "\(name): \(value)\r\n" }
            send(text + "\r\n" + body)
        }

        /// The header of an answer whose body has no announced length.
        package func beginChunks() { send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") }

        /// A part of such a body.
        @discardableResult
        package func chunk(_ text: String) -> Bool {
            send(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
        }

        /// The end of such a body.
        package func endChunks() { send("0\r\n\r\n") }

        /// Ends the connection with a reset, as a crashed machine's neighbour would.
        package func reset() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            shutdown(descriptor, Int32(SHUT_RDWR))
        }

        /// Says nothing until the client closes; true when it did so in time.
        @discardableResult
        package func stall(seconds: Int = 30) -> Bool {
            var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            return poll(&descriptors, 1, Int32(seconds * 1000)) > 0 && receive() == nil
        }

        private func receive() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer[..<count]) : nil
        }

        private static func headerEnd(_ bytes: [UInt8]) -> Int? {
            guard bytes.count >= 4 else { return nil }
            return (0...(bytes.count - 4)).first { bytes[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }
        }

        private static func parse(_ bytes: ArraySlice<UInt8>) -> Request {
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
            var request = Request()
            let first = (lines.first ?? "").split(separator: " ")
            request.method = first.first.map(String.init) ?? ""
            request.target = first.count > 1 ? String(first[1]) : ""
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                request.headers[line[..<colon].lowercased()] = String(value)
            }
            return request
        }
    }

    /// What a test has seen of the requests.
    private let log = Mutex<[Connection.Request]>([])
    private let listener: Int32
    package let port: Int
    private let count = Mutex(0)
    private let handle: @Sendable (Connection, Connection.Request) -> Void

    package var url: String { "http://127.0.0.1:\(port)" }

    /// The requests so far.
    package var requests: [Connection.Request] { log.withLock { $0 } }

    /// How many connections were made.
    package var connections: Int { count.withLock { $0 } }

    /// Serves each request of each connection by the closure, on the connection's thread.
    package init(_ handle: @escaping @Sendable (Connection, Connection.Request) -> Void) {
        self.handle = handle
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 64)
                _ = getsockname(listener, $0, &length)
            }
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Self.thread { [self] in accept() }
    }

    /// Stops listening.
    package func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 {
                close(listener)
                return
            }
            let number = count.withLock { count in
                count += 1
                return count
            }
            let connection = Connection(descriptor, number: number)
            Self.thread { [self] in
                while let request = connection.request() {
                    log.withLock { $0.append(request) }
                    handle(connection, request)
                }
            }
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func thread(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            body.toOpaque()
        )
        pthread_detach(thread)
    }
}
