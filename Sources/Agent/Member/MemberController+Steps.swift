import FoundationEssentials
import Logging
import XDB

/// What the controller does for each step, and what goes on while a role lasts.
extension MemberController {
    func perform(_ step: Step) async throws {
        guard let replication else { return }
        switch step {
        case .createData:
            createData()
        case .startServer:
            try await server.start(serverID: ServerOptions.failSafeID(ordinal: configuration.ordinal))
        case .startServerWithTail:
            logger.notice("the server's tail is committed in the group: it starts with it")
            tail = .unknown
            try await server.start(
                serverID: ServerOptions.failSafeID(ordinal: configuration.ordinal),
                keepsTail: true
            )
        case .fenceServer:
            await fence("its server id belongs to a role that this member does not have")
        case .resign:
            try await resign(replication, .serverEnded)
        case .feedServer:
            let statements = ServerCommands.feed(
                port: replication.feedPort,
                user: replication.feedUser,
                password: replication.feedPassword,
                applied: observation?.applied
            )
            try await local.execute(statements)
            fedLife = lifeSeen
            logger.info(
                "the server applies the log",
                metadata: ["after": "\(observation?.applied?.description ?? "-")"]
            )
        case .follow(let leader, let end):
            try await replication.follow(
                epoch: promise.epoch,
                leader: leader,
                server: end,
                beginsAnywhere: beginsAnywhere
            )
            followed = leader
        case .pull(let source, let until, let end):
            pull(replication, source, until, end)
        case .reportIncompleteLog:
            incompleteLog = true
        case .openEpoch:
            guard let terms = promise.terms else { return }
            opened = try await replication.lead(
                epoch: promise.epoch,
                ordinal: configuration.ordinal,
                start: terms.start,
                voters: terms.voters,
                learners: terms.learners,
                newcomers: Set(terms.newcomers ?? []),
                schema: Heartbeat.schema,
                firstTransactions: [
                    Heartbeat.now(epoch: promise.epoch, ordinal: configuration.ordinal).firstTransaction
                ]
            )
            logger.info(
                "opened the epoch",
                metadata: ["epoch": "\(promise.epoch)", "end": "\(opened?.description ?? "-")"]
            )
        case .promote:
            try await promote()
        case .attachServer:
            attach(replication)
        case .writeRow:
            beat()
        case .ensureUsers:
            ensureUsers()
        case .openWrites:
            try await local.execute(ServerCommands.open)
            observation?.readOnly = false
            replication.opened()
            logger.info("open for writes", metadata: ["epoch": "\(promise.epoch)"])
        }
    }

    func createData() {
        guard creating == nil else { return }
        creating = Task {
            do {
                try DurableFile.makeDirectories(configuration.temporaryDirectory)
                try await dataDirectory.create(output: configuration.serverLog)
                failures["data"] = nil
                logger.info("made the data directory")
            } catch {
                failures["data"] = problem(error, "DataDirectoryFailed")
                logger.error("the data directory cannot be made", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(5))
            }
            creating = nil
            wakeup.yield()
        }
    }

    func pull(_ replication: Replication, _ source: PeerAddress, _ until: Position, _ end: GTID?) {
        let epoch = promise.epoch
        pulls += 1
        let number = pulls
        pulling = Task {
            do {
                try await replication.pull(epoch: epoch, source: source, until: until, server: end)
                failures["pull"] = nil
            } catch {
                guard number == pulls, !Task.isCancelled else { return }
                failures["pull"] = problem(error, "PullFailed")
                logger.warning(
                    "the log cannot be completed",
                    metadata: ["source": "\(source.name)", "error": "\(error)"]
                )
                try? await Task.sleep(for: .milliseconds(500))
            }
            guard number == pulls else { return }
            pulling = nil
            wakeup.yield()
        }
    }

