import Glibc
import Synchronization

/// Child processes that never outlive this one.
enum Child {
    private static let running = Mutex<Set<pid_t>>([])

    /// Kills what is left when the test process ends by itself; if it is killed, the watchdog does.
    private static let killAtExit: Void = {
        atexit {
            for pid in Child.running.withLock({ $0 }) { _ = Glibc.kill(pid, SIGKILL) }
        }
    }()

    /// Starts a program, with its output in a file.
    static func start(_ arguments: [String], log: String) throws -> pid_t {
        _ = killAtExit
        let pid = try spawn(arguments, log)
        running.withLock { _ = $0.insert(pid) }
        // The end of this process, however it comes, is the end of the child: a shell waits for it.
        let parent = getpid()
        let watchdog =
            "while kill -0 \(parent) 2>/dev/null && kill -0 \(pid) 2>/dev/null; do sleep 1; done; kill -9 \(pid)"
        _ = try spawn(["sh", "-c", watchdog], "/dev/null")
        return pid
    }

    /// Runs a program to its end.
    static func run(_ arguments: [String], log: String) throws {
        let pid = try spawn(arguments, log)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw APIServer.Failure(description: "\(arguments[0]) failed, see \(log)") }
    }

    /// Kills a program and waits for its end.
    static func kill(_ pid: pid_t) {
        _ = Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        running.withLock { _ = $0.remove(pid) }
    }

    private static func spawn(_ arguments: [String], _ log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, arguments[0], &actions, nil, &argv, environ)
        guard result == 0 else {
            throw APIServer.Failure(
                description: "\(arguments[0]) cannot be started: \(String(cString: strerror(result)))"
            )
        }
        return pid
    }
}
