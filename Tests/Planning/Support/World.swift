import KubernetesModel
import XDB

@testable import Planning

/// A cluster with nodes, a scheduler and agents, small enough to think about, which carries out plans.
///
/// It obeys the contracts of the real parts where decisions depend on them: a pod keeps its node, directories survive
/// their pods, an agent keeps its promises, a leader that lost its server has resigned, a status write carries the
/// resource version that was read.
struct World {
    /// What survives on a disk: one life of a member.
    struct Disk: Equatable {
        enum Duty: Equatable {
            case sealed
            case resigned
            case lead
            case follow(String)
        }

        var group: String?
        var epoch = Epoch.none
        var duty = Duty.sealed
        var log: [Position] = []
        var committed = Position.zero

        var position: Position { log.last ?? .zero }
    }

    var group: XDBGroup
    var nodes: [NodeObservation]
    var pods: [PodObservation] = []
    var claims: [ClaimObservation] = []
    /// Claims whose volumes are on a node.
    var bound: [String: String] = [:]
    var cleanups: [CleanupObservation] = []
    var jobs: [JobObservation] = []
    /// What the Jobs are to do.
    var work: [String: RebuildJob] = [:]
    /// Jobs that do not end by themselves.
    var heldJobs = false
    /// Nodes do not get volumes and images ready for the pods of Jobs.
    var unpreparedJobs = false
    /// What the source of a copy has sent, and how much more of it in each half second.
    var sent: UInt64 = 50 << 20
    var sending: UInt64 = 0
    /// Nodes on which nothing more fits, as the scheduler alone knows.
    var fullNodes: Set<String> = []
    /// Nothing is removed from nodes.
    var heldCleanups = false
    /// Lives that do not hear their leader.
    var deaf: Set<String> = []
    /// What the servers of lives have applied that apply no more.
    var stalled: [String: Position] = [:]
    /// The lives whose servers do not run.
    var down: Set<String> = []
    /// What the source of a copy is told about its speed.
    var limits: [String: UInt64?] = [:]
    /// What agents say of the comparison that they were asked for, by life.
    var verifications: [String: AgentStatus.Verification] = [:]
    /// Comparisons that do not end by themselves.
    var heldVerifications = false
    /// Lives whose data are not the group's.
    var differing: Set<String> = []
    /// Agents from before there were comparisons.
    var isOldImage = false
    /// What agents say of themselves, by life.
    var problems: [String: [AgentStatus.Problem]] = [:]
    var otherRebuilds: [OtherRebuild] = []
    var transferBudget: UInt64?
    var otherHandovers = 0
    /// What Jobs have copied, by the place of the new life.
    var copies: [String: Disk] = [:]
    var operations: [XDBOperation] = []
    var failoverMode = XDBGroup.FailoverMode.automatic
    /// Members whose agents were told to end.
    var stopping: Set<String> = []
    var owned: Set<OwnedObject> = []
    var secrets: Set<String> = []
    /// By directory or claim.
    var disks: [String: Disk] = [:]
    /// By pod name.
    var data: [String: String] = [:]
    /// Which directory a cleanup pod removes, and from where.
    var cleaning: [String: (node: String, directory: String)] = [:]
    var opened: Set<String> = []
    /// Options that servers take at their start only.
    var staticOptions: Set<String> = []
    /// Options with which servers do not start.
    var wrongOptions: Set<String> = []
    /// Images that no node can have.
    var brokenImages: Set<String> = []
    /// The revision of the option file that a pod still has, where the newest has not come to it.
    var lateFiles: [String: String] = [:]
    /// The configuration that the server of a pod was started with.
    var started: [String: [String: IntOrString]] = [:]
    /// How many seconds servers are behind, by life.
    var lags: [String: Double] = [:]
    /// What the pods of leaders were told last.
    var terms: [String: LeadRequest] = [:]
    /// Where leaders began to count votes that have passed on.
    var since: [String: [String: Position]] = [:]
    /// What the operator process has in memory.
    var seals: [SealAnswer] = []
    var refusals: [String: RequestRefusal] = [:]
    var observing = Duration.seconds(3600)
    /// What was heard of each member's agent last.
    var heard: [String: AgentObservation] = [:]
    var wanted: [String: MemberPod] = [:]
    /// Nodes without network.
    var cut: Set<String> = []
    var operatorIsCutOff = false
    var now = Time(seconds: 1_700_000_000)
    var finalized = false
    /// Every leader that wrote in an epoch: there may be one.
    var leaders: [Epoch: String] = [:]
    /// The largest position that was ever committed, with what came before it.
    var committed: [Position] = []
    var initialized: [String] = []
    var events: [GroupEvent] = []
    private var uids = 0

