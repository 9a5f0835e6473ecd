import KubernetesModel
import Logging
import Planning
import Testing
import XDB

@testable import Controllers
@testable import Operator

@Suite struct GroupEffectsTests {
    private let cluster = FakeCluster()
    private let secrets: SecretKeeper

    init() {
        secrets = SecretKeeper(cluster: cluster)
    }

    private func carryOut(
        _ actions: [GroupAction],
        caches: Caches = Rebuilding.caches(),
        transport: FakeTransport = FakeTransport(),
        leader: String? = nil
    ) async throws -> GroupEffects.Outcome {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let effects = GroupEffects(
            cluster: cluster,
            caches: caches,
            secrets: secrets,
            objects: ObjectKeeper(cluster: cluster, caches: caches),
            monitor: AgentMonitor(logger: logger),
            priorityClass: nil,
            cleanupNamespace: nil,
            passed: { _ in },
            logger: logger
        )
        let credentials = AgentCredentials(authority: "", identity: Identity(certificate: "", key: ""))
        var plan = GroupPlan(status: Rebuilding.group().status)
        plan.actions = actions
        var observation = Rebuilding.observation()
        if let leader { observation.group.status.leader = leader }
        return try await effects.carryOut(
            plan,
            for: observation,
            client: AgentClient(transport: transport, credentials: credentials)
        )
    }

    // MARK: Lives

    @Test(arguments: [
        ("orders-0", "orders-0", "10.0.0.1"),
        ("orders-1", "orders-1", "10.0.0.2"),
        ("orders-1-i2", "orders-1-i2", "10.0.0.3"),
        ("orders-2", "orders-2-i3", "10.0.0.4"),
    ])
    func anEntryOfTheStatusLeadsToItsLife(_ entry: String, _ life: String, _ host: String) throws {
        let observation = Rebuilding.observation()
        #expect(observation.life(of: entry) == life)
        let endpoint = try #require(observation.endpoint(of: life))
        #expect(endpoint.life == life)
        #expect(endpoint.host == host)
        #expect(endpoint.podUID == "uid-of-\(life)")
        #expect(endpoint.certificateName == "\(life).orders.default.xdb")
    }

    @Test func thePodOfAMemberOfAnotherKindIsLabelledAnew() async throws {
        let labels = [Label.kind: "Candidate", Label.spread: "voters"]
        let outcome = try await carryOut([
            .relabel(pod: "orders-1", labels: labels), .relabel(pod: "orders-9", labels: labels),
            .label(pod: "orders-1", role: nil),
        ])
        #expect(outcome.failures.isEmpty)
        #expect(cluster.calls == ["label orders-1 Candidate voters", "label orders-1 none"])
    }

    @Test func aNewOptionFileIsNotedOnThePod() async throws {
        let action = GroupAction.bringConfiguration(pod: "orders-0", revision: "r2")
        let outcome = try await carryOut([action])
        #expect(outcome.failures.isEmpty)
        #expect(cluster.calls == ["annotate orders-0 \(Label.configuration) r2"])
        #expect(CrashPoint(action) == .configurationBrought)
    }

    @Test func zonesAreSetWhereTheyDiffer() async throws {
        var zones = MemberZones(Rebuilding.group().spec)
        _ = try await carryOut([.setZones(zones)])
        #expect(cluster.calls.isEmpty)
        zones.voters = ["b", "a"]
        let action = GroupAction.setZones(zones)
        let outcome = try await carryOut([action])
        #expect(outcome.failures.isEmpty)
        #expect(cluster.calls == [#"change the spec of orders {"placement":{"zones":["b","a"]}}"#])
        #expect(CrashPoint(action) == .zonesSet)
    }

    @Test func aLifeWithoutAPodIsNotReached() async throws {
        #expect(Rebuilding.observation().endpoint(of: "orders-2") == nil)
        let outcome = try await carryOut([.limitCopy(member: "orders-9", CopyLimitRequest(to: "x", bytesPerSecond: 1))])
        #expect(outcome.failures.count == 1)
    }

