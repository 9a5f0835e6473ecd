import KubernetesModel
import Planning
package import XDB

/// How a group is in one word, the worst that holds.
package enum GroupVerdict: Hashable, Sendable {
    /// It takes writes, and every member plays its part.
    case whole
    /// It takes writes, and not every member plays its part.
    case lacking
    /// A write would not succeed.
    case notWritable
    /// Nobody knows.
    case unknown

    package init(_ group: XDBGroup) {
        func status(_ type: ConditionType) -> Condition.Status {
            group.status.conditions[type.rawValue]?.status ?? .unknown
        }
        switch status(.writable) {
        case .unknown: self = .unknown
        case .false: self = .notWritable
        case .true: self = status(.fullyRedundant) == .true ? .whole : .lacking
        }
    }

    /// What `status --exit-code` ends with.
    package var outcome: Outcome {
        switch self {
        case .whole: .done
        case .lacking: .lacking
        case .notWritable: .notWritable
        case .unknown: .unknownState
        }
    }

    var tone: Tone {
        switch self {
        case .whole: .good
        case .lacking: .warning
        case .notWritable, .unknown: .bad
        }
    }
}

/// What the plugin's processes end with.
package enum Outcome: Int32, CaseIterable, Sendable {
    /// It was done; what was waited for succeeded.
    case done = 0
    /// It was refused, has failed, or ended otherwise than was asked for.
    case failed = 1
    /// There is no such group, member or operation, or the operator is not installed.
    case notFound = 2
    /// The user may not.
    case forbidden = 3
    /// The API server cannot be reached, or there is no way to it.
    case unreachable = 4
    /// It has not ended in the time that `--timeout` gives; it goes on.
    case notInTime = 5
    /// `status --exit-code`: writes succeed, and not every member plays its part.
    case lacking = 10
    /// `status --exit-code`: a write would not succeed.
    case notWritable = 11
    /// `status --exit-code`: the operator does not know, or has not looked yet.
    case unknownState = 12
    /// The arguments are wrong.
    case usage = 64
}
