/// The rules by which a cache follows the API server: no clock, no task, no connection.
///
/// A complete list first, then a watch that goes on from it, and after every end of the watch another that goes on
/// from the last version seen; only when the server no longer knows that version, the list again. Whatever fails is
/// tried again after a pause that grows with every failure in a row.
struct ReflectorState: Sendable {
    /// What to do next.
    enum Step: Equatable {
        /// Take a complete list, page by page.
        case list
        /// Take the list as the beginning of a watch.
        case streamingList
        /// Watch from the version up to which the cache has come.
        case watch
    }

    /// How a step ended.
    enum End: Equatable {
        /// A complete list is in. A streaming list does not end with it: it goes on as a watch.
        case listed
        /// The watch ended as the server's time-out wants it, or with the connection.
        case watchEnded(sawAnything: Bool)
        /// The watch was silent until its deadline, as it is where nothing happens and the server sends no bookmarks.
        case watchSilent
        /// The server no longer has the version, or says that it never had.
        case expired
        /// The server does not know streaming lists.
        case streamingListRefused
        /// Anything else.
        case failed
    }

    private(set) var step: Step
    private(set) var failures = 0
    private let backoff: Backoff
    private var offersStreamingLists: Bool

    init(backoff: Backoff = .connection, offersStreamingLists: Bool = false) {
        self.backoff = backoff
        self.offersStreamingLists = offersStreamingLists
        step = offersStreamingLists ? .streamingList : .list
    }

    /// Takes what the server offers, before the first step.
    mutating func offer(streamingLists: Bool) {
        failures = 0
        offersStreamingLists = streamingLists
        step = firstStep
    }

    /// The pause before the server is asked again what it offers.
    mutating func failedToStart(chance: Double) -> Duration { pause(chance) }

    /// Something came in order: what failed before is over.
    mutating func progressed() {
        failures = 0
    }

    /// Takes the end of the current step, and says how long to wait before the next.
    ///
    /// `hasList` tells whether the version to watch from is known: a streaming list may end before it was complete.
    mutating func ended(_ end: End, hasList: Bool, chance: Double) -> Duration {
        switch end {
        case .listed:
            step = .watch
            return .zero
        case .watchEnded(let sawAnything):
            step = hasList ? .watch : firstStep
            // A watch that ends at once and empty, again and again, must not become a busy loop.
            if sawAnything {
                failures = 0
                return .zero
            }
            return pause(chance)
        case .watchSilent:
            // The silence was the pause.
            step = hasList ? .watch : firstStep
            return .zero
        case .expired:
            // A list at once, for an expired version is an ordinary event; but not list after list without a pause.
            defer { step = firstStep }
            if step == .watch, failures == 0 {
                failures = 1
                return .zero
            }
            return pause(chance)
        case .streamingListRefused:
            offersStreamingLists = false
            step = .list
            return .zero
        case .failed:
            step = hasList ? .watch : firstStep
            return pause(chance)
        }
    }

    private var firstStep: Step { offersStreamingLists ? .streamingList : .list }

    private mutating func pause(_ chance: Double) -> Duration {
        failures += 1
        return backoff.pause(failures: failures, chance: chance)
    }
}
