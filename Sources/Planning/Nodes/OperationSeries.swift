import KubernetesModel
import XDB

/// Operations on a group that are made for one purpose, each after the one before it has failed.
///
/// Their names say whose they are and which in the series, so that none is made twice, whoever makes them.
struct OperationSeries {
    private let namespace: String
    private let prefix: String

    /// How long the first refusal is waited for; twice as long after each further one.
    private static let firstPause = Duration.seconds(3)
    private static let longestPause = Duration.seconds(60)

    /// The series for a member, in the course of an operation.
    ///
    /// - Parameter verb: What the member is to do.
    init(_ member: ObjectKey, _ verb: String, _ work: NodeWork) {
        namespace = member.namespace
        prefix = "\(member.name)-\(verb)-\(Digest.text(of: work.observation.operation.metadata.uid))-"
    }

    /// Those that have been made, the last one last.
    func past(_ observation: NodeWorkObservation) -> [XDBOperation] {
        func number(_ operation: XDBOperation) -> Int { Int(operation.metadata.name.dropFirst(prefix.count)) ?? 0 }
        return observation.operations
            .filter { $0.metadata.namespace == namespace && $0.metadata.name.hasPrefix(prefix) }
            .sorted { number($0) < number($1) }
    }

    /// What the next one is called, after so many.
    func next(after count: Int) -> ObjectKey { ObjectKey(namespace: namespace, name: "\(prefix)\(count + 1)") }

    /// For how long after the last one has ended the next is not made yet; nil when its time has come.
    static func pause(after past: [XDBOperation], now: Time) -> Duration? {
        guard let end = past.last?.status.completionTime else { return nil }
        let pause = min(firstPause * (1 << min(past.count - 1, 10)), longestPause)
        return now.since(end) < pause ? pause : nil
    }
}
