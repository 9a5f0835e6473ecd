import Testing

@testable import Controllers

@Suite struct ReflectorStateTests {
    private func state(streaming: Bool = false) -> ReflectorState {
        ReflectorState(offersStreamingLists: streaming)
    }

    @Test func `a list, then watches that go on from it`() {
        var state = state()
        #expect(state.step == .list)
        #expect(state.ended(.listed, hasList: true, chance: 0) == .zero)
        #expect(state.step == .watch)
        #expect(state.ended(.watchEnded(sawAnything: true), hasList: true, chance: 0) == .zero)
        #expect(state.step == .watch)
    }

    @Test func `an expired version is followed by a list at once, and by a pause when that happens again`() {
        var state = state()
        _ = state.ended(.listed, hasList: true, chance: 0)
        #expect(state.ended(.expired, hasList: true, chance: 0) == .zero)
        #expect(state.step == .list)
        _ = state.ended(.listed, hasList: true, chance: 0)
        #expect(state.ended(.expired, hasList: true, chance: 0) > .zero)
    }

    @Test func `failures are tried again from the same version, after pauses that double up to the limit`() {
        var state = state()
        _ = state.ended(.listed, hasList: true, chance: 0)
        var pauses: [Double] = []
        for _ in 0..<8 {
            pauses.append(state.ended(.failed, hasList: true, chance: 0).inSeconds)
            #expect(state.step == .watch)
        }
        for (pause, expected) in zip(pauses, [0.8, 1.6, 3.2, 5, 5, 5, 5, 5]) {
            #expect(abs(pause - expected) < 1e-9)
        }
        state.progressed()
        #expect(abs(state.ended(.failed, hasList: true, chance: 0).inSeconds - 0.8) < 1e-9)
    }

    @Test func `a list that failed is a list again`() {
        var state = state()
        #expect(state.ended(.failed, hasList: false, chance: 0) > .zero)
        #expect(state.step == .list)
    }

    @Test func `watches that end empty at once are no busy loop`() {
        var state = state()
        _ = state.ended(.listed, hasList: true, chance: 0)
        #expect(state.ended(.watchEnded(sawAnything: false), hasList: true, chance: 0) > .zero)
    }

    @Test func `silence ends a watch and is no failure: the next goes on at once`() {
        var state = state()
        _ = state.ended(.listed, hasList: true, chance: 0)
        for _ in 0..<3 {
            #expect(state.ended(.watchSilent, hasList: true, chance: 0) == .zero)
            #expect(state.step == .watch)
        }
        #expect(state.failures == 0)
    }

    @Test func `a server that refuses streaming lists is asked for pages from then on`() {
        var state = state(streaming: true)
        #expect(state.step == .streamingList)
        #expect(state.ended(.streamingListRefused, hasList: false, chance: 0) == .zero)
        #expect(state.step == .list)
        _ = state.ended(.listed, hasList: true, chance: 0)
        _ = state.ended(.expired, hasList: true, chance: 0)
        #expect(state.step == .list)
    }
}
