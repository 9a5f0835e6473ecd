import Testing

@testable import Controllers

@Suite struct BackoffTests {
    @Test(arguments: [
        (1, 0.005), (2, 0.010), (3, 0.020), (10, 2.56), (18, 655.36), (19, 1000), (64, 1000), (100_000, 1000),
    ])
    func `doubles up to the maximum`(failures: Int, seconds: Double) {
        let pause = Backoff.key.pause(failures: failures, chance: 0).inSeconds
        #expect(abs(pause - seconds) < seconds * 1e-9)
    }

    @Test(arguments: 1...40)
    func `chance takes away at most the jitter`(failures: Int) {
        let whole = Backoff.key.pause(failures: failures, chance: 0)
        let least = Backoff.key.pause(failures: failures, chance: 1)
        #expect(least < whole)
        #expect(least.inSeconds >= whole.inSeconds * 0.8 - 1e-9)
    }
}