    @Test func agentsAreToldWhatTheirEntriesAreTold() async throws {
        let transport = FakeTransport()
        let follow = FollowRequest(epoch: Epoch(rawValue: 2), leader: PeerAddress(name: "orders-0", host: "10.0.0.1"))
        let outcome = try await carryOut(
            [
                .initialize(member: "orders-1-i2", InitializeRequest(group: "b4d4")),
                .follow(member: "orders-2", follow),
                .limitCopy(member: "orders-0", CopyLimitRequest(to: "orders-1-i2", bytesPerSecond: 1000)),
            ],
            transport: transport
        )
        #expect(outcome.failures.isEmpty)
        #expect(
            transport.asked.map(\.to) == ["orders-0", "orders-1-i2", "orders-2-i3"].map { "\($0).orders.default.xdb" }
        )
        #expect(transport.asked.map(\.path) == ["POST /v1/copy-limit", "POST /v1/initialize", "POST /v1/follow"])
        #expect(transport.asked.first?.body == #"{"bytesPerSecond":1000,"to":"orders-1-i2"}"#)
    }

    @Test func anAgentThatDoesNotKnowComparisonsHasRefusedForGood() async throws {
        let request = VerifyRequest(attempt: 2, source: PeerAddress(name: "orders-0", host: "10.0.0.1"))
        let transport = FakeTransport()
        let asked = try await carryOut([.verify(member: "orders-1-i2", request)], transport: transport)
        #expect(asked.failures.isEmpty)
        #expect(transport.asked.map(\.to) == ["orders-1-i2.orders.default.xdb"])
        #expect(transport.asked.map(\.path) == ["POST /v1/verify"])
        #expect(transport.asked.first?.body == #"{"attempt":2,"source":{"host":"10.0.0.1","name":"orders-0"}}"#)

        let (client, endpoint) = (
            AgentClient(
                transport: FakeTransport { _ in
                    let error = AgentError(reason: "NotFound", message: "there is no POST /v1/verify")
                    let body = (try? AgentAnswer.json(error))?.body ?? []
                    return AgentAnswer(status: 404, body: body)
                },
                credentials: AgentCredentials(authority: "", identity: Identity(certificate: "", key: ""))
            ), try #require(Rebuilding.observation().endpoint(of: "orders-1-i2"))
        )
        await #expect(throws: AgentRefusal.self) { try await client.verify(endpoint, request) }
    }

    @Test func sealsAreTheAnswersOfTheLivesThatWereAsked() async throws {
        let epoch = Epoch(rawValue: 4)
        let transport = FakeTransport { request in
            let life = String(request.to.prefix { $0 != "." })
            // The certificate of one life, and the identity of another: its log counts for nobody.
            let name = life == "orders-1" ? "orders-1-i2" : life
            let answer = SealAnswer(member: name, epoch: epoch, position: .zero, committed: .zero, first: nil)
            return (try? AgentAnswer.json(answer)) ?? AgentAnswer(status: 500, body: [])
        }
        let outcome = try await carryOut(
            [.seal(members: ["orders-0", "orders-1", "orders-2"], SealRequest(epoch: epoch))],
            transport: transport
        )
        #expect(outcome.didSeal)
        #expect(Set(outcome.seals.map(\.member)) == ["orders-0", "orders-2-i3"])
    }

    /// A follower that is sealed takes nothing more: the leader must have given it all before.
    @Test func aLeaderThatHandsOverIsSealedBeforeTheOthers() async throws {
        let epoch = Epoch(rawValue: 4)
        for fails in [false, true] {
            let transport = FakeTransport { request in
                let life = String(request.to.prefix { $0 != "." })
                if fails, life == "orders-2-i3" { return AgentAnswer(status: 503, body: []) }
                let answer = SealAnswer(member: life, epoch: epoch, position: .zero, committed: .zero, first: nil)
                return (try? AgentAnswer.json(answer)) ?? AgentAnswer(status: 500, body: [])
            }
            let outcome = try await carryOut(
                [
                    .seal(
                        members: ["orders-0", "orders-1", "orders-2"],
                        SealRequest(epoch: epoch, successor: "orders-0")
                    )
                ],
                transport: transport,
                leader: "orders-2"
            )
            #expect(transport.first?.to == "orders-2-i3.orders.default.xdb")
            #expect(transport.first?.body == #"{"epoch":4,"successor":"orders-0"}"#)
            #expect(outcome.seals.count == (fails ? 2 : 3))
        }
    }

    @Test func everyLifeHasACertificateOfItsOwn() async throws {
        let lives = ["orders-1", "orders-1-i2"]
        _ = try await secrets.present(orders, lives: lives)
        let made = try await carryOut([
            .ensure(.certificate(member: "orders-1")), .ensure(.certificate(member: "orders-1-i2")),
        ])
        #expect(made.failures.isEmpty)
        let present = try await secrets.present(orders, lives: lives)
        #expect(present.isSuperset(of: ["orders-1-tls", "orders-1-i2-tls"]))

        let deleted = try await carryOut([.deleteCertificate(life: "orders-1"), .deleteCertificate(life: "orders-9")])
        #expect(deleted.failures.isEmpty)
        #expect(!cluster.has(Secret.self, "orders-1-tls"))
        #expect(cluster.has(Secret.self, "orders-1-i2-tls"))
        #expect(try await !secrets.present(orders, lives: lives).contains("orders-1-tls"))

        // What is wanted again is made again, whatever was known of it.
        #expect(try await carryOut([.ensure(.certificate(member: "orders-1"))]).failures.isEmpty)
        #expect(cluster.has(Secret.self, "orders-1-tls"))
    }

    @Test func aSecretThatIsNotTheGroupsStays() async throws {
        cluster.put(Secret.self, ObjectMeta(name: "orders-1-tls", namespace: "default"))
        #expect(try await carryOut([.deleteCertificate(life: "orders-1")]).failures.isEmpty)
        #expect(cluster.has(Secret.self, "orders-1-tls"))
    }

    // MARK: Pods and Jobs

    @Test(arguments: [
        (GroupAction.deletePod(name: "orders-1", uid: "7", why: "a newer image"), ""),
        (.discardPod(name: "orders-1", uid: "7", why: "a former life"), " within 1 s"),
        (.forceDeletePod(name: "orders-1", uid: "7", why: "its node is away"), " by force"),
    ])
    func aPodIsGivenTheTimeThatItsEndIsWorth(_ action: GroupAction, time: String) async throws {
        let outcome = try await carryOut([action])
        #expect(outcome.failures.isEmpty)
        #expect(cluster.calls == ["delete Pod orders-1 7\(time)"])
    }

    @Test func aJobIsMadeOnce() async throws {
        let caches = Rebuilding.caches()
        for _ in 1...2 {
            #expect(try await carryOut([.createJob(Rebuilding.job(.copy))], caches: caches).failures.isEmpty)
        }
        #expect(cluster.calls == ["create Job orders-1-i2-copy"])
        let cached = try caches.get(Job.self, orders.objectKey("orders-1-i2-copy"))
        #expect(cached?.metadata.isOwned(by: orders.uid) == true)
    }

    @Test(arguments: ["another group", "being deleted"])
    func aJobThatIsAnothersOrGoesIsWaitedFor(_ how: String) async throws {
        var job = Rebuilding.job(named: "orders-1-i2-copy", owner: how == "another group" ? "x" : orders.uid)
        if how == "being deleted" { job.metadata.deletionTimestamp = Time(seconds: 1) }
        cluster.put(Job.self, job.metadata)
        let caches = Rebuilding.caches()
        #expect(try await carryOut([.createJob(Rebuilding.job(.copy))], caches: caches).failures.count == 1)
        #expect(try caches.get(Job.self, job.key) == nil)
    }

    /// Two pods that write to one directory would be the end of the copy, if not of more.
    @Test func noJobIsMadeBesideThePodsOfTheOneBefore() async throws {
        let caches = Rebuilding.caches(pods: [Rebuilding.pod(of: "orders-1-i2-copy")])
        #expect(try await carryOut([.createJob(Rebuilding.job(.copy))], caches: caches).failures.count == 1)
        #expect(try await carryOut([.createJob(Rebuilding.job(.prepare))], caches: caches).failures.isEmpty)
        #expect(cluster.calls == ["create Job orders-1-i2-prepare"])
    }

    @Test(arguments: [false, true])
    func aJobGoesBeforeItsPods(byForce: Bool) async throws {
        let job = Rebuilding.job(named: "orders-1-i2-copy")
        cluster.put(Job.self, job.metadata)
        let caches = Rebuilding.caches(
            jobs: [job],
            pods: [Rebuilding.pod(of: "orders-1-i2-copy", "a"), Rebuilding.pod(of: "orders-1-i2-prepare", "b")]
        )
        let outcome = try await carryOut([.deleteJob(name: "orders-1-i2-copy", force: byForce)], caches: caches)
        #expect(outcome.failures.isEmpty)
        #expect(
            cluster.calls == ["delete Job orders-1-i2-copy uid-of-job"]
                + (byForce ? ["delete Pod orders-1-i2-copy-a uid-of-orders-1-i2-copy-a by force"] : [])
        )
        // The next decision sees what is left: a pod that may still write.
        let seen = try GroupObserver(caches: caches).observe(Rebuilding.group(), now: Time(seconds: 0)).jobs
        #expect(seen.first { $0.name == "orders-1-i2-copy" }?.isBeingDeleted == true)
    }

    @Test func aJobThatIsGoneIsNoFailure() async throws {
        let outcome = try await carryOut([.deleteJob(name: "orders-1-i2-copy", force: true)])
        #expect(outcome.failures.isEmpty)
        #expect(cluster.calls.isEmpty)
    }

    @Test func aJobOfSomebodyElseStays() async throws {
        let job = Rebuilding.job(named: "orders-1-i2-copy", owner: "another group")
        cluster.put(Job.self, job.metadata)
        #expect(try await carryOut([.deleteJob(name: "orders-1-i2-copy", force: true)]).failures.isEmpty)
        #expect(cluster.has(Job.self, "orders-1-i2-copy"))
    }

    @Test func aCopyFromNobodyIsNotBegun() async throws {
        let outcome = try await carryOut([.createJob(Rebuilding.job(.copy) { $0.source = nil })])
        #expect(outcome.failures.count == 1)
        #expect(cluster.calls.isEmpty)
    }
}
