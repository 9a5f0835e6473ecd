import BinaryLog
import Logging
import NIOCore
import NIOPosix
import XDB

/// The state of a member's replication, and every decision about it.
///
/// **One event loop owns all of it**: the log, the peers' sessions, the local server's dump and its feed. Nothing else
/// touches this object, so each method is one indivisible step. That is what makes sealing free of races: `standDown`
/// ends every session and forgets the role in one step, and after it no callback of an old session finds its role:
/// - bytes that arrive later on a closed session meet a handler that is not streaming any more;
/// - an fdatasync that ends later moves `log.durable`, and then asks the *current* role what follows from it;
/// - an acknowledgement is written by a leadership only, and the leadership is gone.
/// What was acknowledged before the seal was durable before it, hence is inside the position that the seal answers.
final class ReplicationCore {
    let loop: any EventLoop
    let configuration: ReplicationConfiguration
    let names: CertificateNames
    let tls: TLSMaterial
    let logger: Logger
    let log: GroupLog
    private let commitFile: CommitFile
    private let publisher: SnapshotPublisher

    /// The newest epoch that was promised.
    private(set) var epoch: Epoch
    private(set) var role = Role.sealed
    /// What was removed from the end of the log last, since the agent started.
    private var discarded: AgentStatus.DiscardedTail?
    /// The newest transaction that is known to be durable on a majority.
    private(set) var committed: GTID?
    /// Where the feed of the local server is held back.
    private var feedLimit: GTID?
    /// Every member has the log up to here, as far as the leader has told.
    private var everywhere: GTID?

    private var senders: [ObjectIdentifier: LogSender] = [:]
    private var feeds: [ObjectIdentifier: FeedHandler] = [:]
    private var waiting: [(position: Position, promise: EventLoopPromise<Void>)] = []
    private var stateScheduled = false
    private var publishScheduled = false
    private var lastPurge = NIODeadline.now()
    private var failure: ReplicationError?
    private var reopening = false
    private var lastReopen = NIODeadline.now()
    /// What the local server has applied, as far as is known here: it may still ask for what follows.
    private var serverPosition: Position?
    private var closed = false

    enum Role {
        case sealed
        case follower(Following)
        case leader(Leadership)
    }

    init(
        loop: any EventLoop,
        configuration: ReplicationConfiguration,
        tls: TLSMaterial,
        opened: OpenedLog,
        epoch: Epoch,
        publisher: SnapshotPublisher,
        logger: Logger
    ) {
        self.loop = loop
        self.configuration = configuration
        self.names = CertificateNames(group: configuration.group, namespace: configuration.namespace)
        self.tls = tls
        self.log = GroupLog(store: opened.store, loop: loop)
        self.epoch = epoch
        self.commitFile = opened.commitFile
        self.publisher = publisher
        self.logger = logger
        self.committed = opened.committed
    }

    func start() {
        log.onAppend = { [weak self] in self?.appended() }
        log.onDurable = { [weak self] in self?.becameDurable() }
        log.onFailure = { [weak self] error in self?.logFailed(error) }
        scheduleTick()
        publish()
    }

    // MARK: - Roles

    /// Ends whatever an older epoch does.
    ///
    /// See the type's comment for why nothing of it can happen later.
    func standDown() {
        endRole()
        for sender in senders.values { sender.close() }
        let waiting = waiting
        self.waiting = []
        for waiter in waiting { waiter.promise.fail(ReplicationError.roleChanged) }
    }

    private func endRole() {
        switch role {
        case .sealed: break
        case .follower(let following): following.end(.roleChanged)
        case .leader(let leadership): leadership.end()
        }
        role = .sealed
        log.dropOpenGroup()
    }

    func seal(_ new: Epoch, _ promise: EventLoopPromise<SealedLog>) {
        do {
            try check(new)
        } catch {
            return promise.fail(error)
        }
        if new > epoch {
            epoch = new
            failure = nil
            standDown()
            logger.info("sealed", metadata: ["epoch": "\(new)", "end": "\(text(log.end))"])
        }
        // What the answer says must still be there after a loss of power.
        log.whenDurable().assumeIsolated().map { [self] in
            publish()
            return sealed
        }.nonisolated().cascade(to: promise)
    }

