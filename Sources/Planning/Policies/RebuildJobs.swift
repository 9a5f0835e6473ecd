import KubernetesModel
import XDB

/// The steps of a rebuild that are Jobs on the directory of the new life.
struct RebuildJobs {
    let rebuild: XDBGroup.RebuildStatus
    let successor: XDBGroup.MemberStatus
    let operation: XDBOperation?

    /// How often a Job is made anew after it has given up, each time after several pods of its own.
    static let attempts = 3
    /// How long no node may be found for the new life, or its container not start.
    static let patience = Duration.seconds(60)
    /// How long a node may take to prepare its pod: to pull the image, above all.
    static let preparation = Duration.seconds(300)

    func copy(_ draft: inout Draft) {
        guard let name = rebuild.source, let source = draft.member(name) else {
            let why = "the source of the copy is no member any more"
            return RebuildPolicy.end(.failed, why, failure: "SourceLost", &draft)
        }
        limit(source, &draft)
        let present = job(.copy, draft)
        // Its Job goes on trying; but a source that is gone does not come back by that.
        if present?.isComplete != true, draft.heard(source) == nil, draft.silence(of: source) > RebuildPolicy.patience {
            return changeSource("\(name) is not heard any more", failure: "SourceLost", &draft)
        }
        run(.copy, from: draft.address(of: name), &draft) { result, draft in
            draft.status.rebuild?.bytes = result.bytes.map { Int(clamping: $0) }
            RebuildPolicy.advance(to: .prepare, result.message, &draft)
        }
    }

    func prepare(_ draft: inout Draft) {
        run(.prepare, &draft) { result, draft in
            RebuildPolicy.advance(to: .refresh, result.message, &draft)
        }
    }

    func refresh(_ draft: inout Draft) {
        run(.refresh, &draft) { result, draft in
            RebuildPolicy.advance(to: .join, result.message, &draft)
        }
    }

    // MARK: One Job

    private func job(_ stage: RebuildJob.Stage, _ draft: Draft) -> JobObservation? {
        let name = draft.names.job(of: successor.life, stage)
        return draft.observation.jobs.first { $0.name == name }
    }

    private func run(
        _ stage: RebuildJob.Stage,
        from source: PeerAddress? = nil,
        _ draft: inout Draft,
        done: (JobResult, inout Draft) -> Void
    ) {
        let name = draft.names.job(of: successor.life, stage)
        draft.status.rebuild?.job = name
        guard let job = job(stage, draft) else {
            if expires("its Job \(name) could not be made", after: RebuildWatch.patience, &draft) { return }
            if stage == .copy, source == nil { return wait("its source has no address", &draft) }
            return create(name, stage, from: source, &draft)
        }
        // One of an attempt before.
        guard !job.isBeingDeleted else {
            let why = "its Job \(name) of an attempt before does not end"
            expires(why, after: RebuildWatch.patience, isRunning: true, &draft)
            return
        }
        settle(on: job.node, &draft)
        let result = Self.result(of: job)
        if job.isComplete { return done(result, &draft) }
        // Kubernetes would run again for minutes what cannot succeed.
        let isHopeless = job.message != nil && result.isWorthRetrying == false
        if job.isFailed || isHopeless { return retry(stage, job, result, &draft) }
        if job.isRunning { return watch(stage, job, &draft) }
        guard let obstacle = job.obstacle else {
            draft.status.rebuild?.message = nil
            expires("its Job \(name) has no pod that runs", after: RebuildWatch.patience, &draft)
            return
        }
        wait("its Job \(name) does not start: \(obstacle)", &draft)
        let patience = job.isPreparing ? Self.preparation : Self.patience
        expires("its Job \(name) did not start: \(obstacle)", after: patience, &draft)
    }