    init(
        candidates: Int = 2,
        loggers: Int = 1,
        learners: [(String, Int)] = [],
        claim: Bool = false,
        nodes: [(String, String)] = [("n1", "a"), ("n2", "b"), ("n3", "a"), ("n4", "b")]
    ) {
        var metadata = ObjectMeta(name: "orders", namespace: "shop")
        metadata.uid = "uid-1"
        metadata.generation = 1
        metadata.resourceVersion = "1"
        group = XDBGroup(metadata: metadata)
        group.spec.image = "engine:1"
        group.spec.members.candidates = candidates
        group.spec.members.loggers = loggers
        group.spec.members.learners = learners.map { name, replicas in
            var set = XDBGroup.LearnerSet()
            set.name = name
            set.replicas = replicas
            return set
        }
        if claim {
            var volumeClaim = XDBGroup.VolumeClaim()
            volumeClaim.size = Quantity(1 << 30)
            group.spec.storage.volumeClaim = volumeClaim
        } else {
            var path = XDBGroup.HostPath()
            path.path = "/var/lib/xdb"
            group.spec.storage.hostPath = path
        }
        self.nodes = nodes.map { NodeObservation(name: $0, zone: $1) }
    }

    /// A group of three that takes writes.
    static func writable(
        candidates: Int = 2,
        loggers: Int = 1,
        learners: [(String, Int)] = [],
        claim: Bool = false
    ) -> World {
        let names = (1...max(4, candidates + loggers + learners.reduce(0) { $0 + $1.1 })).map {
            ("n\($0)", $0.isMultiple(of: 2) ? "b" : "a")
        }
        var world = World(candidates: candidates, loggers: loggers, learners: learners, claim: claim, nodes: names)
        world.run(40)
        world.events = []
        return world
    }

    // MARK: The operator

    /// What the operator sees.
    var observation: GroupObservation {
        var observation = GroupObservation(group: group, now: now)
        observation.nodes = nodes
        observation.pods = pods
        observation.claims = claims
        observation.cleanups = cleanups
        observation.jobs = jobs
        observation.otherRebuilds = otherRebuilds
        observation.transferBudget = transferBudget
        observation.otherHandovers = otherHandovers
        observation.operations = operations
        observation.failoverMode = failoverMode
        observation.secrets = secrets
        observation.seals = seals
        observation.observing = observing
        observation.sincePositions = .zero
        observation.agents = heard
        return observation
    }

    /// One reconcile: decide from what is seen, and carry it out; the plan that is returned has all that was done.
    @discardableResult
    mutating func reconcile() -> GroupPlan {
        var plan = Planning.plan(observation)
        carryOut(plan, version: group.metadata.resourceVersion)
        // After a seal it is decided again at once, with the answers.
        for _ in 0..<3 where plan.actions.contains(where: { if case .seal = $0 { true } else { false } }) {
            let earlier = plan
            plan = Planning.plan(observation)
            carryOut(plan, version: group.metadata.resourceVersion)
            plan.actions = earlier.actions.filter { if case .seal = $0 { false } else { true } } + plan.actions
            plan.events = earlier.events + plan.events
        }
        return plan
    }

    /// Reconciles and lets time pass, some rounds long.
    mutating func run(_ rounds: Int) {
        for _ in 0..<rounds {
            reconcile()
            tick()
        }
    }

    /// Carries out a plan that was made when the group had this version, as the contract of `GroupPlan` says.
    mutating func carryOut(_ plan: GroupPlan, version: String) {
        guard version == group.metadata.resourceVersion else { return }
        write(plan.status)
        for action in plan.actions { perform(action) }
        events += plan.events
        listen()
    }

    mutating func write(_ status: XDBGroup.Status) {
        guard status != group.status else { return }
        if let record = status.epochs.first, record.cause == .forced, record.epoch > group.status.epoch {
            // A person has accepted that the rest is lost.
            committed = Array(committed.prefix { $0 <= record.start })
        }
        group.status = status
        group.metadata.resourceVersion = String((Int(group.metadata.resourceVersion) ?? 0) + 1)
    }

