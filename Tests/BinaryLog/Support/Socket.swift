import BinaryLog
import Foundation
import Synchronization

/// A blocking stream socket.
final class Socket: Sendable {
    struct Failure: Error {
        var call: String
        var code: Int32
    }

    let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Connects to a server's socket file.
    convenience init(path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.init(descriptor: descriptor)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8) + [0]) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect", code: errno) }
    }

    /// Listens on a free port of the loopback.
    ///
    /// Returns the port.
    static func listen() throws -> (Socket, Int) {
        let socket = Socket(descriptor: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                guard bind(socket.descriptor, raw, length) == 0, Glibc.listen(socket.descriptor, 16) == 0 else {
                    return Int32(-1)
                }
                return getsockname(socket.descriptor, raw, &length)
            }
        }
        guard result == 0 else { throw Failure(call: "listen", code: errno) }
        return (socket, Int(UInt16(bigEndian: address.sin_port)))
    }

    func accept() -> Socket? {
        let descriptor = Glibc.accept(descriptor, nil, nil)
        return descriptor < 0 ? nil : Socket(descriptor: descriptor)
    }

    func send(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor,
                    $0.baseAddress.map { $0 + start },
                    bytes.count - start,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { throw Failure(call: "send", code: errno) }
            start += count
        }
    }

    /// Some bytes; none at the end of the stream.
    func receive(upTo count: Int = 1 << 18) throws -> [UInt8] {
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let received = recv(descriptor, buffer.baseAddress, count, 0)
            if received < 0 { failure = errno }
            filled = max(received, 0)
        }
        if let failure { throw Failure(call: "recv", code: failure) }
        return bytes
    }

    /// Whether there is something to read within some milliseconds.
    func isReadable(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, milliseconds) > 0
    }

    func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
