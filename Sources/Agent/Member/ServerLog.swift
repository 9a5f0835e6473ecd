import Glibc
import Logging
import Synchronization

/// The server's own log: a file that the server appends to, whoever reads it.
///
/// The agent repeats its lines in its own log, keeps the last ones for explanations, and keeps the file short.
final class ServerLog: Sendable {
    private let path: String
    private let logger: Logger
    private let state = Mutex<State>(State())

    private struct State {
        var offset: off_t = -1
        var partial: [UInt8] = []
        var recent: [String] = []
    }

    /// How many lines are kept for explanations.
    private static let kept = 40
    /// The file is emptied when it has grown beyond this and everything in it was read.
    private static let limit: off_t = 4 << 20

    /// - Parameter path: lines that are in the file already are not repeated.
    init(path: String, logger: Logger) {
        self.path = path
        self.logger = logger
    }

    /// The last lines, oldest first.
    var recent: [String] { state.withLock { $0.recent } }

    /// Forgets the lines of an earlier life of the server.
    func forget() { state.withLock { $0.recent = [] } }

    /// Reads what the server has written since the last call.
    func poll() {
        let lines = state.withLock { state in read(&state) }
        for line in lines { logger.log(level: Self.level(line), "server", metadata: ["line": "\(line)"]) }
    }

    private func read(_ state: inout State) -> [String] {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { return [] }
        if state.offset < 0 || state.offset > information.st_size {
            state.offset = state.offset < 0 ? information.st_size : 0
            state.partial = []
        }
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, state.offset)
            guard count > 0 else { break }
            state.offset += off_t(count)
            for byte in buffer[..<count] {
                if byte == UInt8(ascii: "\n") {
                    lines.append(String(decoding: state.partial, as: UTF8.self))
                    state.partial = []
                } else if state.partial.count < 4096 {
                    state.partial.append(byte)
                }
            }
        }
        // The server writes with O_APPEND, so it goes on at the new end.
        if state.offset > Self.limit, ftruncate(descriptor, 0) == 0 { state.offset = 0 }
        state.recent = Array((state.recent + lines).suffix(Self.kept))
        return lines
    }

    static func level(_ line: String) -> Logger.Level {
        if line.contains("[ERROR]") { return .error }
        if line.contains("[Warning]") { return .warning }
        return .debug
    }
}