    mutating func perform(_ action: GroupAction) {
        switch action {
        case .addFinalizer: group.metadata.finalizers = [Label.finalizer]
        case .removeFinalizer:
            group.metadata.finalizers = []
            finalized = true
        case .ensure(let object):
            owned.insert(object)
            if case .certificate(let life) = object { secrets.insert("\(life)-tls") }
            if object == .users { secrets.formUnion(["orders-app", "orders-admin"]) }
            if case .claim(let name, let member, let incarnation, _) = object,
                !claims.contains(where: { $0.name == name })
            {
                claims.append(ClaimObservation(name: name, member: member, incarnation: incarnation))
            }
        case .createPod(let wanted): create(wanted)
        case .bringConfiguration(let name, let revision):
            if let index = pods.firstIndex(where: { $0.name == name }) { pods[index].configuration = revision }
        case .deletePod(let name, let uid, _), .discardPod(let name, let uid, _):
            deletePod { $0.name == name && $0.uid == uid }
        case .deleteClaim(let name):
            claims.removeAll { $0.name == name }
            remove { $0 == name }
        case .createCleanup(let pod, let node, let directory):
            cleanups.append(CleanupObservation(pod: pod, phase: .running))
            cleaning[pod] = (node, directory)
        case .deleteCleanup(let pod): cleanups.removeAll { $0.pod == pod }
        case .label(let pod, let role):
            if let index = pods.firstIndex(where: { $0.name == pod }) { pods[index].role = role }
        case .relabel(let pod, let labels):
            if let index = pods.firstIndex(where: { $0.name == pod }) {
                pods[index].kind = labels[Label.kind].flatMap(XDBGroup.MemberKind.init(rawValue:))
            }
        case .recordOperation(let operation):
            if let index = operations.firstIndex(where: { $0.metadata.name == operation.metadata.name }) {
                operations[index] = operation
            }
        case .createOperation(let name, let spec): ask(name, spec)
        case .setZones(let zones):
            group.spec = zones.applied(to: group.spec)
            group.metadata.resourceVersion = String((Int(group.metadata.resourceVersion) ?? 0) + 1)
        case .forceDeletePod(let name, let uid, _): deletePod { $0.name == name && $0.uid == uid }
        case .deleteCertificate(let life):
            owned.remove(.certificate(member: life))
            secrets.remove("\(life)-tls")
        case .createJob(let job): create(job)
        case .deleteJob(let name, _):
            jobs.removeAll { $0.name == name }
            work[name] = nil
        case .limitCopy(_, let request): limits[request.to] = request.bytesPerSecond
        case .verify(let member, let request): verify(member, request)
        case .initialize(let member, let request):
            initialized.append(member)
            withDisk(of: member) { disk in disk.group = request.group }
        case .seal(let members, let request):
            for member in members { seal(member, request.epoch) }
        case .lead(let member, let request): lead(member, request)
        case .follow(let member, let request):
            let led = data[request.leader.name].flatMap { disks[$0] }
            withDisk(of: member) { disk in
                guard request.epoch >= disk.epoch, disk.duty != .resigned || request.epoch > disk.epoch else { return }
                disk.epoch = request.epoch
                disk.duty = .follow(request.leader.name)
                // A logger's log may begin where the leader's is committed.
                guard request.beginsAnywhere ?? false, disk.log.isEmpty, let led else { return }
                disk.log = Array(led.log.prefix { $0 <= led.committed })
                disk.committed = led.committed
            }
        }
    }

    /// What an entry of the status' members is called among the agents.
    func life(_ entry: String) -> String { member(entry)?.life ?? entry }

    /// Somebody makes an operation.
    mutating func ask(_ name: String, _ spec: XDBOperation.Spec) {
        guard operation(name) == nil else { return }
        var operation = XDBOperation(metadata: ObjectMeta(name: name, namespace: group.metadata.namespace), spec: spec)
        operation.metadata.creationTimestamp = now.wholeSeconds
        operation.metadata.uid = "uid of \(name)"
        operations.append(operation)
    }

    /// Somebody asks for another leader.
    mutating func askForLeader(_ name: String, _ to: String) {
        var change = XDBOperation.ChangeLeader()
        change.to = to
        var spec = XDBOperation.Spec()
        spec.group = group.metadata.name
        spec.changeLeader = change
        ask(name, spec)
    }

