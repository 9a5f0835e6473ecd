import Glibc

/// What a short-lived program has written.
package struct ProcessOutput: Sendable {
    /// More than this is an error.
    static let limit = 1 << 20

    package var output: [UInt8]

    /// Why there is no output.
    package enum Failure: Error, CustomStringConvertible {
        case cannotStart(String)
        case exited(Int32, String)
        case killed(Int32, String)
        case tooSlow(Duration)
        case tooMuch

        package var description: String {
            switch self {
            case .cannotStart(let reason): "cannot be started: \(reason)"
            case .exited(let code, let text): "failed with code \(code): \(text)"
            case .killed(let signal, let text): "was killed by signal \(signal): \(text)"
            case .tooSlow(let timeout): "did not end within \(timeout)"
            case .tooMuch: "wrote too much"
            }
        }
    }

    /// Runs a program to its end, without input.
    ///
    /// It is killed when it takes too long.
    package static func of(
        _ command: String,
        _ arguments: [String],
        environment: [String: String],
        timeout: Duration
    ) async throws -> ProcessOutput {
        try await offPool { try run(command, arguments, environment: environment, timeout: timeout) }
    }

    private static func run(
        _ command: String,
        _ arguments: [String],
        environment: [String: String],
        timeout: Duration
    ) throws -> ProcessOutput {
        var output = Pipe()
        var errors = Pipe()
        defer {
            output.close()
            errors.close()
        }
        guard output.open(), errors.open() else { throw Failure.cannotStart(String(cString: strerror(errno))) }
        let pid = try spawn(command, arguments, environment, output: output, errors: errors)
        output.closeWriting()
        errors.closeWriting()

        let deadline = ContinuousClock.now + timeout
        var failure: Failure?
        while output.isOpen || errors.isOpen {
            let rest = deadline - .now
            guard rest > .zero else {
                failure = .tooSlow(timeout)
                break
            }
            var descriptors = [output, errors].map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
            _ = poll(&descriptors, nfds_t(descriptors.count), Int32(rest / .milliseconds(1)) + 1)
            if descriptors[0].revents != 0 { output.read() }
            if descriptors[1].revents != 0 { errors.read() }
            if output.bytes.count > limit {
                failure = .tooMuch
                break
            }
        }
        if failure != nil { kill(pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        if let failure { throw failure }
        let text = String(decoding: errors.bytes.suffix(1024), as: UTF8.self).trimmed
        // The macros WIFEXITED, WEXITSTATUS and WTERMSIG.
        let signal = status & 0x7F
        if signal != 0 { throw Failure.killed(signal, text) }
        let code = status >> 8 & 0xFF
        if code != 0 { throw Failure.exited(code, text) }
        return ProcessOutput(output: output.bytes)
    }

    private static func spawn(
        _ command: String,
        _ arguments: [String],
        _ environment: [String: String],
        output: borrowing Pipe,
        errors: borrowing Pipe
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // We ignore SIGPIPE, which the child would inherit.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var argv: [UnsafeMutablePointer<CChar>?] = ([command] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, command, &actions, &attributes, &argv, &envp)
        guard result == 0 else { throw Failure.cannotStart(String(cString: strerror(result))) }
        return pid
    }

    private struct Pipe {
        var reading: Int32 = -1
        var writing: Int32 = -1
        var bytes: [UInt8] = []
        var isOpen: Bool { reading >= 0 }

        mutating func open() -> Bool {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { return false }
            // Swift does not see pipe2. A child that another thread starts right now could get these ends too; all
            // children of this program are short-lived, so that at worst the end of the output is seen late.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            (reading, writing) = (ends[0], ends[1])
            return true
        }

        mutating func read() {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = Glibc.read(reading, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count == 0 || errno != EINTR {
                _ = Glibc.close(reading)
                reading = -1
            }
        }

        mutating func closeWriting() {
            if writing >= 0 { _ = Glibc.close(writing) }
            writing = -1
        }

        mutating func close() {
            closeWriting()
            if reading >= 0 { _ = Glibc.close(reading) }
            reading = -1
        }
    }
}