    private func create(
        _ name: String,
        _ stage: RebuildJob.Stage,
        from source: PeerAddress?,
        _ draft: inout Draft
    ) {
        var wanted = RebuildJob(name: name, stage: stage, pod: MemberPod(of: successor, draft: draft))
        wanted.source = source
        if stage == .copy { wanted.bytesPerSecond = TransferLimit(operation, draft)?.bytesPerSecond }
        draft.act(.createJob(wanted))
    }

    // MARK: For how long

    /// Ends the rebuild when its Job is not at work for so long; true then.
    ///
    /// - Parameter isRunning: True for one of an attempt before, which is to end.
    @discardableResult
    private func expires(
        _ why: String,
        after patience: Duration,
        isRunning: Bool = false,
        _ draft: inout Draft
    ) -> Bool {
        var seen = XDBGroup.RebuildProgress()
        seen.begun = isRunning
        guard RebuildWatch.standstill(seen, &draft) > patience else { return false }
        RebuildPolicy.end(.failed, why, failure: "NotStarted", &draft)
        return true
    }

    /// Looks whether anything comes of a Job that runs.
    private func watch(_ stage: RebuildJob.Stage, _ job: JobObservation, _ draft: inout Draft) {
        draft.status.rebuild?.message = nil
        var seen = XDBGroup.RebuildProgress()
        seen.begun = true
        let copy = stage == .copy ? sent(draft) : nil
        seen.bytes = copy.map { Int(clamping: $0.bytes) }
        let standstill = RebuildWatch.standstill(seen, &draft)
        guard standstill > patience(stage, copy, draft) else { return }
        let words = RebuildWatch.words(standstill)
        if stage == .copy {
            return changeSource("nothing has come of the copy for \(words)", failure: RebuildWatch.failure, &draft)
        }
        let why = "\(stage.rawValue): the Job \(job.name) has run for \(words), and has not ended"
        RebuildPolicy.end(.failed, why, failure: RebuildWatch.failure, &draft)
    }

    /// What the source says of the copy, while it sends one.
    private func sent(_ draft: Draft) -> AgentStatus.Copy? {
        draft.member(rebuild.source).flatMap { draft.heard($0)?.copy }.flatMap { $0.to == successor.life ? $0 : nil }
    }

    /// How many bytes a second the slowest disk takes that is waited for: of what is read and written here and there, and
    /// of what is written in one go.
    private static let slowest = (scattered: 10 << 20, inOneGo: 100 << 20)
    /// The most that a source sends at once at the lowest limits, in bytes.
    private static let piece = 4096

    /// For how long nothing may be seen of a Job that runs.
    ///
    /// While a copy is sent its bytes are seen. What comes after that, and the other Jobs, tell nothing until they end: they
    /// are given the time that data of this size take on a slow disk.
    private func patience(_ stage: RebuildJob.Stage, _ copy: AgentStatus.Copy?, _ draft: Draft) -> Duration {
        if let copy {
            let pause = copy.limit.map { Self.piece / max(1, Int(clamping: $0)) } ?? 0
            return RebuildWatch.patience + .seconds(2 * pause)
        }
        let size: Int
        if stage != .copy {
            size = rebuild.bytes ?? 0
        } else if rebuild.progress?.bytes != nil {
            size =
                draft.member(rebuild.source).flatMap { draft.heard($0)?.server.dataBytes }.map { Int(clamping: $0) }
                ?? 0
        } else {
            // Nothing of it was ever sent.
            size = 0
        }
        return RebuildWatch.patience + .seconds(size / (stage == .copy ? Self.slowest.inOneGo : Self.slowest.scattered))
    }

    // MARK: What goes wrong

    private func wait(_ why: String, _ draft: inout Draft) { draft.status.rebuild?.message = why }

    /// The scheduler has chosen: what follows is on the same node.
    private func settle(on node: String?, _ draft: inout Draft) {
        guard let node, successor.node == nil,
            let index = draft.status.members.firstIndex(where: { $0.name == successor.name })
        else { return }
        draft.status.members[index].node = node
        draft.status.members[index].zone = draft.node(node)?.zone
        draft.status.rebuild?.node = node
    }

