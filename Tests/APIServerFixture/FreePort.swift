import Glibc
import Synchronization

/// Ports on loopback for servers that are told their port before they listen.
///
/// They are counted up from below the range out of which the kernel takes the ports of outgoing connections: otherwise
/// any connection of this machine could take a port between the look at it and the server's start. Where the count
/// starts depends on the process, so that two runs of tests at once seldom look at the same ports.
public enum FreePort {
    private static let range = 10_000..<30_000
    private static let next = Mutex(range.lowerBound + Int(getpid()) &* 37 % range.count)

    /// A port that nobody listens on; no other call of this process gets it until all have had their turn.
    public static func take() throws(APIServer.Failure) -> Int {
        for _ in range {
            let port = next.withLock { next in
                defer { next = next + 1 < range.upperBound ? next + 1 : range.lowerBound }
                return next
            }
            if isFree(port) { return port }
        }
        throw APIServer.Failure(description: "there is no free port in \(range)")
    }

    private static func isFree(_ port: Int) -> Bool {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        // As servers do: a port that only has connections in their last minute is free.
        var yes: Int32 = 1
        setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        // Of every address, since etcd and the API server may listen on more than loopback's.
        address.sin_addr.s_addr = 0
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
