import FoundationEssentials
import Glibc
import Logging
import Synchronization
import XDB

/// One member: it keeps the promise, looks at the log and the server, and takes the steps that `MemberPlan` names.
///
/// Requests and passes take turns. A request that waits cancels the pass that runs: the pass's statements may hang at a
/// server that does not answer, and a seal must not.
actor MemberController {
    let configuration: AgentConfiguration
    let tls: TLSMaterial
    let logger: Logger
    let version: String
    let board: StatusBoard

    let state: DurableState
    let server: DatabaseServer
    let accounts: Accounts
    /// For everything that concerns this server alone.
    let local: ServerSQL
    /// For a leader's rows, which may wait for a majority as long as it takes.
    let writer: ServerSQL
    /// Copies of the data for other members.
    let copies: CopySource
    /// Samples of the data for other members.
    let samples: SampleSource
    /// Compares the data with another member's.
    let verifier: DataVerifier
    let turn = Turn()
    let wakeups: AsyncStream<Void>
    let wakeup: AsyncStream<Void>.Continuation

    var identity: Identity?
    var promise = Promise.none
    var replication: Replication?
    /// Why nothing can be done with this directory.
    var stateError: StateError?
    var waitingRequests = 0
    var passing: Task<Bool, Never>?
    var closing = false
    /// The agent was told to end; a leader waits for its successor first.
    var stopping = false

    // What holds for the promised epoch.
    var fresh = false
    var opened: GTID?
    var promoted = false
    var rowAcknowledged = false
    var usersEnsured = false
    var followed: PeerAddress?
    var incompleteLog = false
    /// A logger's: its log, while it is empty, need not begin at the group's first transaction.
    ///
    /// Not part of the promise: whoever has asked asks again when this agent is another and does not receive.
    var beginsAnywhere = false
    /// What keeps the clients of a leader that has handed over, or lost its server.
    var relay: ClientRelay?
    /// The next leader takes writes, and the clients are passed on to it.
    var relayPasses = false
    /// When the port is the server's again.
    var relayEnd: ContinuousClock.Instant = .now
    /// Why this agent has given up leading the promised epoch.
    enum Resignation {
        case serverEnded
        case isolated
    }
    var resignation: Resignation?
    /// Since when a leader has not heard a majority of the voters.
    var isolatedSince: ContinuousClock.Instant?

    // What holds for one life of the server.
    var fedLife = 0
    var lifeSeen = 0
    var startingSince: ContinuousClock.Instant?
    var serverState = DatabaseServer.State.stopped
    var serverCrashes = 0
    var serverFailure: ServerFailure?
    var ignoredOptions: [String] = []
    var running = RunningConfiguration()
    var tail = TailVerdict.unknown
    var observation: ServerCommands.Observation?
    var answered = false
    var care = ReplicaCare()
    var careVerdict = ReplicaCare.Verdict()

    // Work that takes long, beside the passes.
    var creating: Task<Void, Never>?
    var pulling: Task<Void, Never>?
    var pulls = 0
    var attaching: Task<Void, Never>?
    var beating: Task<Void, Never>?
    var ensuring: Task<Void, Never>?
    var forwarding: Task<Void, Never>?
    var measuring: Task<Void, Never>?
    /// When the size of the data was looked at last, and what was found.
    var measured: ContinuousClock.Instant?
    var dataBytes: UInt64?
    var lastBeat: ContinuousClock.Instant?
    var lastEnsured: ContinuousClock.Instant?
    var lastPurge: ContinuousClock.Instant = .now
    var lastObserved: ContinuousClock.Instant?
    var failures: [String: AgentStatus.Problem] = [:]

    init(configuration: AgentConfiguration, tls: TLSMaterial, version: String, logger: Logger) {
        self.configuration = configuration
        self.tls = tls
        self.version = version
        self.logger = logger
        var status = AgentStatus(
            member: configuration.member,
            incarnation: configuration.incarnation,
            version: version
        )
        status.server.state = configuration.kind == .logger ? .none : .stopped
        board = StatusBoard(status)
        copies = CopySource(board: board, logger: logger)
        state = DurableState(directory: configuration.directory)
        accounts = Accounts(directory: configuration.usersDirectory)
        (wakeups, wakeup) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        samples = SampleSource(socket: configuration.socket, logger: logger)
        verifier = DataVerifier(
            ComparisonAtPosition(
                member: configuration.member,
                socket: configuration.socket,
                peers: PeerClient(port: configuration.controlPort, names: configuration.certificateNames, tls: tls)
            ),
            logger: logger
        ) { [wakeup] in wakeup.yield() }
        server = DatabaseServer(configuration: configuration, logger: logger) { [wakeup] in wakeup.yield() }
        local = ServerSQL(
            socket: configuration.socket,
            user: DataDirectory.user,
            binlog: .off,
            deadline: 10,
            name: "sql"
        )
        writer = ServerSQL(
            socket: configuration.socket,
            user: DataDirectory.user,
            binlog: .on,
            deadline: 0,
            name: "sql-writer"
        )
    }

    // MARK: Life

    /// Takes up what an earlier agent left, and works until the task is cancelled.
    ///
    /// The server is left running then; `shutDown` ends it.
    func run() async {
        await turn.take { await takeUp() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [wakeup] in
                while (try? await Task.sleep(for: .seconds(1))) != nil {
                    // A pass may hang at a server that does not answer: that must be told in time.
                    await self.publish()
                    wakeup.yield()
                }
            }
            for await _ in wakeups {
                guard !Task.isCancelled else { break }
                let pause = await pass()
                try? await Task.sleep(for: pause)
            }
            group.cancelAll()
        }
    }

    /// Says of a leader that it is about to end, and waits until another has been elected and has the clients, as long as
    /// there is somebody who could be and the time allows it: clients then see a change of leader, and no failure.
    func handOver() async {
        stopping = true
        let deadline = ContinuousClock.now + Self.handOverLimit
        publish()
        while promise.terms != nil, hearsMajority, promise.terms?.voters.count ?? 1 > 1, .now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        // The request that took the lead away is still being answered.
        await turn.take {}
        while relay != nil, .now < deadline { try? await Task.sleep(for: .milliseconds(20)) }
    }

    /// An operator that is there needs a fraction of a second.
    static let handOverLimit = Duration.seconds(5)

    /// Ends the server in the way that its role allows, and the log.
    func shutDown() async {
        closing = true
        passing?.cancel()
        await copies.end()
        await verifier.end()
        await turn.take {
            for task in [creating, pulling, beating, ensuring, measuring] { task?.cancel() }
            if promise.terms != nil {
                // An orderly end commits what waits for an acknowledgement; so a leader's server is killed.
                await server.kill()
            } else {
                await server.stop(within: .seconds(20))
            }
            await replication?.close()
            forwarding?.cancel()
            await relay?.end()
        }
        wakeup.finish()
    }

    func takeUp() async {
        do throws(StateError) {
            guard let found = try state.identity() else {
                publish()
                return
            }
            try check(found, group: found.group)
            promise = try state.keptPromise()
            identity = found
        } catch {
            stateError = error
            logger.critical("the directory cannot be used", metadata: ["error": "\(error)"])
            publish()
            return
        }
        if configuration.kind == .data {
            await server.adopt()
            await lookAtProcess()
        }
        await openLog()
        wakeup.yield()
    }

    func openLog() async {
        guard replication == nil else { return }
        var settings = ReplicationConfiguration(
            member: configuration.member,
            group: configuration.group,
            namespace: configuration.namespace,
            directory: configuration.directory
        )
        settings.peerHost = configuration.address
        settings.peerPort = configuration.peerPort
        settings.feedPort = configuration.feedPort
        settings.serverUser = DataDirectory.user
        if let volume = try? Volume(of: configuration.directory) {
            settings.retainedBytesForPeers = ReplicationConfiguration.retainedBytes(forPeersOnVolumeOf: volume.size)
        }
        do {
            let replication = try await Replication(
                configuration: settings,
                tls: tls,
                epoch: promise.epoch,
                logger: logger
            )
            if let lost = promise.contradiction(with: replication.snapshot, in: configuration.directory) {
                await replication.close()
                throw lost
            }
            self.replication = replication
            failures["log"] = nil
            forwarding = Task { [wakeup] in
                for await _ in replication.changes {
                    if replication.snapshot.leaderIsOpen { await passClientsOn() }
                    wakeup.yield()
                }
            }
        } catch {
            failures["log"] = problem(error, "LogUnusable")
            logger.error("the log cannot be opened", metadata: ["error": "\(error)"])
        }
    }

    func check(_ found: Identity, group: String) throws(StateError) {
        let expected = Identity(
            group: group,
            member: configuration.member,
            ordinal: configuration.ordinal,
            incarnation: configuration.incarnation,
            kind: configuration.kind
        )
        guard found == expected else {
            throw .foreign(
                found: found,
                expected: "\(expected.kind) member \(expected.member) (ordinal \(expected.ordinal), incarnation "
                    + "\(expected.incarnation)) of the group \(group)"
            )
        }
    }

    // MARK: Requests

    /// Answers `POST /v1/initialize`.
    func initialize(_ request: InitializeRequest) async throws(AgentError) -> AgentStatus {
        try await exclusively { () async throws(AgentError) in
            if let stateError { throw refusal(stateError) }
            guard !request.group.isEmpty else {
                throw AgentError(reason: "InvalidRequest", message: "the group's uid is empty")
            }
            do throws(StateError) {
                if let identity {
                    try check(identity, group: request.group)
                } else {
                    let new = Identity(
                        group: request.group,
                        member: configuration.member,
                        ordinal: configuration.ordinal,
                        incarnation: configuration.incarnation,
                        kind: configuration.kind
                    )
                    do throws(SystemError) {
                        try FileLogStorage.prepare(directory: FileLogStorage.directory(of: configuration.directory))
                    } catch {
                        throw .system(error)
                    }
                    try state.write(Promise.none)
                    try state.write(new)
                    identity = new
                    logger.info("initialized", metadata: ["group": "\(request.group)"])
                }
            } catch {
                throw refusal(error)
            }
            await openLog()
            publish()
            return board.status
        }
    }

    /// Answers `POST /v1/seal`.
    func seal(_ request: SealRequest) async throws(AgentError) -> SealAnswer {
        try await exclusively { () async throws(AgentError) in
            let replication = try ready()
            let led = promise.terms != nil
            if led, request.epoch > promise.epoch, let successor = request.successor {
                await replication.handOver(to: successor, within: Self.drainLimit)
            }
            try await admit(Admission.seal(request.epoch, promise), replication)
            if led, promise.terms == nil, request.successor != nil { await keepClients() }
            do {
                let log = try await replication.seal(epoch: promise.epoch)
                publish()
                return SealAnswer(
                    member: configuration.member,
                    epoch: promise.epoch,
                    position: log.position,
                    committed: log.committed,
                    first: log.first
                )
            } catch {
                throw refusal(error)
            }
        }
    }

    /// How long a successor may need for the end of the log; without it the successor fetches that later.
    private static let drainLimit = Duration.milliseconds(200)

    /// Answers `POST /v1/lead`.
    func lead(_ request: LeadRequest) async throws(AgentError) -> AgentStatus {
        try await exclusively { () async throws(AgentError) in
            let replication = try ready()
            // Who leads applies everything that is committed.
            await verifier.end()
            let admission = Admission.lead(
                request,
                promise,
                member: configuration.member,
                kind: configuration.kind
            )
            try await admit(admission, replication)
            publish()
            return board.status
        }
    }

    /// Answers `POST /v1/follow`.
    func follow(_ request: FollowRequest) async throws(AgentError) -> AgentStatus {
        try await exclusively { () async throws(AgentError) in
            let replication = try ready()
            try await admit(Admission.follow(request, promise, member: configuration.member), replication)
            let wish = configuration.kind == .logger && request.beginsAnywhere ?? false
            if wish != beginsAnywhere {
                beginsAnywhere = wish
                // The next pass tells the log.
                followed = nil
            }
            publish()
            return board.status
        }
    }

    /// What a copy of the data is made with, when there are any that are worth one.
    func backup() throws(AgentError) -> (BackupProcess.Settings, Replication) {
        let log = try ready()
        func refuse(_ why: String) -> AgentError {
            AgentError(reason: "NoSource", message: "\(configuration.member) cannot be copied: \(why)")
        }
        guard configuration.kind == .data else { throw refuse("a logger has no data") }
        guard !closing, !stopping else { throw refuse("it is being stopped") }
        guard case .running = serverState, let observation else { throw refuse("its server does not run") }
        guard observation.applied != nil else { throw refuse("its server has applied nothing yet") }
        let settings = BackupProcess.Settings(
            program: configuration.backupProgram,
            dataDirectory: configuration.dataDirectory,
            temporaryDirectory: configuration.temporaryDirectory,
            socket: configuration.socket,
            user: DataDirectory.user
        )
        return (settings, log)
    }

    /// Takes the turn from whatever pass runs.
    func exclusively<Value: Sendable>(
        _ body: () async throws(AgentError) -> Value
    ) async throws(AgentError) -> Value {
        waitingRequests += 1
        passing?.cancel()
        let result: Result<Value, AgentError> = await turn.take {
            waitingRequests -= 1
            guard !closing else {
                return .failure(AgentError(reason: "ShuttingDown", message: "the agent is ending; ask again"))
            }
            do throws(AgentError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        wakeup.yield()
        return try result.get()
    }

    func ready() throws(AgentError) -> Replication {
        if let stateError { throw refusal(stateError) }
        guard identity != nil else {
            throw AgentError(
                reason: "NotInitialized",
                message: "\(configuration.member) has no identity in \(configuration.directory): initialize it first"
            )
        }
        guard let replication else {
            throw AgentError(
                reason: failures["log"]?.reason ?? "LogUnusable",
                message: failures["log"]?.message ?? "the log is not open yet"
            )
        }
        return replication
    }

    /// Makes a promise durable, and then true.
    func admit(_ admission: Admission, _ replication: Replication) async throws(AgentError) {
        switch admission {
        case .already: return
        case .refuse(let error): throw error
        case .accept(let next, let enters):
            let old = promise
            if enters { await endLeadingAlone(replication) }
            do throws(StateError) {
                try state.write(next)
            } catch {
                throw refusal(error)
            }
            promise = next
            // Who leads on with other members is what it was: found on the disk, its server may be another than the one that
            // led, and only an election tells what that had.
            if enters || old.terms == nil { fresh = true }
            followed = nil
            incompleteLog = false
            pulls += 1
            pulling?.cancel()
            pulling = nil
            logger.info(
                "promised",
                metadata: ["epoch": "\(next.epoch)", "duty": "\(MemberPlan.role(next))", "before": "\(old.epoch)"]
            )
            guard enters else { return }
            forgetEpoch()
            // From here on nothing of the old epoch is acknowledged; then what waited for it dies with its server.
            do {
                _ = try await replication.seal(epoch: next.epoch)
            } catch {
                throw refusal(error)
            }
            if case .lead = old.duty { await fence("a newer epoch is promised") }
        }
    }

    func forgetEpoch() {
        opened = nil
        promoted = false
        for key in ["attach", "row", "users", "pull", "step"] { failures[key] = nil }
        rowAcknowledged = false
        usersEnsured = false
        beating?.cancel()
        beating = nil
        ensuring?.cancel()
        ensuring = nil
        isolatedSince = nil
    }

    func fence(_ why: String) async {
        logger.notice("fencing the server", metadata: ["reason": "\(why)"])
        // Its memory may take long to be given back; from the signal on it does nothing any more.
        await server.beginKill()
        await lookAtProcess()
        observation = nil
    }

    func refusal(_ error: any Error) -> AgentError {
        let problem = problem(error, "Failed")
        return AgentError(reason: problem.reason, message: problem.message)
    }

    func problem(_ error: any Error, _ reason: String) -> AgentStatus.Problem {
        switch error {
        case let error as AgentError: AgentStatus.Problem(reason: error.reason, message: error.message)
        case let error as StateError: AgentStatus.Problem(reason: error.reason, message: "\(error)")
        case let error as ReplicationError: AgentStatus.Problem(reason: error.reason, message: "\(error)")
        case let error as SystemError:
            AgentStatus.Problem(reason: error.code == ENOSPC ? "DiskFull" : reason, message: "\(error)")
        default: AgentStatus.Problem(reason: reason, message: "\(error)")
        }
    }

    // MARK: Passes

    /// Observes, decides and acts once; returns how long to wait at least before the next pass.
    func pass() async -> Duration {
        guard waitingRequests == 0, !closing else { return .milliseconds(1) }
        return await turn.take {
            let task = Task { await self.work() }
            passing = task
            let advanced = await task.value
            passing = nil
            publish()
            // After a step the next one can often be taken at once.
            if advanced { return .milliseconds(1) }
            return isMoving ? .milliseconds(10) : .milliseconds(50)
        }
    }

    /// True while the member is on its way somewhere, so that it is worth looking often.
    var isMoving: Bool {
        guard identity != nil, stateError == nil else { return false }
        switch board.status.phase {
        case .writable, .streaming, .idle, .uninitialized, .connecting:
            return board.status.server.state == .starting || board.status.server.state == .crashed
        case .initializing, .recovering, .applying: return true
        }
    }

    /// True when a step was taken.
    func work() async -> Bool {
        guard identity != nil, stateError == nil else { return false }
        await lookAtRelay()
        if replication == nil {
            await openLog()
            guard replication != nil else { return false }
        }
        var advanced = false
        // A look at the server takes longer than the opening of an epoch, which needs none.
        if MemberPlan.opensEpoch(situation()) { advanced = await attempt(.openEpoch) }
        await observe()
        for step in MemberPlan.steps(situation()) {
            guard !Task.isCancelled else { return false }
            if await attempt(step) { advanced = true }
        }
        guard !Task.isCancelled else { return false }
        await lookAtConfiguration()
        await maintain()
        // While something is under way the next look follows soon.
        if isMoving { wakeup.yield() }
        return advanced
    }

    /// Takes a step; false when it failed, which is told.
    private func attempt(_ step: Step) async -> Bool {
        do {
            try await perform(step)
            failures["step"] = nil
            return true
        } catch is CancellationError {
            return false
        } catch {
            failures["step"] = problem(error, "StepFailed")
            logger.warning("a step failed", metadata: ["step": "\(step)", "error": "\(error)"])
            observation = nil
            return false
        }
    }

    func observe() async {
        guard configuration.kind == .data else { return }
        measureData()
        await server.poll()
        await lookAtProcess()
        await lookAtTail()
        guard case .running(let process) = serverState, process.end == nil else {
            observation = nil
            return
        }
        // In a steady state the server is asked once a second; on the way to a role, all the time.
        let isRecent = observation != nil && lastObserved.map { .now - $0 < .milliseconds(900) } ?? false
        if isRecent, !isMoving { return }
        let asked = ContinuousClock.now
        do {
            let isFailSafe = observation?.id == ServerOptions.failSafeID(ordinal: configuration.ordinal)
            if isRecent, isFailSafe, promise.terms != nil {
                // Until it has applied its log, nothing else of it matters.
                observation?.applied = try await ServerCommands.applied(local)
            } else {
                observation = try await ServerCommands.observe(local)
                lastObserved = .now
            }
            // What it has applied need not be kept in the log for it.
            if let applied = observation?.applied { replication?.serverHas(applied) }
            failures["sql"] = nil
            if !answered {
                answered = true
                await server.isUp()
                running = RunningConfiguration()
                serverFailure = await server.failure
                ignoredOptions = await server.ignoredOptions()
            }
        } catch is CancellationError {
        } catch {
            // A connection that breaks at once is mostly that of a server that has been ended, which a moment tells.
            let broke = (error as? SQLError)?.connectionLost ?? false && .now - asked < .seconds(1)
            if broke, await process.ends(within: .seconds(2)) {
                observation = nil
                return await lookAtProcess()
            }
            // One that has not answered yet is starting. One that has is in trouble, and maybe full of waiting commits:
            // it is never killed for being slow.
            if answered { failures["sql"] = problem(error, "ServerUnresponsive") } else { observation = nil }
        }
    }

    /// Takes over what the keeper of the process knows; what belongs to an earlier life of the server is forgotten.
    func lookAtProcess() async {
        serverState = await server.state
        serverCrashes = await server.crashes
        serverFailure = await server.failure
        let life = await server.life
        guard life != lifeSeen else { return }
        lifeSeen = life
        startingSince = .now
        observation = nil
        answered = false
        running = RunningConfiguration()
        lastObserved = nil
        failures["sql"] = nil
        care = ReplicaCare()
        careVerdict = ReplicaCare.Verdict()
    }

    /// Finds out whether a server that may not truncate its tail need not: it lost the engine's commits of transactions
    /// that the group has committed, and a schema change stands behind them.
    func lookAtTail() async {
        // While it is tried again, what was found holds.
        if answered { tail = .unknown }
        guard case .refused = serverState, case .refusesTruncation = serverFailure, let replication else { return }
        let binlog = BinlogTail(dataDirectory: configuration.dataDirectory)
        do {
            guard let last = try await local.onThread({ try binlog.last() }) else { return }
            tail = try await replication.judge(tail: last)
        } catch {
            failures["tail"] = problem(error, "BinlogUnreadable")
        }
    }

    var serverSituation: Situation.Server {
        guard configuration.kind == .data else { return .none }
        switch serverState {
        case .running(let process):
            guard process.end == nil, let observation else { return .starting }
            return .up(
                Situation.ServerFacts(
                    id: observation.id,
                    readOnly: observation.readOnly,
                    applied: observation.applied,
                    fed: fedLife == lifeSeen
                )
            )
        case .stopped:
            return dataDirectory.exists ? .down(startable: true) : .absent
        case .ended(let until), .refused(let until):
            return .down(startable: .now >= until)
        }
    }

    func situation() -> Situation {
        let snapshot = replication?.snapshot ?? ReplicationSnapshot()
        var log = Situation.Log()
        log.role = snapshot.role
        log.epoch = snapshot.epoch
        log.leader = followed
        log.position = snapshot.position
        log.committed = snapshot.committed
        log.serverAttached = snapshot.serverAttached
        log.peers = Set(snapshot.peers.map(\.name))
        log.voters = Set(snapshot.voters)
        log.pulling = pulling != nil
        if case .storage = snapshot.failure { log.failed = true }
        var situation = Situation(
            member: configuration.member,
            ordinal: configuration.ordinal,
            promise: promise,
            fresh: fresh,
            log: log,
            server: serverSituation
        )
        situation.opened = opened
        // A server that leads has been made to, by this agent or by the one before.
        situation.promoted =
            promoted || observation?.id == ServerID(epoch: promise.epoch, ordinal: configuration.ordinal)
        situation.tailCommitted = tail == .committed
        situation.relaying = relay != nil
        situation.stopping = stopping && promise.terms == nil
        situation.rowAcknowledged = rowAcknowledged
        situation.usersEnsured = usersEnsured
        if let startingSince, .now - startingSince > .seconds(10) { situation.serverSlow = true }
        return situation
    }

    var dataDirectory: DataDirectory {
        DataDirectory(
            path: configuration.dataDirectory,
            temporary: configuration.temporaryDirectory,
            installProgram: configuration.installProgram
        )
    }
}
