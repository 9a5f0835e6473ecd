import CMariaDB
import Glibc
import ProcessMemory
import Synchronization

/// How a process ended.
enum ProcessEnd: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)
    /// It was started by another process, an agent that died, so that nobody tells us how it ended.
    case unknown

    var description: String {
        switch self {
        case .exited(let code): "exited with \(code)"
        case .signalled(let signal): "killed by signal \(signal)"
        case .unknown: "ended"
        }
    }
}

/// A process, started here or found, that is watched and signalled through its pidfd: no signal ever reaches another
/// process that got the same number.
final class WatchedProcess: Sendable {
    let pid: pid_t

    private let descriptor: Int32
    private let state = Mutex<State>(State())

    private struct State {
        var end: ProcessEnd?
        var waiters: [@Sendable (ProcessEnd) -> Void] = []
    }

    /// How the process ended; nil while it runs.
    var end: ProcessEnd? { state.withLock { $0.end } }

    /// - Parameter isChild: only the parent learns how it ended.
    private init(pid: pid_t, descriptor: Int32, isChild: Bool) {
        self.pid = pid
        self.descriptor = descriptor
        WorkerThread.start("watch") { [self] in
            Self.awaitReadable(descriptor)
            let end = isChild ? Self.reap(pid) : .unknown
            let waiters = state.withLock { state in
                state.end = end
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter(end) }
        }
    }

    deinit { close(descriptor) }

    /// Waits until the process has ended.
    func ended() async -> ProcessEnd {
        await withCheckedContinuation { continuation in
            whenEnded { continuation.resume(returning: $0) }
        }
    }

    /// True when the process ends in this time, or has ended.
    func ends(within time: Duration) async -> Bool {
        let deadline = ContinuousClock.now + time
        while end == nil, .now < deadline, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
        return end != nil
    }

    /// Calls back once when the process has ended; at once when it has already.
    func whenEnded(_ action: @escaping @Sendable (ProcessEnd) -> Void) {
        let end = state.withLock { state -> ProcessEnd? in
            if state.end == nil { state.waiters.append(action) }
            return state.end
        }
        if let end { action(end) }
    }

    /// Sends a signal; a process that has ended already is no error.
    func signal(_ number: Int32) { _ = xdb_pidfd_send_signal(descriptor, number) }

    /// Starts a program in a session of its own, so that it outlives this process and gets none of its signals.
    ///
    /// - Parameters:
    ///   - output: a file that its standard output and error are appended to.
    ///   - input: a descriptor that it reads as its standard input; nothing, when nil.
    ///   - standardOutput: a descriptor that it writes to in the place of the file.
    static func start(
        _ arguments: [String],
        output: String,
        input: Int32? = nil,
        standardOutput: Int32? = nil
    ) throws -> WatchedProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 2, output, O_WRONLY | O_CREAT | O_APPEND, 0o640)
        posix_spawn_file_actions_adddup2(&actions, standardOutput ?? 2, 1)
        // A server that outlives its agent must not hold the sockets that the next agent listens on.
        xdb_spawn_close_from(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | xdb_spawn_new_session()
        posix_spawnattr_setflags(&attributes, flags)

        // Only what the program needs: certificates and passwords of the agent's environment are none of its business.
        let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/"]
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer {
            for pointer in argv { free(pointer) }
            for pointer in envp { free(pointer) }
        }
        var pid = pid_t()
        let result = posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, &envp)
        guard result == 0 else { throw SystemError("start \(arguments[0])", code: result) }
        let descriptor = xdb_pidfd_open(pid)
        guard descriptor >= 0 else {
            let error = SystemError("pidfd_open")
            kill(pid, SIGKILL)
            _ = reap(pid)
            throw error
        }
        return WatchedProcess(pid: pid, descriptor: descriptor, isChild: true)
    }

    /// Finds the processes of a program that were started with a certain argument.
    static func find(program: String, argument: String) -> [WatchedProcess] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        let name = program.split(separator: "/").last.map(String.init) ?? program
        var found: [WatchedProcess] = []
        while let entry = readdir(directory) {
            let text = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = pid_t(text), matches(pid, name, argument) else { continue }
            let descriptor = xdb_pidfd_open(pid)
            guard descriptor >= 0 else { continue }
            // Again, now that the descriptor holds the process: the number may have changed hands in between.
            guard matches(pid, name, argument) else {
                close(descriptor)
                continue
            }
            found.append(WatchedProcess(pid: pid, descriptor: descriptor, isChild: parent(pid) == getpid()))
        }
        return found
    }

    private static func matches(_ pid: pid_t, _ name: String, _ argument: String) -> Bool {
        let words = ProcessFile.contents(at: "/proc/\(pid)/cmdline").split(separator: 0)
            .map { String(decoding: $0, as: UTF8.self) }
        return words.first?.split(separator: "/").last.map(String.init) == name && words.contains(argument)
    }

    private static func parent(_ pid: pid_t) -> pid_t? {
        let fields = ProcessFile.fieldsOfStat(at: "/proc/\(pid)/stat")
        return fields.count > 1 ? pid_t(fields[1]) : nil
    }

    private static func awaitReadable(_ descriptor: Int32) {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&poller, 1, -1) < 0 && errno == EINTR {}
    }

    private static func reap(_ pid: pid_t) -> ProcessEnd {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { return .unknown }
        }
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }
}
