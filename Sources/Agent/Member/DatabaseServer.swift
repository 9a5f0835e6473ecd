import FoundationEssentials
import Glibc
import Logging
import XDB

/// The mariadbd beside the agent: starts it fail-safe, finds it again after a restart of the agent, watches it, and ends
/// it. What role it plays is not decided here.
actor DatabaseServer {
    /// The process, as far as the agent knows it.
    enum State: Sendable {
        /// None was started yet, or it was stopped on purpose.
        case stopped
        case running(WatchedProcess)
        /// It ended by itself and may be started again at a time.
        case ended(until: ContinuousClock.Instant)
        /// It does not start until something is changed; it is tried again at a time.
        case refused(until: ContinuousClock.Instant)
    }

    private(set) var state: State = .stopped
    private(set) var failure: ServerFailure?
    /// Counts lives of the server: what was arranged in one life does not hold in the next.
    private(set) var life = 0

    /// How often the server ended by itself since the agent started.
    private(set) var crashes = 0

    private let configuration: AgentConfiguration
    private let log: ServerLog
    private let logger: Logger
    private let changed: @Sendable () -> Void
    private var backoff = CrashBackoff()
    /// Since when the present life has answered.
    private var upSince: ContinuousClock.Instant?
    private var expected = false
    private let files: OptionFiles
    /// The options that the server was started with last.
    private var tried: String?

    /// - Parameter changed: called when the process ended.
    init(configuration: AgentConfiguration, logger: Logger, changed: @escaping @Sendable () -> Void) {
        self.configuration = configuration
        self.logger = logger
        self.changed = changed
        self.files = OptionFiles(configuration)
        self.log = ServerLog(path: configuration.serverLog, logger: logger)
    }

    /// The process that runs now.
    var process: WatchedProcess? {
        if case .running(let process) = state { process } else { nil }
    }

    /// Takes over a server that an earlier agent started on this data directory.
    ///
    /// Several would be a fault of ours that the storage engine's locks have contained: all of them are ended.
    func adopt() async {
        let found = find()
        guard found.count < 2, let process = found.first else {
            for process in found {
                process.signal(SIGKILL)
                _ = await process.ended()
            }
            return
        }
        logger.info("adopted the running server", metadata: ["pid": "\(process.pid)"])
        watch(process)
    }

    /// Starts the server fail-safe.
    ///
    /// Does nothing while it runs or has to be left alone.
    ///
    /// - Parameter keepsTail: the whole binlog is known to be committed in the group.
    func start(serverID: ServerID, keepsTail: Bool = false) throws {
        switch state {
        case .running: return
        case .ended(let until), .refused(let until):
            guard .now >= until || keepsTail else { return }
        case .stopped: break
        }
        try DurableFile.makeDirectories(configuration.runDirectory)
        try DurableFile.makeDirectories(configuration.temporaryDirectory)
        let file = try files.prepare()
        let options = ServerOptions(
            program: configuration.serverProgram,
            configuration: file?.path,
            dataDirectory: configuration.dataDirectory,
            temporaryDirectory: configuration.temporaryDirectory,
            socket: configuration.socket,
            pidFile: configuration.pidFile,
            address: configuration.address,
            port: configuration.serverPort,
            serverID: serverID,
            keepsTail: keepsTail,
            asRoot: getuid() == 0
        )
        tried = file?.contents
        if let option = forbiddenOption(file?.contents) {
            refuse(.invalidConfiguration(option: option, line: "a group's member must not have it"))
            return
        }
        log.poll()
        log.forget()
        // One that an agent started a moment before it died may not have been visible when this agent looked for it.
        if let running = find().first {
            watch(running)
            return
        }
        let process = try WatchedProcess.start(options.arguments, output: configuration.serverLog)
        logger.info("started the server fail-safe", metadata: ["pid": "\(process.pid)", "server_id": "\(serverID)"])
        watch(process)
    }

    /// Ends the server at once, and returns when it has ended.
    ///
    /// Nothing that waits for an acknowledgement gets one, and nothing of it is committed.
    func kill() async {
        beginKill()
        guard let process else { return }
        _ = await process.ended()
        settle(process)
    }

    /// The same, without waiting for the end.
    func beginKill() {
        guard let process else { return }
        expected = true
        process.signal(SIGKILL)
    }

    /// Lets the server end in order; kills it when it takes too long.
    ///
    /// Only for a server without waiting commits: an orderly end commits them without an acknowledgement.
    func stop(within limit: Duration) async {
        guard let process else { return }
        expected = true
        process.signal(SIGTERM)
        let killer = Task {
            try await Task.sleep(for: limit)
            process.signal(SIGKILL)
        }
        _ = await process.ended()
        killer.cancel()
        settle(process)
    }

    /// Reads the server's log and notices an end, and that options which the server refused are others now.
    func poll() {
        log.poll()
        if case .refused(let until) = state, until > .now, case .invalidConfiguration = failure,
            let wanted = try? files.wanted(), wanted != tried
        {
            state = .refused(until: .now)
        }
        if let process, process.end != nil { settle(process) }
        if let upSince, .now - upSince >= CrashBackoff.calm {
            backoff.isCalm()
            failure = nil
        }
    }

    /// Says that the server has come up: its earlier failures are over, and its options are good.
    ///
    /// One that ends again and again has not recovered because it has come up once more.
    func isUp() {
        upSince = .now
        if failure?.isLoop != true { failure = nil }
        do {
            try files.proved()
        } catch {
            logger.warning("the server's options cannot be noted", metadata: ["error": "\(error)"])
        }
    }

    private func find() -> [WatchedProcess] {
        WatchedProcess.find(
            program: configuration.serverProgram,
            argument: "--datadir=\(configuration.dataDirectory)"
        )
    }

    /// What the user's option file says that has no effect, for a person.
    func ignoredOptions() -> [String] {
        complaints().compactMap { complaint in
            if case .ignored = complaint { complaint.message } else { nil }
        }
    }

    private func forbiddenOption(_ contents: String?) -> String? {
        for case .forbidden(let name) in OptionFile.complaints(contents ?? "") { return name }
        return nil
    }

    private func complaints() -> [OptionFile.Complaint] {
        OptionFile.complaints((try? files.wanted()) ?? "")
    }

    private func watch(_ process: WatchedProcess) {
        life += 1
        expected = false
        upSince = nil
        state = .running(process)
        process.whenEnded { [changed] _ in changed() }
    }

    /// Takes notice of an end, once.
    private func settle(_ process: WatchedProcess) {
        guard case .running(let current) = state, current === process, let end = process.end else { return }
        log.poll()
        if expected {
            state = .stopped
            logger.info("the server was stopped", metadata: ["end": "\(end)"])
            return
        }
        upSince = nil
        crashes += 1
        let pause = backoff.ended()
        let failure = ServerFailure.explain(log.recent, ends: backoff.ends)
        logger.error(
            "the server ended by itself",
            metadata: ["end": "\(end)", "reason": "\(failure.reason)", "pause": "\(pause)"]
        )
        if failure.isRefusal {
            refuse(failure)
        } else {
            self.failure = failure
            state = .ended(until: .now + pause)
        }
    }

    /// The option file may be corrected, and a person may repair a data directory: it is tried again, but not often.
    private func refuse(_ failure: ServerFailure) {
        self.failure = failure
        if case .invalidConfiguration = failure { files.forget() }
        state = .refused(until: .now + .seconds(15))
    }
}
