import KubernetesModel
import XDB

/// For how long nothing has come of the present step of a rebuild.
///
/// What was seen when the step came nearer to its end last is recorded (`status.rebuild.progress`), so that another
/// operator goes on counting. Work that is slow goes on as long as it moves.
enum RebuildWatch {
    /// For how long nothing may come of a step.
    static let patience = Duration.seconds(900)
    /// What a rebuild that is given up for that is known by.
    static let failure = "NoProgress"
    /// How often progress is noted at most.
    static let interval = Duration.seconds(60)

    /// Notes what is seen of the step when that is more than was seen before.
    ///
    /// - Parameters:
    ///   - seen: What there is to see; what is nil says nothing. The time and the attempt are filled in.
    ///   - counts: False while it cannot get further, through no fault of its own.
    /// - Returns: how long ago it came nearer to its end last.
    static func standstill(
        _ seen: XDBGroup.RebuildProgress,
        counts: Bool = true,
        _ draft: inout Draft
    ) -> Duration {
        guard let rebuild = draft.status.rebuild else { return .zero }
        guard var known = rebuild.progress, let since = known.since, known.attempt == rebuild.attempt,
            known.begun == seen.begun
        else {
            note(seen, of: rebuild, &draft)
            return .zero
        }
        let age = draft.observation.now.since(since)
        guard counts, !isMore(seen, than: known) else {
            if age >= interval { note(seen, of: rebuild, &draft) }
            return .zero
        }
        if known.trouble == nil, seen.trouble != nil {
            known.trouble = seen.trouble
            draft.status.rebuild?.progress = known
        }
        return age
    }

    private static func note(
        _ seen: XDBGroup.RebuildProgress,
        of rebuild: XDBGroup.RebuildStatus,
        _ draft: inout Draft
    ) {
        var progress = seen
        // What is not seen now may be as it was.
        let known = rebuild.progress.flatMap { $0.attempt == rebuild.attempt && $0.begun == seen.begun ? $0 : nil }
        progress.bytes = seen.bytes ?? known?.bytes
        progress.position = seen.position ?? known?.position
        progress.applied = seen.applied ?? known?.applied
        progress.attempt = rebuild.attempt
        progress.since = draft.observation.now.wholeSeconds
        draft.status.rebuild?.progress = progress
    }

    /// A copy that is begun again has fewer bytes than before, and is under way.
    private static func isMore(_ seen: XDBGroup.RebuildProgress, than known: XDBGroup.RebuildProgress) -> Bool {
        func differs<Value: Equatable>(_ value: Value?, _ other: Value?) -> Bool { value.map { $0 != other } ?? false }
        return differs(seen.bytes, known.bytes) || differs(seen.position, known.position)
            || differs(seen.applied, known.applied)
    }

    /// A duration for people, in whole seconds.
    static func words(_ duration: Duration) -> String { "\(duration.components.seconds) s" }
}
