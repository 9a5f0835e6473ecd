import Testing

@testable import Controllers

@Suite struct WorkQueueStateTests {
    typealias State = WorkQueueState<String>

    private func state(workers: Int = 1) -> State { State(workers: workers, backoff: .key) }

    private func started(_ actions: State.Actions) -> [String] { actions.start.map(\.key) }

    @Test func `a key that is added twice is worked on once`() {
        var state = state()
        state.add("a", priority: .high, now: .zero)
        state.add("a", priority: .high, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["a"])
        state.finish("a", .done, chance: 0, now: .seconds(1))
        #expect(state.advance(now: .seconds(1)) == State.Actions())
    }

    @Test func `what is added during the work is worked on afterwards, by one worker`() {
        var state = state(workers: 5)
        state.add("a", priority: .high, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["a"])
        state.add("a", priority: .high, now: .zero)
        state.add("a", priority: .low, now: .zero)
        #expect(started(state.advance(now: .zero)) == [])
        state.finish("a", .done, chance: 0, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["a"])
        state.finish("a", .done, chance: 0, now: .zero)
        #expect(started(state.advance(now: .zero)) == [])
    }

    @Test func `no more keys are worked on than there are workers`() {
        var state = state(workers: 2)
        for key in ["a", "b", "c"] { state.add(key, priority: .high, now: .zero) }
        #expect(started(state.advance(now: .zero)) == ["a", "b"])
        state.finish("b", .done, chance: 0, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["c"])
    }

    @Test func `high goes before low, and low has its turn`() {
        var state = state()
        for number in 0..<10 { state.add("low\(number)", priority: .low, now: .zero) }
        for number in 0..<10 { state.add("high\(number)", priority: .high, now: .zero) }
        var order: [String] = []
        while let key = state.advance(now: .zero).start.first?.key {
            order.append(key)
            state.finish(key, .done, chance: 0, now: .zero)
        }
        #expect(Array(order.prefix(6)) == ["high0", "high1", "high2", "high3", "low0", "high4"])
        #expect(order.count == 20)
    }

    @Test func `a low key becomes high when it changes, and is still worked on once`() {
        var state = state()
        state.add("x", priority: .low, now: .zero)
        state.add("a", priority: .low, now: .zero)
        state.add("a", priority: .high, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["a"])
        state.finish("a", .done, chance: 0, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["x"])
        state.finish("x", .done, chance: 0, now: .zero)
        #expect(started(state.advance(now: .zero)) == [])
    }

    @Test func `the earliest of several moments counts`() {
        var state = state()
        state.add("a", priority: .high, after: .seconds(10), now: .zero)
        state.add("a", priority: .high, after: .seconds(5), now: .zero)
        state.add("a", priority: .high, after: .seconds(20), now: .zero)
        #expect(state.advance(now: .zero).wake == .seconds(5))
        #expect(started(state.advance(now: .seconds(5))) == ["a"])
        state.finish("a", .done, chance: 0, now: .seconds(6))
        #expect(state.advance(now: .seconds(30)) == State.Actions())
    }

    @Test func `an addition at once takes the place of a later moment`() {
        var state = state()
        state.add("a", priority: .high, after: .seconds(10), now: .zero)
        state.add("a", priority: .high, now: .seconds(1))
        #expect(started(state.advance(now: .seconds(1))) == ["a"])
        state.finish("a", .done, chance: 0, now: .seconds(2))
        #expect(state.advance(now: .seconds(10)) == State.Actions())
    }

    @Test func `failures make the pauses longer until the work succeeds`() {
        var state = state()
        var now = Duration.zero
        state.add("a", priority: .high, now: now)
        for expected in [5, 10, 20, 40] {
            #expect(started(state.advance(now: now)) == ["a"])
            state.finish("a", .failed, chance: 0, now: now)
            let wake = state.advance(now: now).wake
            #expect(wake.map { abs(($0 - now).inSeconds - Double(expected) / 1000) < 1e-9 } == true)
            now = wake ?? now
        }
        #expect(started(state.advance(now: now)) == ["a"])
        state.finish("a", .again(after: .seconds(60)), chance: 0, now: now)
        #expect(state.failureCount("a") == 0)
        #expect(state.advance(now: now).wake == now + .seconds(60))
    }

    @Test func `how long a key was ready is measured from its moment`() {
        var state = state()
        state.add("a", priority: .high, after: .seconds(5), now: .zero)
        #expect(state.advance(now: .seconds(7)).start.first?.waited == .seconds(2))
    }

