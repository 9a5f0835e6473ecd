public import KubernetesModel

/// What a controller does for one key, in four steps, of which only `decide` has an opinion.
///
/// `observe` gathers everything; `decide` is a pure function of it, so that tests fill it as a table and a dry run
/// calls the same one; `apply` carries the decision out and decides nothing; `status` is written once, at the end,
/// whether or not the plan could be carried out.
public protocol Reconciler: Sendable {
    associatedtype Key: Hashable & Sendable & CustomStringConvertible = ObjectKey
    associatedtype Snapshot: Sendable
    associatedtype Plan: Sendable

    /// Gathers what is known, out of caches where it can. Nil when the object is gone and nothing is left to do.
    func observe(_ key: Key) async throws -> Snapshot?

    /// What to do about it. Reads no clock and does no I/O.
    func decide(_ snapshot: Snapshot, now: Time) -> Plan

    /// Does it, and says when to look again. Every effect can be repeated: the same plan may come again.
    func apply(_ plan: Plan, to snapshot: Snapshot) async throws -> Followup

    /// Writes the status, with the error when the plan could not be carried out.
    func status(_ snapshot: Snapshot, _ plan: Plan, _ result: Result<Followup, any Error>) async throws
}

/// What comes after a reconcile that worked.
public enum Followup: Hashable, Sendable {
    /// Nothing until something changes.
    case done
    /// Another look after this time, if nothing changes before.
    case again(after: Duration)

    /// Both wishes in one: the earlier look.
    public func earlier(_ other: Followup) -> Followup {
        switch (self, other) {
        case (.done, let only), (let only, .done): only
        case (.again(let left), .again(let right)): .again(after: min(left, right))
        }
    }
}