    /// Has the log read the server; it reconnects by itself from then on, and ends with the role.
    func attach(_ replication: Replication) {
        promoted = true
        guard attaching == nil else { return }
        let epoch = promise.epoch
        attaching = Task {
            do {
                try await replication.attachServer(socket: configuration.socket)
                failures["attach"] = nil
                logger.info("acknowledges the server's commits", metadata: ["epoch": "\(epoch)"])
            } catch {
                if promise.epoch == epoch, promise.terms != nil { failures["attach"] = problem(error, "AttachFailed") }
                try? await Task.sleep(for: .milliseconds(500))
            }
            attaching = nil
            wakeup.yield()
        }
    }

    /// Ends what a leader without other voters does, before the promise says so: its log takes over what only its server's
    /// binlog has.
    ///
    /// The server may be unable to remove that again, behind a schema change, and there is nobody to rebuild it from.
    /// Nobody has seen it committed, and no log contradicts it: so it is the group's.
    func endLeadingAlone(_ replication: Replication) async {
        guard promise.terms?.voters == [configuration.member], configuration.kind == .data else { return }
        await server.kill()
        await lookAtProcess()
        do {
            try await replication.standDown()
            let taken = try await replication.take(
                BinlogTail(dataDirectory: configuration.dataDirectory),
                of: ServerID(epoch: promise.epoch, ordinal: configuration.ordinal)
            )
            guard taken > 0 else { return }
            logger.notice("the log takes over the server's last transactions", metadata: ["transactions": "\(taken)"])
        } catch {
            logger.error("the server's last transactions cannot be read", metadata: ["error": "\(error)"])
        }
    }

    func resign(_ replication: Replication, _ why: Resignation) async throws {
        await endLeadingAlone(replication)
        let voters = promise.terms?.voters.count ?? 1
        let next = Promise(epoch: promise.epoch, duty: .resigned)
        try state.write(next)
        promise = next
        resignation = why
        forgetEpoch()
        try await replication.standDown()
        logger.notice("gave up leading", metadata: ["epoch": "\(next.epoch)", "reason": "\(why)"])
        if let observation, observation.id != ServerOptions.failSafeID(ordinal: configuration.ordinal) {
            await fence("its epoch is over")
        } else if voters > 1, case .down = serverSituation {
            await keepClients()
        }
    }

    func promote() async throws {
        let id = ServerID(epoch: promise.epoch, ordinal: configuration.ordinal)
        // From here on the server may be this epoch's leader, whatever becomes of the statements: what was seen before,
        // its id above all, is not to be taken for what it is when a request cuts this short.
        promoted = true
        observation = nil
        try await local.execute(ServerCommands.promote(id))
        try await ServerCommands.closeSessions(local)
        await writer.disconnect()
        observation = try await ServerCommands.observe(local)
        logger.info("the server leads", metadata: ["epoch": "\(promise.epoch)", "server_id": "\(id)"])
    }

    /// Writes the heartbeat row, unless the last one still waits for its acknowledgement.
    func beat() {
        guard beating == nil else { return }
        let epoch = promise.epoch
        let row = Heartbeat.now(epoch: epoch, ordinal: configuration.ordinal)
        lastBeat = .now
        beating = Task {
            do {
                _ = try await writer.query(row.statement)
                if promise.epoch == epoch, promise.terms != nil {
                    rowAcknowledged = true
                    failures["row"] = nil
                    beating = nil
                }
                wakeup.yield()
            } catch {
                if promise.epoch == epoch { beating = nil }
                guard !(error is CancellationError) else { return }
                failures["row"] = problem(error, "HeartbeatFailed")
            }
        }
    }

    func ensureUsers() {
        guard ensuring == nil else { return }
        let epoch = promise.epoch
        lastEnsured = .now
        ensuring = Task {
            do {
                // A successor has its predecessor's accounts: clients need not wait for what is only made sure again.
                if !usersEnsured, try await Accounts.arePresent(accounts.wanted(), local), promise.epoch == epoch {
                    usersEnsured = true
                    wakeup.yield()
                }
                try await Accounts.ensure(accounts.wanted(), reading: local, writing: writer)
                guard promise.epoch == epoch else { return }
                usersEnsured = true
                failures["users"] = nil
            } catch {
                guard promise.epoch == epoch, !(error is CancellationError) else { return }
                failures["users"] = problem(error, "AccountsFailed")
            }
            ensuring = nil
            wakeup.yield()
        }
    }

