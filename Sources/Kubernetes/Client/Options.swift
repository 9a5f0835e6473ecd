/// Which objects of a kind are meant.
public struct Selection: Hashable, Sendable {
    /// A label selector, for example `app=orders,role in (leader,follower)`; empty for all.
    public var labels: String
    /// A field selector, for example `spec.nodeName=host-1`; empty for all.
    public var fields: String

    /// Every object.
    public static let all = Selection()

    /// Those that both selectors select.
    public init(labels: String = "", fields: String = "") {
        self.labels = labels
        self.fields = fields
    }

    /// Those that have all of these labels.
    public init(labels: [String: String]) {
        self.init(labels: labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
    }
}

/// How a list is read.
public struct ListOptions: Hashable, Sendable {
    /// How fresh the list must be.
    public enum Freshness: Hashable, Sendable {
        /// From etcd, after everything that was written before.
        case latest
        /// Whatever the server has at hand, cheap for it.
        case any
        /// At least as fresh as this resource version.
        case notOlderThan(String)
    }

    /// Which objects.
    public var selection: Selection
    /// How new the answer must be.
    public var freshness: Freshness
    /// Objects on one page.
    public var pageSize: Int

    /// All of them, as they are now, in pages of 500.
    public init(_ selection: Selection = .all, freshness: Freshness = .latest, pageSize: Int = 500) {
        self.selection = selection
        self.freshness = freshness
        self.pageSize = pageSize
    }
}

/// How a watch is made.
public struct WatchOptions: Hashable, Sendable {
    /// Which objects.
    public var selection: Selection
    /// Where it goes on from; empty starts with an `added` for every object that there is.
    public var resourceVersion: String
    /// Asks for all objects first, then a bookmark with `isEndOfInitialEvents`: a list without the list's cost.
    ///
    /// Only servers where `Discovery.streamsLists` is true know it; others may ignore it, or refuse it as invalid.
    public var sendsInitialEvents: Bool
    /// When the server ends the watch.
    ///
    /// Reflectors choose it at random, so that not all come back at once.
    public var timeout: Duration
    /// The longest silence.
    ///
    /// Bookmarks come about once a minute; a silent connection is probed by TCP before that.
    public var idleTimeout: Duration

    /// From a resource version on, for five minutes.
    public init(
        _ selection: Selection = .all,
        resourceVersion: String = "",
        sendsInitialEvents: Bool = false,
        timeout: Duration = .seconds(300),
        idleTimeout: Duration = .seconds(120)
    ) {
        self.selection = selection
        self.resourceVersion = resourceVersion
        self.sendsInitialEvents = sendsInitialEvents
        self.timeout = timeout
        self.idleTimeout = idleTimeout
    }
}

/// How an object is written.
public struct WriteOptions: Hashable, Sendable {
    /// The server does everything but keep the result.
    public var isDryRun: Bool
    /// Takes fields over that another field manager owns; only server-side apply knows it.
    public var takesOver: Bool

    /// For good, and taking over what others own, as controllers do.
    public init(isDryRun: Bool = false, takesOver: Bool = true) {
        self.isDryRun = isDryRun
        self.takesOver = takesOver
    }
}

/// How an object is deleted.
public struct DeleteOptions: Hashable, Sendable {
    /// What becomes of the objects that this one owns.
    public enum Propagation: String, Hashable, Sendable {
        /// They are deleted afterwards.
        case background = "Background"
        /// They are deleted first.
        case foreground = "Foreground"
        /// They stay.
        case orphan = "Orphan"
    }

    /// What happens to the objects that it owns.
    public var propagation: Propagation
    /// Nil for what the object says; 0 deletes at once, without the kubelet's word.
    public var gracePeriodSeconds: Int?
    /// Only the object with this uid, and not one that was made anew under its name.
    public var uid: String?
    /// Only this version of the object.
    public var resourceVersion: String?
    /// The server checks and answers, and changes nothing.
    public var isDryRun: Bool

    /// In the background, with the object's own grace period.
    public init(
        propagation: Propagation = .background,
        gracePeriodSeconds: Int? = nil,
        uid: String? = nil,
        resourceVersion: String? = nil,
        isDryRun: Bool = false
    ) {
        self.propagation = propagation
        self.gracePeriodSeconds = gracePeriodSeconds
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.isDryRun = isDryRun
    }
}

/// Which lines of a container's log are wanted.
public struct LogOptions: Hashable, Sendable {
    /// Empty for the only container of the pod.
    public var container: String
    /// The last so many lines.
    public var tailLines: Int?
    /// Only what was written in the last so many seconds; nil for all.
    public var sinceSeconds: Int?
    /// The log of the container before its last restart.
    public var isPrevious: Bool

    /// All of it.
    public init(container: String = "", tailLines: Int? = nil, sinceSeconds: Int? = nil, isPrevious: Bool = false) {
        self.container = container
        self.tailLines = tailLines
        self.sinceSeconds = sinceSeconds
        self.isPrevious = isPrevious
    }
}
