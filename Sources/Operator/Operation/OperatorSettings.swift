import Glibc
import KubernetesModel
import Logging
import Synchronization
import XDB

/// What holds for all groups, from the ConfigMap `xdb-operator` in the operator's namespace; it may change at any time.
final class OperatorSettings: Sendable {
    /// The ConfigMap's name.
    static let name = "xdb-operator"

    private let mode = Mutex(XDBGroup.FailoverMode.automatic)
    private let rebuilds = Mutex(2)
    private let transfer = Mutex<UInt64?>(nil)
    private let crashPoint = Mutex<CrashPoint?>(nil)
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// `manual` stops automatic failovers of all groups.
    var failoverMode: XDBGroup.FailoverMode { mode.withLock { $0 } }

    /// How many rebuilds may be under way at once in all groups.
    var rebuildLimit: Int { rebuilds.withLock { $0 } }

    /// How many bytes all copies of all groups together may send in a second; nil for no limit.
    var transferBudget: UInt64? { transfer.withLock { $0 } }

    /// Takes over what the ConfigMap says; nil when there is none.
    ///
    /// True when something has changed.
    ///
    /// A word that is none of the known ones changes nothing, and is complained about.
    ///
    /// - Parameter isInitial: True for what was there when this process began. A point to crash after is taken only when
    ///   it is set later: the process that is started after the crash goes on.
    func take(_ data: [String: String]?, isInitial: Bool) -> Bool {
        crashPoint.withLock { $0 = isInitial ? nil : data?["crashAfter"].flatMap(CrashPoint.init) }
        let hasNewLimit = takeRebuildLimit(data?["rebuildLimit"])
        let hasNewBudget = takeTransferBudget(data?["transferBytesPerSecond"])
        return takeFailover(data?["failover"]) || hasNewLimit || hasNewBudget
    }

    private func takeRebuildLimit(_ value: String?) -> Bool {
        let text = value ?? "2"
        guard let new = Int(text), new >= 0 else {
            complain("rebuildLimit", text, "a number that is not negative")
            return false
        }
        let old = rebuilds.withLock { rebuilds in
            defer { rebuilds = new }
            return rebuilds
        }
        if old != new { logger.notice("rebuilds at once in all groups", metadata: ["limit": "\(new)"]) }
        return old != new
    }

    private func takeTransferBudget(_ value: String?) -> Bool {
        let text = value ?? "0"
        guard let quantity = Quantity(text), let amount = quantity.value, amount >= 0 else {
            complain("transferBytesPerSecond", text, "an amount that is not negative, for example 200Mi")
            return false
        }
        let new = quantity.limit
        let old = transfer.withLock { transfer in
            defer { transfer = new }
            return transfer
        }
        if old != new {
            logger.notice(
                "bytes per second for all copies",
                metadata: ["limit": "\(new.map(String.init) ?? "none")"]
            )
        }
        return old != new
    }

    private func takeFailover(_ value: String?) -> Bool {
        let text = value ?? XDBGroup.FailoverMode.automatic.rawValue
        guard let new = XDBGroup.FailoverMode(rawValue: text) else {
            let words = XDBGroup.FailoverMode.allCases.map(\.rawValue).joined(separator: " or ")
            complain("failover", text, words)
            return false
        }
        let old = mode.withLock { mode in
            defer { mode = new }
            return mode
        }
        if old != new { logger.notice("failover of all groups", metadata: ["mode": "\(new.rawValue)"]) }
        return old != new
    }

    private func complain(_ key: String, _ value: String, _ wanted: String) {
        logger.error(
            "the setting is not taken over",
            metadata: ["configmap": "\(Self.name)", "key": "\(key)", "value": "\(value)", "wanted": "\(wanted)"]
        )
    }

    /// Ends the process at once when it was told to end at this point.
    func passed(_ point: CrashPoint?) {
        guard let point, crashPoint.withLock({ $0 }) == point else { return }
        logger.critical("ending, as the settings ask for", metadata: ["crashAfter": "\(point.rawValue)"])
        // Without any goodbye; a signal to itself would not end the first process of a container.
        _exit(137)
    }
}
