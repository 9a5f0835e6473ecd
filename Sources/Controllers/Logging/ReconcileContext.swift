public import Logging

/// Which reconcile the current task belongs to.
///
/// Every record that is logged in its course carries it, also from parts that know nothing of controllers.
public struct ReconcileContext: Sendable {
    /// Names one reconcile.
    public var id: String
    /// The controller's name.
    public var controller: String
    /// What is reconciled, as text.
    public var key: String

    /// The reconcile of the current task; nil outside of any.
    @TaskLocal public static var current: ReconcileContext?

    /// A reconcile with an id of its own.
    public init(controller: String, key: String) {
        // Random 64 bits tell apart what stands in one log; a longer id would only make the lines longer.
        let number = String(UInt64.random(in: .min ... .max), radix: 16)
        id = String(repeating: "0", count: 16 - number.count) + number
        self.controller = controller
        self.key = key
    }
}

extension Logger.MetadataProvider {
    /// The reconcile of the current task: `reconcileID`, `controller` and `object`.
    public static var reconcile: Logger.MetadataProvider {
        Logger.MetadataProvider {
            guard let current = ReconcileContext.current else { return [:] }
            return [
                "reconcileID": .string(current.id),
                "controller": .string(current.controller),
                "object": .string(current.key),
            ]
        }
    }
}