    // MARK: What goes on in a role

    /// Ends the leadership of a leader that has not heard a majority for long: nothing can be committed on it, others may
    /// lead by now, and who reads from it would read yesterday's rows.
    private func fencedForIsolation(_ replication: Replication) async -> Bool {
        guard !hearsMajority else {
            isolatedSince = nil
            return false
        }
        let since = isolatedSince ?? .now
        isolatedSince = since
        guard .now - since >= Self.isolationLimit else { return false }
        isolatedSince = nil
        logger.warning("no majority of the voters is connected any more: this member gives up leading")
        do {
            try await resign(replication, .isolated)
        } catch {
            failures["step"] = problem(error, "StepFailed")
        }
        return true
    }

    /// How long a leader goes on without hearing a majority.
    private static let isolationLimit = Duration.seconds(10)

    // MARK: Clients of a leader that was

    /// Keeps clients that still come until the next leader takes writes.
    func keepClients() async {
        guard configuration.kind == .data, relay == nil else { return }
        do {
            relay = try await ClientRelay(
                address: configuration.address,
                port: configuration.serverPort,
                logger: logger
            )
            relayPasses = false
            relayEnd = .now + Self.relayLimit
        } catch {
            logger.warning("clients cannot be kept for the next leader", metadata: ["error": "\(error)"])
        }
    }

    /// The next leader takes writes.
    func passClientsOn() async {
        guard let relay, !relayPasses, let leader = promise.leader, replication?.snapshot.epoch == promise.epoch
        else { return }
        relayPasses = true
        relayEnd = min(relayEnd, .now + Self.relayLinger)
        relay.pass(to: leader.host, port: configuration.serverPort)
    }

    /// Frees the port for the server when the Service has moved on, or when this member is to lead itself.
    func lookAtRelay() async {
        guard let relay, .now >= relayEnd || promise.terms != nil else { return }
        self.relay = nil
        try? await relay.close()
    }

    /// How long clients are kept for a leader that does not come.
    private static let relayLimit = Duration.seconds(10)
    /// How long clients are still passed on: as long as Services take to lead to the new leader.
    private static let relayLinger = Duration.seconds(3)

    /// What the server's threads have done, where that is of interest.
    private func applyWork() async -> ApplyWork? {
        guard care.wantsWork(.now), case .running(let process) = serverState,
            let threads = try? await ApplyWork.threads(local)
        else { return nil }
        return ApplyWork(of: threads, in: process.pid)
    }

    func maintain() async {
        guard !Task.isCancelled, configuration.kind == .data, let observation, let replication else { return }
        let snapshot = replication.snapshot
        if observation.id == ServerID(epoch: promise.epoch, ordinal: configuration.ordinal), promise.terms != nil {
            if await fencedForIsolation(replication) { return }
            if snapshot.serverAttached, rowAcknowledged, .now - (lastBeat ?? .now) >= .seconds(1) { beat() }
            if usersEnsured, .now - (lastEnsured ?? .now) >= .seconds(30) { ensureUsers() }
        } else if fedLife == lifeSeen {
            let work = await applyWork()
            careVerdict = care.judge(
                observation.replica,
                applied: observation.applied?.position ?? .zero,
                committed: snapshot.feedEnd,
                work: work,
                now: .now
            )
            if careVerdict.restart {
                logger.warning("starting the server's replication again", metadata: ["problem": "\(careVerdict)"])
                try? await local.execute(["START SLAVE"])
            }
        }
        if .now - lastPurge >= .seconds(60), promise.terms == nil || snapshot.serverAttached {
            lastPurge = .now
            try? await ServerCommands.purge(local, keeping: 4)
        }
    }
}