    /// Somebody asks for a restart, of one member or of all.
    mutating func restart(_ name: String, _ member: String? = nil) {
        var restart = XDBOperation.Restart()
        restart.member = member
        var spec = XDBOperation.Spec()
        spec.group = group.metadata.name
        spec.restart = restart
        ask(name, spec)
    }

    /// Somebody asks for members to be moved.
    mutating func migrate(
        _ name: String,
        _ set: (inout XDBOperation.Migrate) -> Void,
        spec change: (inout XDBOperation.Spec) -> Void = { _ in }
    ) {
        var migrate = XDBOperation.Migrate()
        set(&migrate)
        var spec = XDBOperation.Spec()
        spec.group = group.metadata.name
        spec.migrate = migrate
        change(&spec)
        ask(name, spec)
    }

    /// Somebody makes a member the leader without a majority.
    mutating func force(_ name: String, _ member: String, acceptDataLoss: Bool = true) {
        var force = XDBOperation.ForceLeader()
        force.member = member
        force.acceptDataLoss = acceptDataLoss
        var spec = XDBOperation.Spec()
        spec.group = group.metadata.name
        spec.forceLeader = force
        ask(name, spec)
    }

    /// Somebody asks for the recovery of the group.
    mutating func recover(_ name: String, within seconds: Int = 600) {
        var spec = XDBOperation.Spec()
        spec.group = group.metadata.name
        spec.recoverGroup = XDBOperation.RecoverGroup()
        spec.timeoutSeconds = seconds
        ask(name, spec)
    }

    func operation(_ name: String) -> XDBOperation? { operations.first { $0.metadata.name == name } }

    private mutating func create(_ wanted: MemberPod) {
        guard !pods.contains(where: { $0.name == wanted.name }) else { return }
        uids += 1
        var pod = PodObservation(
            name: wanted.name,
            uid: "pod-\(uids)",
            member: wanted.member,
            incarnation: wanted.incarnation,
            revision: wanted.revision
        )
        pod.kind = wanted.kind
        pod.image = wanted.annotations[Label.image]
        pod.resources = wanted.annotations[Label.resources]
        pod.configuration = wanted.annotations[Label.configuration]
        pod.restart = wanted.annotations[Label.restart]
        pod.created = now.wholeSeconds
        if brokenImages.contains(wanted.image) { pod.waitingReason = "ImagePullBackOff" }
        started[pod.name] = group.spec.configuration
        switch wanted.data {
        case .hostPath: data[pod.name] = nil
        case .claim(let claim): data[pod.name] = claim
        }
        self.wanted[pod.name] = wanted
        pods.append(pod)
        schedule()
    }

    private mutating func schedule() {
        for index in pods.indices where pods[index].node == nil {
            guard let wanted = wanted[pods[index].name] else { continue }
            switch wanted.placement {
            case .pinned(let node):
                pods[index].node =
                    nodes.first {
                        $0.name == node && $0.ready == .true && !$0.isCordoned && !fullNodes.contains(node)
                    }?.name
            case .free(let zones, _):
                pods[index].node = home(of: wanted, free(zones, for: wanted))
            }
            pods[index].unschedulable = pods[index].node == nil ? "0/\(nodes.count) nodes are available" : nil
            if let node = pods[index].node, case .hostPath(let directory) = wanted.data {
                data[pods[index].name] = "\(node):\(directory)"
            }
        }
    }

    /// The node that a pod's volume leaves to it, of the one that it would have.
    private func home(of wanted: MemberPod, _ node: String?) -> String? {
        guard case .claim(let claim) = wanted.data, let home = bound[claim] else { return node }
        return nodes.first { $0.name == home && $0.ready == .true && !$0.isCordoned }?.name
    }

    private func free(_ zones: [String], for wanted: MemberPod) -> String? {
        let others = pods.filter { $0.member != wanted.member }
        let taken = Set(others.compactMap(\.node) + wanted.avoidedNodes).union(fullNodes)
        return nodes.first {
            $0.ready == .true && !$0.isCordoned && !$0.isOffline && !taken.contains($0.name)
                && (zones.isEmpty || zones.contains($0.zone ?? ""))
        }?.name
    }

    private mutating func create(_ job: RebuildJob) {
        guard !jobs.contains(where: { $0.name == job.name }) else { return }
        jobs.append(JobObservation(name: job.name))
        work[job.name] = job
    }

