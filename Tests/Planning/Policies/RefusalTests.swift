import KubernetesModel
import Testing
import XDB

@testable import Planning

/// What the API server refuses reaches the member that waits for it, or the group, and an event.
struct RefusalTests {
    /// What admission says, in Kubernetes' own words, and what is told to do about it.
    static let refusals: [(String, ServerRefusal.Obstacle, String)] = [
        (
            #"pods "orders-0" is forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0"#,
            .quota, "raise the namespace's ResourceQuota"
        ),
        (#"pods "orders-0" is forbidden: failed quota: q: must specify limits.cpu"#, .quota, "spec.resources"),
        (
            #"pods "orders-0" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi"#,
            .limitRange, "the namespace's LimitRange"
        ),
        ("maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 5Gi", .limitRange, "spec.storage"),
        (
            #"pods "orders-0" is forbidden: violates PodSecurity "restricted:latest": hostPath volumes"#,
            .podSecurity, "the level privileged"
        ),
        ("unable to validate against any pod security policy: []", .podSecurity, "allow such pods"),
        (#"admission webhook "policy.example.com" denied the request: no"#, .webhook, "exempt the namespace"),
        (
            #"Internal error occurred: failed calling webhook "policy.example.com": connection refused"#,
            .webhook, "put the webhook right"
        ),
        (#"pods is forbidden: User "operator" cannot create resource "pods""#, .rights, "manifests/"),
        (
            #"Pod "orders-0" is invalid: spec.tolerations[0].operator: Invalid value: "Equal": must be empty"#,
            .invalid, "put the field of the spec right"
        ),
        ("something else", .other, "put right what it names"),
    ]

    @Test(arguments: refusals)
    func theObstacleIsReadFromTheWords(_ words: String, _ obstacle: ServerRefusal.Obstacle, _ remedy: String) {
        #expect(ServerRefusal.Obstacle(in: words) == obstacle)
        let sentence = ServerRefusal(ObjectName("Pod", "orders-0"), words).sentence
        #expect(sentence.hasPrefix("the API server refuses the Pod orders-0: \(words); "))
        #expect(sentence.contains(remedy), "\(sentence)")
        // Whoever has the sentence alone reads the same in it.
        #expect(ServerRefusal.Obstacle(in: sentence) == obstacle)
    }

    /// What a member waits for.
    @Test(arguments: [
        ObjectName("Pod", "orders-1"), ObjectName("Secret", "orders-1-tls"),
        ObjectName("PersistentVolumeClaim", "data-orders-1"),
    ])
    func aMemberWithoutAPodTellsWhatItIsRefused(_ object: ObjectName) throws {
        var observation = World.writable(claim: true).observation
        observation.pods.removeAll { $0.member == "orders-1" }
        observation.agents["orders-1"] = nil
        observation.refusals = [ServerRefusal(object, "exceeded quota: none")]
        let plan = plan(observation)
        let member = try #require(plan.status.members.first { $0.name == "orders-1" })
        #expect(member.reason == Reason.refused.rawValue)
        #expect(member.health == .unhealthy)
        #expect(member.message?.contains("refuses the \(object): exceeded quota: none; raise") == true)
        #expect(plan.status.conditions["FullyRedundant"]?.reason == "Refused")
        let told = plan.events.filter { $0.reason == .refused }
        #expect(told.map(\.message) == ["orders-1: \(member.message ?? "")"])
        #expect(told.allSatisfy { $0.isWarning })
        // It is tried again, and told once.
        #expect(plan.actions.contains { $0.words == "make the pod orders-1" })
        observation.group.status = plan.status
        #expect(Planning.plan(observation).events.filter(\.isWarning) == [])
        observation.refusals = []
        let after = Planning.plan(observation).status.members.first { $0.name == "orders-1" }
        #expect(after?.reason == Reason.starting.rawValue)
    }

    /// Of a group that has not begun, all conditions say why.
    @Test func aGroupWhosePodsAreForbiddenSaysSo() throws {
        var world = World()
        world.reconcile()
        var observation = world.observation
        observation.pods = []
        observation.refusals = (0...2).map { ServerRefusal(ObjectName("Pod", "orders-\($0)"), "exceeded quota: none") }
        let plan = plan(observation)
        for type in [ConditionType.writable, .ready, .fullyRedundant, .progressing] {
            let condition = try #require(plan.status.conditions[type.rawValue])
            #expect(condition.status == .false)
            #expect(condition.message.contains("orders-2: the API server refuses the Pod orders-2"), "\(type)")
        }
        #expect(plan.status.conditions["Progressing"]?.reason == "Refused")
        #expect(plan.events.count { $0.reason == .refused } == 3)
    }

    /// What concerns a member that runs, or none.
    @Test(arguments: [
        ObjectName("Service", "orders-leader"), ObjectName("Pod", "orders-1"), ObjectName("Job", "orders-1-i2-copy"),
        ObjectName("Pod", "orders-cleanup-1a2b"),
    ])
    func whatNoMemberWaitsForIsToldByTheGroup(_ object: ObjectName) throws {
        var observation = World.writable().observation
        observation.refusals = [ServerRefusal(object, #"User "x" cannot patch resource "it""#)]
        let plan = plan(observation)
        let condition = try #require(plan.status.conditions["Progressing"])
        #expect(condition.reason == "Refused")
        #expect(condition.status == .false)
        #expect(condition.message.contains("refuses the \(object): User \"x\" cannot patch"))
        #expect(condition.message.contains("; give the operator's ServiceAccount the rights in manifests/ again"))
        #expect(plan.events.map(\.reason) == [.refused])
        #expect(plan.status.message == condition.message)
        #expect(plan.status.members.allSatisfy { $0.health == .healthy })
        #expect(plan.status.conditions.isTrue("Writable"))
        observation.group.status = plan.status
        #expect(Planning.plan(observation).events == [])
    }

    @Test func aDeletionThatIsRefusedSaysSo() throws {
        var world = World.writable()
        world.group.metadata.deletionTimestamp = world.now
        for _ in 1...2 { world.reconcile() }
        var observation = world.observation
        observation.refusals = [ServerRefusal(ObjectName("Pod", "orders-cleanup-1a2b"), "violates PodSecurity \"x\"")]
        let plan = plan(observation)
        let condition = try #require(plan.status.conditions["Progressing"])
        #expect(condition.reason == "Refused")
        #expect(condition.message.contains("is being removed"), "\(condition.message)")
        #expect(condition.message.contains("refuses the Pod orders-cleanup-1a2b"))
        #expect(plan.events.contains { $0.reason == .refused })
    }

    /// What is asked of the API server has an object, and what is asked of agents has none.
    @Test func everyActionIsAboutAnObjectOrAnAgent() throws {
        let names = GroupNames(group: "orders", namespace: "shop")
        let seal = GroupAction.seal(members: ["orders-0"], SealRequest(epoch: Epoch(rawValue: 1)))
        #expect(seal.object(in: names) == nil)
        #expect(GroupAction.addFinalizer.object(in: names)?.description == "XDBGroup orders")
        #expect(GroupAction.deleteCertificate(life: "orders-1").object(in: names)?.description == "Secret orders-1-tls")
        #expect(GroupAction.label(pod: "orders-1", role: nil).object(in: names)?.description == "Pod orders-1")
        #expect(GroupAction.ensure(.users).object(in: names)?.description == "Secret orders-app")
        #expect(
            GroupAction.ensure(.disruptionBudget(minimumAvailable: 2)).object(in: names)?.description
                == "PodDisruptionBudget orders"
        )
    }
}
