import KubernetesModel
import Testing

@testable import Controllers

@Suite struct LeaseElectionStateTests {
    private let date = Time(seconds: 1_700_000_000)

    private func state() -> LeaseElectionState { LeaseElectionState(identity: "me", times: LeaseTimes()) }

    private func lease(holder: String, renewed: Int64 = 0, transitions: Int32 = 3, seconds: Int32 = 15) -> Lease {
        var spec = Lease.Spec()
        spec.holderIdentity = holder
        spec.leaseDurationSeconds = seconds
        spec.acquireTime = MicroTime(Time(seconds: 1))
        spec.renewTime = MicroTime(Time(seconds: renewed))
        spec.leaseTransitions = transitions
        var metadata = ObjectMeta(name: "lease", namespace: "ns")
        metadata.resourceVersion = "7"
        return Lease(metadata: metadata, spec: spec)
    }

    @Test func `makes a lease that is not there`() {
        var state = state()
        guard case .create(let spec) = state.decide(nil, now: .zero, date: date) else {
            return #expect(Bool(false), "it should have been made")
        }
        #expect(spec.holderIdentity == "me")
        #expect(spec.leaseDurationSeconds == 15)
        #expect(spec.acquireTime == MicroTime(date))
        #expect(spec.leaseTransitions == 0)
    }

    @Test func `waits for the whole duration from when it first saw the record, whatever date stands in it`() {
        var state = state()
        // Renewed an hour in the future, or long ago: the holder's clock is not ours.
        for renewed in [date.seconds + 3600, 5] {
            let held = lease(holder: "other", renewed: renewed)
            #expect(state.decide(held, now: .seconds(100), date: date) == .wait(holder: "other"))
            #expect(state.decide(held, now: .seconds(114), date: date) == .wait(holder: "other"))
            guard case .write(let spec, over: held) = state.decide(held, now: .seconds(115), date: date) else {
                #expect(Bool(false), "it has expired")
                continue
            }
            #expect(spec.holderIdentity == "me")
            #expect(spec.leaseTransitions == 4)
            #expect(spec.acquireTime == MicroTime(date))
        }
    }

    @Test func `a renewal that is seen begins the duration anew`() {
        var state = state()
        _ = state.decide(lease(holder: "other", renewed: 1), now: .seconds(0), date: date)
        let renewed = lease(holder: "other", renewed: 2)
        #expect(state.decide(renewed, now: .seconds(14), date: date) == .wait(holder: "other"))
        #expect(state.decide(renewed, now: .seconds(28), date: date) == .wait(holder: "other"))
        #expect(state.decide(renewed, now: .seconds(29), date: date) != .wait(holder: "other"))
    }

    @Test func `takes a released lease at once`() {
        var state = state()
        let released = lease(holder: "", seconds: 1)
        guard case .write(let spec, _) = state.decide(released, now: .zero, date: date) else {
            return #expect(Bool(false), "nobody has it")
        }
        #expect(spec.leaseTransitions == 4)
    }

    @Test func `renews its own lease without counting a transition`() {
        var state = state()
        guard case .write(let spec, _) = state.decide(lease(holder: "me"), now: .zero, date: date) else {
            return #expect(Bool(false), "it is ours")
        }
        #expect(spec.leaseTransitions == 3)
        #expect(spec.acquireTime == MicroTime(Time(seconds: 1)))
        #expect(spec.renewTime == MicroTime(date))
    }
}