    /// Removes data; whatever was committed with their help must be on a majority without them.
    private mutating func remove(where matches: (String) -> Bool) {
        let gone = disks.filter { matches($0.key) }
        disks = disks.filter { !matches($0.key) }
        guard let last = committed.last, gone.values.contains(where: { $0.log.contains(last) }),
            !group.metadata.isBeingDeleted, let voters = group.status.epochs.first?.voters
        else { return }
        let copies = voters.count { voter in
            disks.contains { place, disk in
                let isOf =
                    place.contains("/\(voter)/") || place == "data-\(voter)" || place.hasPrefix("data-\(voter)-i")
                return isOf && disk.log.contains(last)
            }
        }
        precondition(
            copies >= majority(of: voters.count),
            "\(last) is on \(copies) voters alone without \(gone.keys.sorted())"
        )
    }

    /// A Job finds its node, runs for a moment, and is done.
    private mutating func work(at index: Int) {
        guard let job = work[jobs[index].name], !jobs[index].isComplete, !jobs[index].isFailed else { return }
        guard let node = jobs[index].node else {
            switch job.pod.placement {
            case .pinned(let node): jobs[index].node = node
            case .free(let zones, _): jobs[index].node = free(zones, for: job.pod)
            }
            jobs[index].obstacle = jobs[index].node == nil ? "0/\(nodes.count) nodes are available" : nil
            return
        }
        guard nodes.contains(where: { $0.name == node && $0.ready == .true }), !cut.contains(node) else { return }
        jobs[index].isPreparing = unpreparedJobs
        jobs[index].obstacle = unpreparedJobs ? "its image is not ready" : nil
        guard !unpreparedJobs else { return }
        guard jobs[index].isRunning else { return jobs[index].isRunning = true }
        guard !heldJobs else { return }
        jobs[index].isRunning = false
        jobs[index].isComplete = true
        jobs[index].message = #"{"reason":"Done","message":"done","bytes":3145728}"#
        let place: String
        switch job.pod.data {
        case .hostPath(let directory): place = "\(node):\(directory)"
        case .claim(let claim): place = claim
        }
        switch job.stage {
        case .copy: copies[place] = job.source.flatMap { data[$0.name] }.flatMap { disks[$0] }
        case .prepare: break
        case .refresh:
            guard let copy = copies.removeValue(forKey: place) else { return }
            var disk = Disk(group: group.metadata.uid)
            disk.committed = copy.committed
            disk.log = Array(copy.log.prefix { $0 <= copy.committed })
            disks[place] = disk
        }
    }

    private mutating func verify(_ member: String, _ request: VerifyRequest) {
        guard let pod = reachable(member) else { return }
        guard !isOldImage else {
            let error = AgentError(reason: "NotFound", message: "there is no POST /v1/verify")
            refusals[pod.name] = RequestRefusal(.verify, error: error)
            return
        }
        let known = verifications[pod.name]
        guard known?.attempt != request.attempt || known?.source != request.source.name else { return }
        verifications[pod.name] = AgentStatus.Verification(
            attempt: request.attempt,
            source: request.source.name,
            state: .running,
            message: "the data are compared with those of \(request.source.name)"
        )
    }

    /// A comparison takes a moment, and fails when the other side is not there.
    private mutating func compare(_ pod: PodObservation) {
        guard !heldVerifications, let verification = verifications[pod.name], verification.state == .running else {
            return
        }
        let source = pods.first { $0.name == verification.source && $0.isRunning && isConnected($0) }
        let result: (state: AgentStatus.Verification.State, words: String) =
            if source == nil || !isConnected(pod) {
                (.failed, "\(verification.source) gives no answer")
            } else if differing.contains(pod.name) {
                (
                    .differs,
                    "the data differ from those of \(verification.source): table shop.t has 1 row here and 2 there"
                )
            } else {
                (.matched, "the data match those of \(verification.source)")
            }
        verifications[pod.name]?.state = result.state
        verifications[pod.name]?.message = result.words
    }

    /// The agent of a life is started again, and has forgotten what it was asked for; its server goes on.
    mutating func restartAgent(of life: String) {
        verifications[life] = nil
        listen()
    }

    /// Somebody asks for a rebuild.
    mutating func rebuild(_ name: String, _ member: String, _ set: (inout XDBOperation.Rebuild) -> Void = { _ in }) {
        var rebuild = XDBOperation.Rebuild()
        rebuild.member = member
        set(&rebuild)
        var spec = XDBOperation.Spec()
        spec.group = group.metadata.name
        spec.rebuild = rebuild
        ask(name, spec)
    }

