import Kubernetes
import KubernetesModel
import Planning

/// What came of the actions of one plan on one object, the worst of it.
enum Trial: Hashable, Sendable {
    /// All was done.
    case done
    /// Something failed that may pass: nothing was found out.
    case failed
    /// The API server would refuse it again.
    case refused(String)

    /// - Parameter error: Why an action failed; nil when it was done.
    init(_ error: (any Error)?) {
        switch error {
        case nil: self = .done
        case let error as APIError where error.isRefusal: self = .refused(error.status.message)
        case _?: self = .failed
        }
    }

    /// The worse of two.
    func and(_ other: Trial) -> Trial {
        switch (self, other) {
        case (.refused, _), (.failed, .done), (.failed, .failed), (.done, .done): self
        case (_, .refused), (.done, .failed): other
        }
    }
}

/// What the API server has refused of a group's last plan.
struct Refusals: Hashable, Sendable {
    private var words: [ObjectName: String] = [:]

    /// For the next decision, in the order of the objects.
    var all: [ServerRefusal] {
        words.map { ServerRefusal($0.key, $0.value) }.sorted { $0.object.description < $1.object.description }
    }

    /// Takes over what came of a whole plan: what is not planned any more is not refused any more.
    ///
    /// True when something has changed.
    mutating func take(_ trials: [ObjectName: Trial]) -> Bool {
        let before = words
        words = trials.reduce(into: [:]) { words, trial in
            switch trial.value {
            case .done: break
            case .failed: words[trial.key] = before[trial.key]
            case .refused(let why): words[trial.key] = why
            }
        }
        return words != before
    }
}
