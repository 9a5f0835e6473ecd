import Testing

@testable import Controllers

@Suite struct WorkQueueTests {
    private struct Seen {
        var busy: Set<Int> = []
        var done: [Int: Int] = [:]
        var most = 0
    }

    @Test func `works on every key, never on one twice at a time, never on too many`() async throws {
        let queue = WorkQueue<Int>(name: "test", workers: 3)
        let seen = Shared(Seen())
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await queue.run { key in
                    seen.change {
                        #expect($0.busy.insert(key).inserted)
                        $0.most = max($0.most, $0.busy.count)
                    }
                    await Task.yield()
                    seen.change {
                        $0.busy.remove(key)
                        $0.done[key, default: 0] += 1
                    }
                    return .done
                }
            }
            tasks.addTask {
                for round in 0..<20 {
                    for key in 0..<50 { queue.add(key, priority: key % 2 == 0 ? .high : .low) }
                    if round % 5 == 0 { await Task.yield() }
                }
                queue.shutDown(drain: true)
            }
        }
        #expect(seen.value.busy.isEmpty)
        #expect(seen.value.done.count == 50)
        #expect(seen.value.most <= 3)
    }

    @Test func `wakes by the clock for delayed keys and for failures`() async throws {
        let clock = TestClock()
        let queue = WorkQueue<String>(name: "test", workers: 1, time: clock.timeSource)
        let attempts = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                await queue.run { _ in
                    attempts.change {
                        $0 += 1; return $0 < 3 ? .failed : .done
                    }
                }
            }
            queue.add("a", after: .seconds(100))
            try await eventually("the timer is armed") { clock.sleeperCount == 1 }
            #expect(attempts.value == 0)
            clock.advance(by: .seconds(100))
            for count in 1...2 {
                try await eventually("attempt \(count)") { attempts.value == count && clock.sleeperCount == 1 }
                clock.advance(by: .milliseconds(10))
            }
            try await eventually("the third attempt") { attempts.value == 3 }
            queue.shutDown()
        }
    }

    @Test func `a cancelled run cancels its workers and returns`() async throws {
        let queue = WorkQueue<String>(name: "test")
        let began = Latch()
        let task = Task {
            await queue.run { _ in
                began.open()
                try? await Task.sleep(for: .seconds(3600))
                return .done
            }
        }
        queue.add("a")
        try await began.wait()
        task.cancel()
        await task.value
    }

    @Test func `shows client-go's metrics`() async throws {
        let metrics = RuntimeMetrics()
        let queue = WorkQueue<String>(name: "groups", workers: 1, metrics: metrics)
        queue.add("a")
        queue.add("b", priority: .low)
        let text = metrics.registry.exposition()
        #expect(text.contains("workqueue_adds_total{name=\"groups\",controller=\"groups\"} 2\n"))
        #expect(text.contains("workqueue_depth{name=\"groups\",controller=\"groups\",priority=\"high\"} 1\n"))
        #expect(text.contains("workqueue_depth{name=\"groups\",controller=\"groups\",priority=\"low\"} 1\n"))
        queue.shutDown(drain: true)
        await queue.run { _ in .done }
        let after = metrics.registry.exposition()
        #expect(after.contains("workqueue_queue_duration_seconds_count{name=\"groups\",controller=\"groups\"} 2\n"))
        #expect(after.contains("workqueue_work_duration_seconds_count{name=\"groups\",controller=\"groups\"} 2\n"))
    }
}
