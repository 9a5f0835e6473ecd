import KubernetesModel
import Planning
import Testing
import XDB

@testable import Controllers
@testable import Operator

@Suite struct JobObserverTests {
    private static let name = "orders-1-i2-copy"

    private func observe(
        _ pods: [Pod],
        after seconds: Int64 = 1,
        _ change: (inout Job) -> Void = { _ in }
    ) -> JobObservation? {
        var job = Rebuilding.job(named: Self.name)
        job.metadata.creationTimestamp = Time(seconds: 100)
        change(&job)
        return JobObservation.observations(of: [job], pods: pods, now: Time(seconds: 100 + seconds)).first
    }

    private func pod(_ suffix: String, created: Int64 = 1, _ change: (inout Pod) -> Void = { _ in }) -> Pod {
        Rebuilding.pod(of: Self.name, suffix, created: created, change)
    }

    private func container(_ state: Pod.ContainerState, name: String = "rebuild") -> Pod.ContainerStatus {
        var container = Pod.ContainerStatus(name: name)
        container.state = state
        return container
    }

    private func ended(_ code: Int, _ words: String, reason: String = "Error") -> Pod.ContainerState {
        .terminated(exitCode: code, reason: reason, message: words, at: nil)
    }

    @Test func aJobWithoutPodsHasNotBegun() {
        #expect(observe([]) == JobObservation(name: Self.name))
    }

    @Test func aJobWhosePodsAreRefusedSaysSoAfterAWhile() throws {
        #expect(observe([], after: 9)?.obstacle == nil)
        let words = try #require(observe([], after: 15)?.obstacle)
        #expect(words.contains("quota") && words.contains("kubectl describe job \(Self.name)"))
        #expect(observe([pod("a")], after: 15)?.obstacle == nil)
        #expect(observe([], after: 15) { $0.metadata.deletionTimestamp = Time(seconds: 101) }?.obstacle == nil)
        let ended = Condition("Failed", .true, reason: "")
        #expect(observe([], after: 15) { $0.status.conditions = [ended] }?.obstacle == nil)
    }

