import Glibc

/// The first process of a member's container.
///
/// It runs the agent, starts it again when it dies, so that a crash of the agent does not stop the server, and reaps
/// the processes that lost their parents. It ends only when it was asked to, after the agent has ended in order.
enum Supervisor {
    /// How long a child that dies at once is left alone, doubling up to the second.
    private static let pauses: (first: UInt32, longest: UInt32) = (100_000, 5_000_000)

    static func run(_ arguments: [String]) -> Never {
        let agent = arguments.first == "--" ? Array(arguments.dropFirst()) : arguments
        guard !agent.isEmpty else {
            say("usage: xdb-agent init -- run ...")
            exit(64)
        }
        // All signals are waited for, one after the other: there is no handler and no race with one.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGCHLD, SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, signal) }
        sigprocmask(SIG_BLOCK, &signals, nil)

        var child = start(agent)
        var started = now()
        var pause = pauses.first
        var ending = false
        while true {
            var signal: Int32 = 0
            guard sigwait(&signals, &signal) == 0 else { continue }
            guard signal == SIGCHLD else {
                ending = true
                kill(child, SIGTERM)
                continue
            }
            var status: Int32 = 0
            while true {
                let pid = waitpid(-1, &status, WNOHANG)
                guard pid > 0 else { break }
                guard pid == child else { continue }
                if ending { exit(code(status)) }
                say("xdb-agent init: the agent ended (\(code(status))); it is started again")
                pause = now() - started > 60 ? pauses.first : min(pause * 2, pauses.longest)
                usleep(pause)
                child = start(agent)
                started = now()
            }
        }
    }

    private static func start(_ arguments: [String]) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var argv: [UnsafeMutablePointer<CChar>?] = (["xdb-agent"] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var pid = pid_t()
        let result = posix_spawn(&pid, "/proc/self/exe", nil, &attributes, &argv, environ)
        guard result == 0 else {
            say("xdb-agent init: the agent cannot be started: \(String(cString: strerror(result)))")
            exit(71)
        }
        return pid
    }

    private static func code(_ status: Int32) -> Int32 {
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }

    private static func say(_ text: String) {
        Array("\(text)\n".utf8).withUnsafeBytes { _ = write(2, $0.baseAddress, $0.count) }
    }
}