    /// The watch streams bring what agents say, where there is a way.
    mutating func listen() {
        for pod in pods where pod.isRunning && isConnected(pod) && !operatorIsCutOff {
            guard let status = agent(pod) else { continue }
            var agent = AgentObservation(status: status, podUID: pod.uid)
            agent.refusal = refusals[pod.name]
            heard[pod.name] = agent
        }
    }

    private mutating func seal(_ member: String, _ epoch: Epoch) {
        withDisk(of: member) { disk in
            guard disk.group != nil, epoch >= disk.epoch else { return }
            if epoch > disk.epoch {
                disk.epoch = epoch
                disk.duty = .sealed
            }
        }
        guard let pod = reachable(member), let disk = data[pod.name].flatMap({ disks[$0] }), disk.epoch == epoch,
            disk.group != nil
        else { return }
        seals.append(
            SealAnswer(
                member: pod.name,
                epoch: epoch,
                position: disk.position,
                committed: disk.committed,
                first: disk.log.first
            )
        )
    }

    private mutating func lead(_ member: String, _ request: LeadRequest) {
        guard let pod = reachable(member) else { return }
        precondition(request.voters.contains(pod.name), "a leader is among the voters that it counts")
        let source = request.source.flatMap { source in pods.first { $0.name == source.name } }
        let complete = source.flatMap { data[$0.name] }.flatMap { disks[$0]?.log }
        var isRepeated = false
        withDisk(of: member) { disk in
            guard request.epoch >= disk.epoch, disk.duty != .resigned || request.epoch > disk.epoch else { return }
            if disk.duty == .lead, disk.epoch == request.epoch {
                isRepeated = true
                if disk.position < request.start, let complete { disk.log = complete }
                return
            }
            disk.epoch = request.epoch
            disk.duty = .lead
            if disk.position < request.start, let complete { disk.log = complete }
        }
        if isRepeated, let known = terms[pod.name] {
            guard request.votersVersion ?? 0 >= known.votersVersion ?? 0 else { return }
        }
        if isRepeated, let known = terms[pod.name], known.voters != request.voters {
            guard request.votersVersion ?? 0 > known.votersVersion ?? 0 else { return }
            let new = Set(request.voters).subtracting(known.voters)
            precondition(new.count == 1 && !request.voters.isEmpty, "one vote at a time")
            let end = data[pod.name].flatMap { disks[$0] }?.position ?? .zero
            for life in new { since[pod.name, default: [:]][life] = end }
        }
        if !isRepeated { since[pod.name] = nil }
        terms[pod.name] = request
        if !isRepeated { opened.remove(pod.name) }
    }

    // MARK: The cluster

    /// The pod of a member, when requests reach its agent.
    func reachable(_ member: String) -> PodObservation? {
        guard !operatorIsCutOff else { return nil }
        let life = life(member)
        return pods.first { $0.name == life && $0.isRunning && isConnected($0) }
    }

    func isConnected(_ pod: PodObservation) -> Bool {
        pod.node.map { node in !cut.contains(node) && nodes.contains { $0.name == node && $0.ready == .true } } ?? false
    }

    private mutating func withDisk(of member: String, _ change: (inout Disk) -> Void) {
        guard let pod = reachable(member), let place = data[pod.name] else { return }
        change(&disks[place, default: Disk()])
    }