    var sealed: SealedLog {
        SealedLog(
            position: log.durable?.position ?? .zero,
            committed: committed?.position ?? .zero,
            first: log.first
        )
    }

    func follow(_ new: Epoch, _ leader: PeerAddress, _ server: GTID?, beginsAnywhere: Bool) throws {
        try check(new)
        if new == epoch {
            switch role {
            case .follower(let following)
            where following.mode == .follow && following.sender == leader && failure == nil:
                following.server = server
                following.beginsAnywhere = beginsAnywhere
                return
            case .leader:
                throw ReplicationError.wrongRole("this member leads epoch \(epoch) and cannot follow in it")
            default:
                break
            }
        }
        enter(new)
        if let server { serverHas(server) }
        let following = Following(core: self, mode: .follow, sender: leader, server: server)
        following.beginsAnywhere = beginsAnywhere
        role = .follower(following)
        following.connect()
        publish()
    }

    func pull(
        _ new: Epoch,
        _ source: PeerAddress,
        _ until: Position,
        _ server: GTID?,
        _ promise: EventLoopPromise<Void>
    ) {
        do {
            try check(new)
            if new == epoch, case .leader = role {
                throw ReplicationError.wrongRole("this member leads epoch \(epoch) already")
            }
        } catch {
            return promise.fail(error)
        }
        enter(new)
        if let durable = log.durable, log.end == durable, durable.position >= until { return promise.succeed() }
        let following = Following(core: self, mode: .pull, sender: source, server: server)
        following.goal = (until, promise)
        role = .follower(following)
        following.connect()
        publish()
    }

    func lead(_ request: LeadershipRequest) throws -> GTID {
        try check(request.epoch)
        if request.epoch == epoch, case .leader(let leadership) = role {
            try leadership.replace(request)
            leadership.advance()
            publish()
            return leadership.lastOfFirstTransactions
        }
        if request.epoch == epoch {
            // Whoever has come already for this epoch stays: sessions of an older one have ended when it was promised.
            endRole()
            failure = nil
        } else {
            enter(request.epoch)
        }
        let leadership = try Leadership(core: self, request: request)
        role = .leader(leadership)
        log.flush()
        leadership.advance()
        for sender in senders.values { sender.takeUp() }
        logger.info(
            "leading",
            metadata: ["epoch": "\(epoch)", "first": "\(leadership.firstOfEpoch)", "end": "\(text(log.end))"]
        )
        publish()
        return leadership.lastOfFirstTransactions
    }

    func handOver(to member: String, within limit: TimeAmount, _ promise: EventLoopPromise<Void>) {
        guard case .leader(let leadership) = role else { return promise.succeed() }
        leadership.detach()
        publish()
        leadership.drain(to: member, promise)
        after(limit) { [weak leadership] in leadership?.endDrain() }
    }

    /// Takes into the log what a server has written after its end; returns how many transactions.
    func take(_ tail: BinlogTail, of server: ServerID) throws -> UInt64 {
        guard case .sealed = role else { throw ReplicationError.wrongRole("this member has a role") }
        if let error = log.failure { throw error }
        let end = log.end
        var unwritten = 0
        defer {
            log.flush()
            // A torn transaction has no end, and was acknowledged to nobody.
            log.dropOpenGroup()
        }
        try tail.read(after: end) { piece in
            if piece.header.type == .gtid, piece.header.serverID != server.rawValue {
                throw ReplicationError.serverRefused(
                    "it has a transaction of server \(piece.header.serverID) after \(text(log.end)), not of \(server)"
                )
            }
            try log.append(piece)
            unwritten += piece.bytes.count
            if unwritten > 1 << 20 {
                log.flush()
                unwritten = 0
            }
        }
        return (log.end?.sequence ?? 0) - (end?.sequence ?? 0)
    }

    private func check(_ asked: Epoch) throws {
        guard !closed else { throw ReplicationError.closed }
        guard asked >= epoch else { throw ReplicationError.epochTooOld(asked: asked, promised: epoch) }
        if let error = log.failure { throw error }
    }

    private func enter(_ new: Epoch) {
        standDown()
        epoch = new
        failure = nil
    }

    // MARK: - The log moved

    private func appended() {
        for sender in senders.values { sender.pump() }
        markChanged()
    }