    @Test func `a shutdown lets the work end and begins no other`() {
        var state = state()
        state.add("a", priority: .high, now: .zero)
        state.add("b", priority: .high, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["a"])
        state.add("a", priority: .high, now: .zero)
        state.shutDown(.finishCurrent)
        state.add("c", priority: .high, now: .zero)
        #expect(state.advance(now: .zero) == State.Actions())
        state.finish("a", .failed, chance: 0, now: .zero)
        #expect(state.advance(now: .zero) == State.Actions(finished: true))
    }

    @Test func `a drain works on what is ready, and not on what waits`() {
        var state = state()
        state.add("a", priority: .high, now: .zero)
        state.add("b", priority: .low, now: .zero)
        state.add("later", priority: .high, after: .seconds(1), now: .zero)
        #expect(started(state.advance(now: .zero)) == ["a"])
        state.shutDown(.drain)
        state.finish("a", .failed, chance: 0, now: .zero)
        #expect(started(state.advance(now: .zero)) == ["b"])
        state.finish("b", .done, chance: 0, now: .zero)
        #expect(state.advance(now: .zero) == State.Actions(finished: true))
    }

    /// Whatever happens in whatever order: no key has two workers, no more workers than allowed, nothing is worked on
    /// before its moment, and every wish is followed by work that begins after it.
    @Test(arguments: 0..<200)
    func `holds its promises in any order of events`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let workers = Int.random(in: 1...4, using: &random)
        var state = WorkQueueState<Int>(workers: workers, backoff: Backoff(initial: .seconds(1), maximum: .seconds(8)))
        var now = Duration.zero
        var working: Set<Int> = []
        /// For each key, the moment of the earliest wish that no work has begun after.
        var owed: [Int: Duration] = [:]
        var starts = 0

        func advance() {
            let actions = state.advance(now: now)
            for start in actions.start {
                #expect(!working.contains(start.key))
                #expect(start.waited >= .zero)
                working.insert(start.key)
                if let due = owed[start.key] {
                    #expect(due <= now, "began before its moment")
                } else {
                    Issue.record("began without a wish")
                }
                owed[start.key] = nil
                starts += 1
            }
            #expect(working.count <= workers)
            #expect(state.workingCount == working.count)
            if let wake = actions.wake { #expect(wake > now) }
        }

        func finish(_ key: Int) {
            working.remove(key)
            let outcome: WorkOutcome =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: .failed
                case 1: .again(after: .seconds(Int.random(in: 0...5, using: &random)))
                default: .done
                }
            switch outcome {
            case .again(let pause): owed[key] = min(owed[key] ?? .seconds(1 << 30), now + pause)
            case .failed:
                let pause = Backoff(initial: .seconds(1), maximum: .seconds(8)).pause(
                    failures: state.failureCount(key) + 1,
                    chance: 0.5
                )
                owed[key] = min(owed[key] ?? .seconds(1 << 30), now + pause)
            case .done: break
            }
            state.finish(key, outcome, chance: 0.5, now: now)
        }

        for _ in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let key = Int.random(in: 0..<8, using: &random)
                let pause = Duration.seconds(Bool.random(using: &random) ? 0 : Int.random(in: 1...6, using: &random))
                state.add(key, priority: Bool.random(using: &random) ? .high : .low, after: pause, now: now)
                owed[key] = min(owed[key] ?? .seconds(1 << 30), now + pause)
            case 5..<8:
                if let key = working.sorted().randomElement(using: &random) { finish(key) }
            default:
                now += .milliseconds(Int.random(in: 0...2000, using: &random))
            }
            advance()
        }
        // With time and workers, every wish is fulfilled. Failures make new wishes: the rest of the work succeeds.
        var rounds = 0
        while !owed.isEmpty || !working.isEmpty, rounds < 10_000 {
            rounds += 1
            for key in working {
                working.remove(key)
                state.finish(key, .done, chance: 0, now: now)
            }
            now += .seconds(1)
            advance()
        }
        #expect(owed.isEmpty)
        #expect(state.depth(.high) + state.depth(.low) == 0)
        #expect(starts > 0)
    }

    @Test func `thousands of delayed keys come in the order of their moments`() {
        var random = SeededGenerator(seed: 7)
        var state = WorkQueueState<Int>(workers: 1, backoff: .key)
        for key in 0..<5000 {
            state.add(
                key,
                priority: .high,
                after: .milliseconds(Int.random(in: 1...100_000, using: &random)),
                now: .zero
            )
        }
        var now = Duration.zero
        var seen = 0
        while true {
            let actions = state.advance(now: now)
            for start in actions.start {
                #expect(start.waited >= .zero)
                state.finish(start.key, .done, chance: 0, now: now)
                seen += 1
            }
            if actions.start.isEmpty {
                guard let wake = actions.wake else { break }
                #expect(wake > now)
                now = wake
            }
        }
        #expect(seen == 5000)
    }
}
