import KubernetesModel
import Testing

@Suite("Conditions")
struct ConditionTests {
    let start = Time(seconds: 1000, nanoseconds: 5)
    let later = Time(seconds: 2000)

    @Test("The transition time changes only with the status")
    func transition() {
        var conditions: [Condition] = []
        let change1 = conditions.set(Condition("Ready", .false, reason: "Starting"), now: start)
        #expect(change1)
        let change2 = conditions.set(Condition("Writable", .false, reason: "NoLeader"), now: start)
        #expect(change2)
        #expect(conditions["Ready"]?.lastTransitionTime == Time(seconds: 1000))
        // The same again is no change.
        let change3 = conditions.set(Condition("Ready", .false, reason: "Starting"), now: later)
        #expect(!change3)
        // Another reason is a change without a transition.
        let change4 = conditions.set(Condition("Ready", .false, reason: "Waiting", message: "for pods"), now: later)
        #expect(change4)
        #expect(conditions["Ready"]?.lastTransitionTime == Time(seconds: 1000))
        let change5 = conditions.set(Condition("Ready", .true, reason: "AsExpected"), now: later)
        #expect(change5)
        #expect(conditions["Ready"]?.lastTransitionTime == later)
        #expect(conditions.map(\.type) == ["Ready", "Writable"])
        #expect(conditions.isTrue("Ready"))
        #expect(!conditions.isTrue("Writable"))
        #expect(!conditions.isTrue("Absent"))
        conditions.remove("Ready")
        #expect(conditions.map(\.type) == ["Writable"])
    }

    @Test("They survive a round trip")
    func roundTrip() throws {
        let condition = Condition(
            "Ready",
            .unknown,
            reason: "A",
            message: "b",
            observedGeneration: 3,
            lastTransitionTime: later
        )
        #expect(try Condition(json: condition.json) == condition)
    }
}