    private func becameDurable() {
        switch role {
        case .sealed: break
        case .follower(let following): following.becameDurable()
        case .leader(let leadership): leadership.advance()
        }
        markChanged()
    }

    private func logFailed(_ error: ReplicationError) {
        logger.critical("the log cannot be written", metadata: ["error": "\(error)"])
        switch role {
        case .sealed: break
        // It connects again when the log can be written again.
        case .follower(let following): following.interrupt(error)
        // Others may have what this log has not: whoever leads next is for an election to say.
        case .leader: standDown()
        }
        publish()
    }

    /// A full disk may have got room; then the log is opened anew.
    private func reopenLog(now: NIODeadline) {
        guard log.failure != nil, log.mayRecover, !reopening, now - lastReopen > .seconds(5) else { return }
        reopening = true
        lastReopen = now
        let (configuration, logger) = (configuration, logger)
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
            try OpenedLog(configuration: configuration, logger: logger).store
        }
        .assumeIsolated()
        .whenComplete { [weak self] result in
            guard let self else { return }
            reopening = false
            guard !closed, case .success(let store) = result else { return }
            log.replace(store)
            logger.notice("the log can be written again", metadata: ["end": "\(text(log.end))"])
            publish()
        }
    }

    /// The group has committed up to a transaction of this log.
    func commit(_ gtid: GTID) {
        if let committed, committed.sequence >= gtid.sequence { return }
        committed = gtid
        for feed in feeds.values { feed.pump() }
        if !waiting.isEmpty {
            let reached = waiting.filter { $0.position <= gtid.position }
            waiting.removeAll { $0.position <= gtid.position }
            if !reached.isEmpty { publish() }
            for waiter in reached { waiter.promise.succeed() }
        }
        scheduleState()
        markChanged()
    }

    func waitCommitted(_ position: Position, _ promise: EventLoopPromise<Void>) {
        if closed { return promise.fail(ReplicationError.closed) }
        if let committed, committed.position >= position { return promise.succeed() }
        waiting.append((position, promise))
    }

    /// Followers hear of commits with the next events, or soon after when there are none: their servers only lag by
    /// this much, and a busy leader is spared a small packet per commit and follower.
    private func scheduleState() {
        guard case .leader = role, !stateScheduled, !senders.isEmpty else { return }
        stateScheduled = true
        after(.milliseconds(2)) { [weak self] in
            guard let self else { return }
            stateScheduled = false
            for sender in senders.values { sender.sendState(evenIfKnown: false) }
        }
    }

    /// What is committed and durable here.
    ///
    /// A leader commits what two others have before its own disk has it; what the file says, the log must have after a
    /// loss of power.
    private var committedHere: GTID? {
        guard let committed, let durable = log.durable else { return nil }
        return committed.sequence <= durable.sequence ? committed : durable
    }

    /// What senders tell.
    var state: PeerState {
        var state = PeerState(committed: committed, everywhere: everywhere)
        if case .leader(let leadership) = role { state.isOpen = leadership.isOpen }
        return state
    }

    /// This member's server takes writes: the others hear it at once.
    func opened() {
        guard case .leader(let leadership) = role, !leadership.isOpen else { return }
        leadership.isOpen = true
        for sender in senders.values { sender.sendState(evenIfKnown: false) }
    }

    // MARK: - Sessions of peers that read this log

    func opened(_ sender: LogSender) {
        senders[ObjectIdentifier(sender)] = sender
        if closed { sender.close() }
    }

    func closed(_ sender: LogSender) {
        senders[ObjectIdentifier(sender)] = nil
        if case .leader(let leadership) = role, let member = sender.member { leadership.left(member, sender) }
        publish()
    }

    /// Whether a peer that cannot follow yet has only come too early: this member may be about to lead.
    func mayLead(_ hello: PeerHello) -> Bool {
        guard !closed, hello.mode == .follow, hello.epoch == epoch else { return false }
        switch role {
        case .sealed: return true
        case .follower(let following): return following.mode == .pull
        case .leader: return false
        }
    }

    /// What a peer gets.
    struct Admitted {
        /// What it begins its log with, before anything else.
        var begin: (state: LogState, format: FormatDescription)?
        /// The newest transaction that both logs have.
        var common: GTID?
        var reader: LogReader
    }

    /// Decides about a session that a peer asks for.
    func admit(_ hello: PeerHello, _ sender: LogSender) throws -> Admitted {
        guard hello.epoch >= epoch else {
            throw PeerRefusal(
                code: .epochTooOld,
                epoch: epoch,
                message: "\(configuration.member) has promised epoch \(epoch)"
            )
        }
        let mine = log.state
        if hello.mode == .follow {
            guard case .leader(let leadership) = role, hello.epoch == epoch else {
                throw PeerRefusal(
                    code: .notLeading,
                    epoch: epoch,
                    message: "\(configuration.member) does not lead epoch \(hello.epoch)"
                )
            }
            guard leadership.isMember(hello.member) else {
                throw PeerRefusal(
                    code: .notAMember,
                    epoch: epoch,
                    message: "\(hello.member) is neither a voter nor a learner of epoch \(epoch)"
                )
            }
            if let server = hello.server, !mine.holds(server) {
                throw PeerRefusal(
                    code: .diverged,
                    epoch: epoch,
                    message: "its server has transaction \(server), which is not in the leader's log"
                )
            }
        } else {
            guard hello.epoch == epoch else {
                throw PeerRefusal(
                    code: .notLeading,
                    epoch: epoch,
                    message: "\(configuration.member) has not promised epoch \(hello.epoch)"
                )
            }
        }
        let begin = try begin(for: hello, mine)
        // Logs that share nothing that both remember can only be made equal from the beginning.
        let match = mine.matching(try begin?.state ?? LogState(hello.log)) ?? .zero
        let common = mine.gtid(at: match)
        guard log.canRead(after: common) else {
            throw PeerRefusal(
                code: .purged,
                epoch: epoch,
                message: "the log of \(configuration.member) no longer has what follows \(text(common))"
            )
        }
        let reader = try log.reader(after: common)
        if hello.mode == .follow, case .leader(let leadership) = role {
            leadership.joined(hello.member, sender, common)
        }
        logger.info(
            "a peer reads the log",
            metadata: ["member": "\(hello.member)", "mode": "\(hello.mode)", "after": "\(text(common))"]
        )
        publish()
        return Admitted(begin: begin, common: common, reader: reader)
    }

    /// What an empty log that may begin anywhere begins with: what is committed and, as far as is known, in the logs of
    /// all other members.
    ///
    /// Nothing of what is committed can be taken back, so no such log is ever to be cut before its begin. And a member
    /// that lags finds in it what it lacks, should it be the only one left that has that, as its predecessor was. For one
    /// that has told nothing in this epoch that is all that the leader still has.
    private func begin(for hello: PeerHello, _ mine: LogState) throws -> (state: LogState, format: FormatDescription)? {
        guard hello.beginsAnywhere, hello.log.isEmpty, let committed, case .leader(let leadership) = role else {
            return nil
        }
        let oldest = log.begin
        let everywhere = leadership.everywhere(besides: hello.member)
        let lowest = [everywhere, committed].compactMap { $0 }.min { $0.position < $1.position }
        // What was purged here, nobody can be helped with.
        let wanted = everywhere == nil ? oldest : [lowest, oldest].compactMap { $0 }.max { $0.position < $1.position }
        guard let begin = wanted else { return nil }
        guard let state = mine.cut(at: begin), let format = log.formatDescription else {
            throw PeerRefusal(
                code: .purged,
                epoch: epoch,
                message: "the log of \(configuration.member) does not say what was before \(begin)"
            )
        }
        return (state, format)
    }

    /// A peer's log is durable up to a transaction.
    func durable(_ gtid: GTID?, on member: String) throws {
        guard case .leader(let leadership) = role, let gtid else { return }
        try leadership.durable(gtid, on: member)
    }

    // MARK: - The session in which this member receives

    private func following(_ receiver: LogReceiver) -> Following? {
        guard case .follower(let following) = role, following.receiver === receiver else { return nil }
        return following
    }

    /// Begins the own log, which is empty, where the group is committed.
    ///
    /// The commit position is written after it: one that the log does not reach would be taken for a loss of the log.
    func begin(_ receiver: LogReceiver, after gtids: [GTID], format: [UInt8]) throws {
        guard following(receiver) != nil else { throw ReplicationError.roleChanged }
        guard log.end == nil, let last = gtids.last else {
            throw PeerProtocolError(description: "a begin for a log that is not empty")
        }
        let state = try LogState(gtids)
        let description = try format.withUnsafeBytes { bytes in
            try FormatDescription(header: EventHeader(bytes), bytes: bytes)
        }
        try log.begin(after: state, format: description)
        commit(last)
        try commitFile.write(last)
        logger.notice("the log begins in the middle", metadata: ["after": "\(last)"])
        publish()
    }

    /// Cuts the own log to what both have, unless something that must stay would go.
    func match(_ receiver: LogReceiver, common: GTID?) throws {
        guard let following = following(receiver) else { throw ReplicationError.roleChanged }
        guard log.end != common else { return }
        func refuse(_ reason: String) -> ReplicationError {
            .diverged(local: text(log.end), leader: text(common), reason: reason)
        }
        if let common, !log.holds(common) {
            throw PeerProtocolError(description: "\(common) is not in this log")
        }
        if let committed, committed.position > common?.position ?? .zero {
            throw refuse("\(committed) is committed and must not be removed")
        }
        if let server = following.server, log.holds(server),
            server.position > common?.position ?? .zero
        {
            throw refuse("the local server has \(server)")
        }
        guard log.canRead(after: common) else { throw refuse("the log begins after that") }
        logger.warning(
            "removing a conflicting end of the log",
            metadata: ["from": "\(text(common))", "to": "\(text(log.end))", "leader": "\(following.sender.name)"]
        )
        keepTail(after: common)
        // The newest known commit position is on disk before anything goes, so that no later start removes more.
        try commitFile.write(committedHere)
        try log.truncate(after: common)
    }

    /// Nothing of it was acknowledged, so a disk that cannot take the file is no reason to stay away from the group.
    private func keepTail(after common: GTID?) {
        guard let end = log.end else { return }
        do {
            let file = try TailFile(member: configuration.directory).save(log, after: common)
            discarded = AgentStatus.DiscardedTail(file: file, after: common?.description, to: end.description)
            logger.warning("kept what is removed", metadata: ["file": "\(file)"])
        } catch {
            logger.error("what is removed could not be kept", metadata: ["error": "\(error)"])
        }
    }

    /// The sender says how far the group is.
    ///
    /// What this member does not have (durably) yet counts when it has.
    func learned(_ state: PeerState) {
        if let told = state.everywhere { everywhere = told }
        guard case .follower(let following) = role else { return }
        if let told = state.committed { following.told = told }
        if state.isOpen, !following.leaderIsOpen {
            following.leaderIsOpen = true
            publish()
        }
        following.commitWhatIsDurable()
    }

    func streaming(_ receiver: LogReceiver) {
        guard let following = following(receiver) else { return }
        following.streaming()
        publish()
    }

    func closed(_ receiver: LogReceiver) {
        guard let following = following(receiver) else { return }
        following.lost(nil)
        publish()
    }

    func failed(_ receiver: LogReceiver, _ error: any Error) {
        receiver.close()
        guard let following = following(receiver) else { return }
        following.lost(error)
        publish()
    }

    /// Something that does not pass by itself.
    func set(failure: ReplicationError?) {
        self.failure = failure
        publish()
    }

    // MARK: - The feed of the local server

    /// Up to where the local server may have the log.
    var feedEnd: GTID? {
        guard let committed, let limit = feedLimit, limit.sequence < committed.sequence else { return committed }
        return limit
    }

    /// Feeds the local server no further than this; nil for as far as is committed.
    func limitFeed(to limit: GTID?) {
        feedLimit = limit
        for feed in feeds.values { feed.pump() }
        publish()
    }

    func opened(_ feed: FeedHandler) { feeds[ObjectIdentifier(feed)] = feed }

    func closed(_ feed: FeedHandler) {
        feeds[ObjectIdentifier(feed)] = nil
        markChanged()
    }

    // MARK: - Time

    private func scheduleTick() {
        after(.milliseconds(100)) { [weak self] in
            guard let self, !closed else { return }
            tick()
            scheduleTick()
        }
    }

    /// Runs something on the loop later; it may touch what the loop owns.
    func after(_ delay: TimeAmount, _ body: @escaping () -> Void) {
        loop.assumeIsolated().scheduleTask(in: delay, body)
    }

    private func tick() {
        let now = NIODeadline.now()
        let heartbeat = TimeAmount.milliseconds(Int64(configuration.heartbeatMilliseconds))
        let deadline = TimeAmount.milliseconds(Int64(configuration.silenceMilliseconds) * 5)
        for sender in senders.values { sender.tick(now: now, heartbeat: heartbeat, deadline: deadline) }
        for feed in feeds.values { feed.tick(now: now) }
        switch role {
        case .sealed: break
        case .follower(let following): following.tick(now: now, heartbeat: heartbeat, deadline: deadline)
        case .leader(let leadership): everywhere = leadership.everywhere
        }
        commitFile.writeLater(committedHere, now: now)
        reopenLog(now: now)
        if now - lastPurge > .milliseconds(Int64(configuration.purgeSeconds * 1000)) {
            lastPurge = now
            purge()
        }
        markChanged()
    }

    /// Old segments go when all members and the local server have them, or when they are too many.
    private func purge() {
        guard let committed = committed?.position else { return }
        var unneeded = committed
        if case .leader = role {
            // A leader's server has all of its log.
        } else if let serverPosition {
            unneeded = min(unneeded, serverPosition)
        }
        log.purge(before: unneeded, keeping: configuration.retainedBytesForPeers)
        guard let everywhere = everywhere?.position else { return }
        log.purge(before: min(unneeded, everywhere), keeping: configuration.retainedBytes)
    }

    /// The local server has applied everything up to a transaction.
    func serverHas(_ gtid: GTID) {
        serverPosition = gtid.position
    }

    // MARK: - What others see

    /// A change of the snapshot that nobody waits for: published soon, and many at once.
    func markChanged() {
        guard !publishScheduled else { return }
        publishScheduled = true
        after(.milliseconds(100)) { [weak self] in
            guard let self else { return }
            publishScheduled = false
            publish()
        }
    }

    func publish() {
        let now = NIODeadline.now()
        var snapshot = ReplicationSnapshot()
        snapshot.epoch = epoch
        snapshot.first = log.first
        snapshot.last = log.durable
        snapshot.position = log.durable?.position ?? .zero
        snapshot.committed = committed?.position ?? .zero
        snapshot.committedGTID = committed
        snapshot.feedEnd = feedEnd?.position ?? .zero
        snapshot.logBytes = log.bytes
        snapshot.failure = failure ?? log.failure
        snapshot.discarded = discarded
        snapshot.feedAttached = feeds.values.contains { $0.isStreaming }
        switch role {
        case .sealed:
            snapshot.role = .sealed
        case .follower(let following):
            // A member that completes its log before it leads has no leader yet.
            snapshot.role = following.mode == .follow ? .follower : .sealed
            snapshot.leader = following.mode == .follow ? following.sender.name : nil
            snapshot.leaderIsOpen = following.mode == .follow && following.leaderIsOpen
            snapshot.streaming = following.mode == .follow && following.receiver?.streaming ?? false
            snapshot.hearsLeader =
                snapshot.streaming
                && following.receiver?.hears(
                    now: now,
                    silence: .milliseconds(Int64(configuration.silenceMilliseconds))
                ) ?? false
        case .leader(let leadership):
            snapshot.role = .leader
            snapshot.leader = configuration.member
            snapshot.serverAttached = leadership.serverAttached
            snapshot.peers = leadership.peerStatuses
            snapshot.voters = leadership.voters
        }
        publisher.publish(snapshot)
    }

    func close(_ promise: EventLoopPromise<Void>) {
        guard !closed else { return promise.succeed() }
        standDown()
        closed = true
        for feed in feeds.values { feed.close() }
        try? commitFile.write(committedHere)
        publish()
        publisher.finish()
        log.whenDurable().flatMapErrorThrowing { _ in }.assumeIsolated().map { [self] in log.close() }.nonisolated()
            .cascade(to: promise)
    }
}

/// A GTID for a log line.
func text(_ gtid: GTID?) -> String { gtid?.description ?? "nothing" }