    @Test(arguments: [("Complete", true, false), ("Failed", false, true), ("Suspended", false, false)])
    func howItEnded(_ condition: String, _ isComplete: Bool, _ isFailed: Bool) throws {
        let job = try #require(
            observe([]) {
                $0.status.conditions = [Condition(condition, .true, reason: "")]
            }
        )
        #expect(job.isComplete == isComplete)
        #expect(job.isFailed == isFailed)
    }

    @Test func itRunsWhereItsPodIs() throws {
        let job = try #require(
            observe([
                pod("a") {
                    $0.status.phase = .running
                    $0.spec.nodeName = "node3"
                    $0.status.containerStatuses = [container(.running(since: nil))]
                }
            ])
        )
        #expect(job.isRunning)
        #expect(job.node == "node3")
        #expect(job.pods == ["orders-1-i2-copy-a"])
        #expect(job.obstacle == nil)
        #expect(job.message == nil)
    }

    @Test func theLatestPodCountsAndTheLastThatEndedSpeaks() throws {
        // In the answer of an API server pods come by name, and two can be of the same second.
        for pods in [["b", "a", "c"], ["a", "b", "c"], ["c", "b", "a"]] {
            let job = try #require(
                observe(
                    pods.map { suffix in
                        pod(suffix, created: suffix == "b" ? 1 : 2) {
                            if suffix == "a" {
                                $0.status.conditions = [
                                    Condition(
                                        "PodScheduled",
                                        .false,
                                        reason: "Unschedulable",
                                        message: "0/4 nodes are available"
                                    )
                                ]
                            } else {
                                $0.spec.nodeName = "node-of-\(suffix)"
                                $0.status.phase = .failed
                                $0.status.containerStatuses = [container(ended(1, "words of \(suffix)"))]
                            }
                        }
                    }
                )
            )
            #expect(job.obstacle == "0/4 nodes are available")
            #expect(job.node == nil)
            #expect(job.message == "words of c")
            #expect(!job.isRunning)
        }
    }

    @Test func whatKeepsItFromStarting() {
        let waiting = Pod.ContainerState.waiting(reason: "ImagePullBackOff", message: "no such image")
        #expect(
            observe([pod("a") { $0.status.containerStatuses = [container(waiting)] }])?.obstacle
                == "ImagePullBackOff: no such image"
        )
        let starting = Pod.ContainerState.waiting(reason: "ContainerCreating", message: "")
        #expect(observe([pod("a") { $0.status.containerStatuses = [container(starting)] }])?.obstacle == nil)
    }

    /// The volume cannot be mounted, say: its status has no word of that.
    @Test func aPodThatItsNodeDoesNotStartSaysSoAfterAWhile() throws {
        let pods = [
            pod("a", created: 101) {
                $0.spec.nodeName = "n1"
                $0.status.containerStatuses = [container(.waiting(reason: "PodInitializing", message: ""))]
            }
        ]
        #expect(observe(pods, after: 9)?.obstacle == nil)
        let late = try #require(observe(pods, after: 120))
        #expect(late.isPreparing)
        let pod = try #require(late.pods.first)
        #expect(late.obstacle?.contains("on node n1; kubectl describe pod \(pod) says why") == true)
    }

    @Test(
        arguments: [
            (0, #"{"reason":"Done","message":"copied"}"#, "Completed", "", #"{"reason":"Done","message":"copied"}"#),
            (1, "killed", "Error", "", "killed"),
            (137, "", "OOMKilled", "", "rebuild ended with code 137 (OOMKilled)"),
            (2, "", "Error", "", "rebuild ended with code 2"),
            (0, "", "Completed", "", nil),
            (137, "half a line", "Error", "Evicted", "Evicted: the node was low on resource: memory"),
        ] as [(Int, String, String, String, String?)]
    )
    func lastWords(_ code: Int, _ words: String, _ reason: String, _ ofThePod: String, _ expected: String?) {
        let pod = pod("a") {
            $0.status.phase = code == 0 ? .succeeded : .failed
            $0.status.reason = ofThePod
            $0.status.message = ofThePod.isEmpty ? "" : "the node was low on resource: memory"
            $0.status.initContainerStatuses = [container(ended(0, "", reason: "Completed"), name: "own-directory")]
            $0.status.containerStatuses = [container(ended(code, words, reason: reason))]
        }
        #expect(observe([pod])?.message == expected)
    }

    @Test func podsOfAnEarlierJobSayNothingButAreThere() throws {
        let old = Rebuilding.pod(of: Self.name, "old", owner: "another uid", created: 9) {
            $0.spec.nodeName = "node2"
            $0.status.phase = .failed
            $0.status.containerStatuses = [container(ended(1, "old words"))]
        }
        let job = try #require(observe([old]))
        #expect(job.node == nil)
        #expect(job.message == nil)
        #expect(job.pods == ["orders-1-i2-copy-old"])
    }

    @Test func aJobThatHasLeftPodsIsStillBeingDeleted() throws {
        let left = Rebuilding.pod(of: "orders-1-i2-prepare", "left") { $0.spec.nodeName = "node9" }
        let jobs = JobObservation.observations(
            of: [Rebuilding.job(named: Self.name)],
            pods: [left],
            now: Time(seconds: 0)
        )
        #expect(jobs.map(\.name) == [Self.name, "orders-1-i2-prepare"])
        #expect(jobs.map(\.isBeingDeleted) == [false, true])
        #expect(jobs.last?.node == "node9")
        #expect(jobs.last?.pods == ["orders-1-i2-prepare-left"])
    }

    @Test func onlyTheGroupsOwnAreObserved() throws {
        let caches = Rebuilding.caches(
            jobs: [Rebuilding.job(named: Self.name), Rebuilding.job(named: "other", uid: "2", owner: "another group")],
            pods: [
                Rebuilding.pod(of: Self.name),
                Rebuilding.pod(of: "another") { $0.metadata.labels[Label.group] = "another" },
                Rebuilding.pod(of: "no-job-of-ours") { $0.metadata.labels[Label.job] = nil },
            ]
        )
        let observation = try GroupObserver(caches: caches).observe(Rebuilding.group(), now: Time(seconds: 0))
        #expect(observation.jobs.map(\.name) == [Self.name])
        #expect(observation.jobs.first?.pods.count == 1)
        #expect(observation.pods.isEmpty, "the pod of a Job is no member")
    }

    @Test func changesOfItsPodsWakeTheGroup() {
        #expect(pod("a").groupOfJob == ObjectKey(namespace: "default", name: "orders"))
        #expect(pod("a") { $0.metadata.labels[Label.job] = nil }.groupOfJob == nil)
    }
}