    private func retry(_ stage: RebuildJob.Stage, _ job: JobObservation, _ result: JobResult, _ draft: inout Draft) {
        let words = "\(stage.rawValue): \(result.message)"
        // A copy that cannot be prepared is made again.
        if result.reason == "CopyAgain", rebuild.attempt < Self.attempts {
            Self.delete(job, &draft)
            for copy in draft.observation.jobs where copy.name == draft.names.job(of: successor.life, .copy) {
                Self.delete(copy, &draft)
            }
            draft.status.rebuild?.attempt += 1
            draft.status.rebuild?.step = .copy
            draft.status.rebuild?.bytes = nil
            return wait(words, &draft)
        }
        guard result.isWorthRetrying ?? false, rebuild.attempt < Self.attempts else {
            return RebuildPolicy.end(.failed, words, failure: result.reason, &draft)
        }
        if stage == .copy { return changeSource(result.message, failure: result.reason, &draft) }
        Self.delete(job, &draft)
        draft.status.rebuild?.attempt += 1
        wait(words, &draft)
    }

    /// Another source where the wish allows it and there is one, else the same again.
    private func changeSource(_ why: String, failure: String, _ draft: inout Draft) {
        guard rebuild.attempt < Self.attempts else {
            return RebuildPolicy.end(.failed, "copy: \(why)", failure: failure, &draft)
        }
        let isFree = operation?.spec.rebuild?.source == nil
        guard let member = draft.member(rebuild.member) else { return }
        let other = isFree ? RebuildRequest.bestSource(for: member, except: rebuild.source, draft) : nil
        if other == nil, draft.member(rebuild.source).flatMap({ draft.heard($0) }) == nil {
            let rest = isFree ? "and no other member can be copied" : "and no other source was allowed"
            return RebuildPolicy.end(.failed, "copy: \(why), \(rest)", failure: failure, &draft)
        }
        if let job = job(.copy, draft) { Self.delete(job, &draft) }
        draft.status.rebuild?.attempt += 1
        draft.status.rebuild?.source = other?.name ?? rebuild.source
        wait("\(why); \(other?.reason ?? "it is tried again")", &draft)
    }

    /// Tells the source how fast it may send, whenever that is not what it says.
    private func limit(_ source: XDBGroup.MemberStatus, _ draft: inout Draft) {
        let limit = TransferLimit(operation, draft)?.bytesPerSecond
        guard let copy = draft.heard(source)?.copy, copy.to == successor.life, copy.limit != limit else { return }
        let request = CopyLimitRequest(to: successor.life, bytesPerSecond: limit)
        draft.act(.limitCopy(member: source.name, request))
    }

    // MARK: For all Jobs

    /// What a Job has said last; of one that could not say anything, that.
    static func result(of job: JobObservation) -> JobResult {
        if let json = job.message.flatMap({ try? JSONValue(json: $0) }), let reason = json["reason"]?.stringValue {
            return JobResult(
                reason: reason,
                message: json["message"]?.stringValue ?? reason,
                bytes: json["bytes"]?.integerValue.map { UInt64(clamping: $0) },
                isWorthRetrying: json["isWorthRetrying"]?.boolValue
            )
        }
        return JobResult(
            reason: "Unknown",
            message: job.message ?? "the Job \(job.name) ended without a word",
            isWorthRetrying: true
        )
    }

    /// Whether a Job works for a life.
    static func isOf(_ life: String, _ job: JobObservation) -> Bool {
        RebuildJob.Stage.allCases.contains { job.name == "\(life)-\($0.rawValue)" }
    }

    static func delete(_ job: JobObservation, _ draft: inout Draft) {
        let isAway = draft.node(job.node).map { $0.ready != .true } ?? (job.node != nil)
        guard !job.isBeingDeleted || isAway else { return }
        draft.act(.deleteJob(name: job.name, force: isAway))
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int { Int(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000) }
}