    func agent(_ pod: PodObservation) -> AgentStatus? {
        guard pod.isRunning, let disk = data[pod.name].map({ disks[$0] ?? Disk() }) else { return nil }
        var status = AgentStatus(member: pod.name, incarnation: pod.incarnation, version: "test")
        status.group = disk.group
        guard disk.group != nil else { return status }
        status.epoch = disk.epoch
        status.position = disk.position
        status.committed = disk.committed
        status.first = disk.log.first
        let kind = group.status.members.first { $0.name == pod.member }?.kind
        let state: AgentStatus.Server.State = down.contains(pod.name) ? .crashed : .running
        status.server = AgentStatus.Server(state: kind == .logger ? .none : state)
        status.server.applied = kind == .logger ? nil : stalled[pod.name] ?? disk.committed
        status.server.dataBytes = kind == .logger ? nil : 200 << 20
        status.server.lagSeconds = lags[pod.name]
        if kind != .logger { tellConfiguration(of: pod, &status) }
        if let copy = work.values.first(where: { $0.stage == .copy && $0.source?.name == pod.name }),
            jobs.contains(where: { $0.name == copy.name && $0.isRunning })
        {
            status.copy = AgentStatus.Copy(
                to: copy.pod.name,
                bytes: sent,
                total: 200 << 20,
                bytesPerSecond: 10 << 20,
                limit: limits[copy.pod.name] ?? copy.bytesPerSecond
            )
        }
        status.phase = .idle
        switch disk.duty {
        case .sealed: break
        case .resigned: status.problems = [.init(reason: "Resigned", message: "it led epoch 1, and its server ended")]
        case .lead:
            status.role = .leader
            status.isStopping = stopping.contains(pod.member) ? true : nil
            status.leader = pod.name
            status.voters = terms[pod.name]?.voters
            status.votersVersion = terms[pod.name]?.votersVersion ?? 0
            status.phase = opened.contains(pod.name) ? .writable : .recovering
            let members = (terms[pod.name]?.voters ?? []) + (terms[pod.name]?.learners ?? [])
            status.peers = members.filter { $0 != pod.name }.map { name in
                let peer = pods.first { $0.name == name }.flatMap { follows($0, pod, disk) ? $0 : nil }
                let durable = peer.flatMap { data[$0.name] }.flatMap { disks[$0] }?.position
                var status = AgentStatus.Peer(name: name, durable: durable, connected: peer != nil)
                status.since = since[pod.name]?[name]
                return status
            }
        case .follow(let leader):
            status.role = .follower
            status.leader = leader
            let hears = pods.first { $0.name == leader }.map { other in
                data[other.name].flatMap { disks[$0] }.map { follows(pod, other, $0) } ?? false
            }
            status.hearsLeader = hears ?? false
            status.phase = status.hearsLeader ? .streaming : .connecting
            if let other = pods.first(where: { $0.name == leader }),
                let led = data[other.name].flatMap({ disks[$0] }),
                isDiverged(disk, led)
            {
                status.problems = [.init(reason: "Diverged", message: "\(disk.committed) is committed here")]
            }
        }
        status.verification = verifications[pod.name]
        status.problems += problems[pod.name] ?? []
        return status
    }

    /// A server has what it was started with and what can be changed since.
    private func tellConfiguration(of pod: PodObservation, _ status: inout AgentStatus) {
        let (old, new) = (started[pod.name] ?? [:], group.spec.configuration)
        if let wrong = old.keys.first(where: { wrongOptions.contains($0) }) {
            status.server.state = .refused
            status.server.applied = nil
            status.problems.append(.init(reason: "InvalidConfiguration", message: "it does not start with \(wrong)"))
            return
        }
        status.configuration = lateFiles[pod.name] ?? pod.configuration
        guard status.configuration == ServerConfiguration(new).revision else { return }
        let waiting = staticOptions.union(wrongOptions).filter { old[$0] != new[$0] }.sorted()
        status.pendingRestart = waiting.isEmpty ? nil : waiting
    }

    private func follows(_ pod: PodObservation, _ leader: PodObservation, _ led: Disk) -> Bool {
        guard pod.isRunning, leader.isRunning, isConnected(pod), isConnected(leader), led.duty == .lead,
            !deaf.contains(pod.name),
            let disk = data[pod.name].flatMap({ disks[$0] })
        else { return false }
        guard disk.duty == .follow(leader.name), disk.epoch == led.epoch, let terms = terms[leader.name] else {
            return false
        }
        return (terms.voters + terms.learners).contains(pod.name) && !isDiverged(disk, led)
    }

    /// Nothing is removed that a member knows to be committed.
    private func isDiverged(_ disk: Disk, _ led: Disk) -> Bool {
        led.duty == .lead && disk.committed != .zero && !led.log.contains(disk.committed)
    }

