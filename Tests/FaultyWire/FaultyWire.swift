import Foundation
import Glibc
import Synchronization

/// A wire that fails once: passes connections on to a host, and after so many bytes of an answer flips one bit of it, or cuts
/// the connection.
///
/// It runs where the connections come by, in a node (`ClusterFixture.FaultyWire`), and ends when its standard input does.
/// One line of output, `failed`, when it has.
@main
enum FaultyWire {
    static let usage = "usage: xdb-wire PORT HOST HOST-PORT flip|cut BYTES"

    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 5, let port = UInt16(words[0]), let other = UInt16(words[2]), let bytes = Int(words[4]),
            let fault = Wire.Fault(rawValue: words[3])
        else { stop(usage) }
        let wire = Wire(host: words[1], port: other, fault: fault, after: bytes)
        guard let listener = wire.listen(on: port) else { stop("port \(port): \(String(cString: strerror(errno)))") }
        Thread.detachNewThread { wire.serve(listener) }
        Wire.tell("ready")
        while readLine() != nil {}
    }

    private static func stop(_ words: String) -> Never {
        FileHandle.standardError.write(Data("\(words)\n".utf8))
        exit(2)
    }
}

/// Connections that are passed on, two threads each.
final class Wire: Sendable {
    enum Fault: String { case flip, cut }

    private let host: String
    private let port: UInt16
    private let fault: Fault
    private let limit: Int
    private let hasFailed = Mutex(false)

    init(host: String, port: UInt16, fault: Fault, after limit: Int) {
        self.host = host
        self.port = port
        self.fault = fault
        self.limit = limit
    }

    /// A line of output, at once.
    static func tell(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

    /// A socket that listens; nil, with `errno`, when there can be none.
    func listen(on port: UInt16) -> Int32? {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
        let isBound = Self.with("0.0.0.0", port) { bind(listener, $0, $1) } == 0
        return isBound && Glibc.listen(listener, 16) == 0 ? listener : nil
    }

    func serve(_ listener: Int32) {
        while case let client = accept(listener, nil, nil), client >= 0 {
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard Self.with(host, port, { connect(server, $0, $1) }) == 0 else {
                close(client)
                close(server)
                continue
            }
            Thread.detachNewThread { self.pass(from: client, to: server) { _, _ in true } }
            Thread.detachNewThread { self.pass(from: server, to: client, self.damage) }
        }
    }

    /// Passes on what comes until one side ends, which then both do.
    ///
    /// - Parameter change: Given what has come, and how much came before; false for the end.
    private func pass(from: Int32, to: Int32, _ change: (inout [UInt8], Int) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var passed = 0
        while case let count = recv(from, &buffer, buffer.count, 0), count > 0 {
            var piece = Array(buffer[..<count])
            guard change(&piece, passed), Self.send(piece, to) else { break }
            passed += count
        }
        // The descriptors stay: their numbers must not come to mean other connections for the other thread.
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    private func damage(_ piece: inout [UInt8], _ passed: Int) -> Bool {
        guard passed + piece.count > limit else { return true }
        let isFirst = hasFailed.withLock { hasFailed in
            defer { hasFailed = true }
            return !hasFailed
        }
        guard isFirst else { return true }
        Self.tell("failed")
        if fault == .flip { piece[max(0, limit - passed)] ^= 0x10 }
        return fault == .flip
    }

    private static func send(_ bytes: [UInt8], _ socket: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func with(
        _ host: String,
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