    /// Half a second passes: pods start, agents do their work, clients write, cleanup pods end.
    mutating func tick() {
        now = now.advanced(by: .milliseconds(500))
        observing += .milliseconds(500)
        schedule()
        for index in pods.indices {
            guard let node = pods[index].node, nodes.contains(where: { $0.name == node && $0.ready == .true }) else {
                continue
            }
            pods[index].isRunning = pods[index].waitingReason == nil
            pods[index].phase = .running
            pods[index].ip = "10.0.0.\(pods[index].uid.dropFirst(4))"
            // A server that does not start is tried again with what is in the file by then.
            if wrongOptions.contains(where: { started[pods[index].name]?[$0] != nil }) {
                started[pods[index].name] = group.spec.configuration
            }
        }
        for member in heard.keys { heard[member]?.age += .milliseconds(500) }
        for pod in pods { write(as: pod) }
        if jobs.contains(where: \.isRunning) { sent += sending }
        for index in jobs.indices { work(at: index) }
        for pod in pods where pod.isRunning { compare(pod) }
        for index in cleanups.indices {
            guard let job = cleaning[cleanups[index].pod], !cut.contains(job.node), !heldCleanups else { continue }
            cleanups[index].phase = .succeeded
            remove { $0.hasPrefix("\(job.node):\(job.directory)") }
        }
        listen()
    }

    /// A leader appends a transaction; its followers take it; a majority of voters makes it committed.
    private mutating func write(as pod: PodObservation) {
        guard let place = data[pod.name], let disk = disks[place], disk.duty == .lead, pod.isRunning,
            // Without all of its start it does not lead.
            let terms = terms[pod.name], disk.position >= terms.start
        else { return }
        let previous = leaders.updateValue(pod.member, forKey: disk.epoch)
        precondition(previous == nil || previous == pod.member, "two leaders in epoch \(disk.epoch)")
        var log = disk.log
        log.append(Position(epoch: disk.epoch, sequence: (log.last?.sequence ?? 0) + 1))
        disks[place]?.log = log
        var durable = terms.voters.contains(pod.name) ? 1 : 0
        let followers = pods.filter { follows($0, pod, disk) }
        for follower in followers {
            guard let place = data[follower.name] else { continue }
            disks[place]?.log = log
            if terms.voters.contains(follower.name) { durable += 1 }
        }
        guard durable >= majority(of: terms.voters.count), let end = log.last else { return }
        opened.insert(pod.name)
        disks[place]?.committed = end
        for follower in followers {
            if let place = data[follower.name] { disks[place]?.committed = end }
        }
        guard log.count >= committed.count, log[..<committed.count].suffix(8) == committed.suffix(8) else {
            fatalError("\(end) was committed by \(pod.name) without \(committed.last?.description ?? ""): \(story)")
        }
        committed = log
    }

    /// What led here, for whoever has to find out why the world stopped.
    private var story: String {
        let epochs = group.status.epochs.prefix(8).map { record in
            let answers = record.answers.map { "\($0.voter) \($0.position)" }.joined(separator: ", ")
            return "\(record.epoch) \(record.cause?.rawValue ?? "") \(record.leader) of \(record.voters) from "
                + "\(record.start) (\(answers))"
        }
        let logs = disks.sorted { $0.key < $1.key }.map { "\($0) \($1.position) \($1.duty) in \($1.epoch)" }
        return (epochs + logs).joined(separator: "\n")
    }

    // MARK: Faults

    mutating func deletePod(where matches: (PodObservation) -> Bool) {
        for pod in pods where matches(pod) {
            stopServer(of: pod.name)
            verifications[pod.name] = nil
        }
        pods.removeAll(where: matches)
    }

    /// The server ends by itself; a leader's agent resigns.
    mutating func stopServer(of life: String) {
        guard let pod = pods.first(where: { $0.name == life }), let place = data[pod.name] else { return }
        if disks[place]?.duty == .lead { disks[place]?.duty = .resigned }
        opened.remove(pod.name)
        listen()
    }

    mutating func power(_ node: String, on: Bool) {
        guard let index = nodes.firstIndex(where: { $0.name == node }) else { return }
        nodes[index].ready = on ? .true : .unknown
        nodes[index].since = now
        for index in pods.indices where pods[index].node == node {
            pods[index].isRunning = on && pods[index].isRunning
            if !on {
                stopServer(of: pods[index].name)
                verifications[pods[index].name] = nil
            }
        }
    }

    /// The operator process is replaced: what it had in memory is gone.
    mutating func restartOperator() {
        seals = []
        observing = .zero
        heard = [:]
    }

    func member(_ name: String) -> XDBGroup.MemberStatus? { group.status.members.first { $0.name == name } }
    func condition(_ type: ConditionType) -> Condition? { group.status.conditions[type.rawValue] }
    /// The revision of the option file that is wanted.
    var revision: String { ServerConfiguration(group.spec.configuration).revision }
    func node(of member: String) -> String { self.member(member)?.node ?? "" }
}
