import Synchronization

/// The numbers that a program shows of itself, and their text for Prometheus.
///
/// Label values come from small fixed sets: names of controllers, verbs, codes; never names of objects. So that a
/// mistake there costs a wrong figure and not the memory, a metric keeps at most `seriesLimit` series; what goes
/// beyond is counted under the value `other`.
public final class MetricsRegistry: Sendable {
    static let seriesLimit = 256

    private struct Contents {
        var families: [String: MetricFamily] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let contents = Mutex(Contents())

    /// An empty registry.
    public init() {}

    /// The counter of that name, made when it is not there yet.
    public func counter(_ name: String, help: String, labels: [String] = []) -> Counter {
        Counter(family: family(name, help: help, kind: .counter, labels: labels))
    }

    /// The gauge of that name, made when it is not there yet.
    public func gauge(_ name: String, help: String, labels: [String] = []) -> Gauge {
        Gauge(family: family(name, help: help, kind: .gauge, labels: labels))
    }

    /// The histogram of that name, made when it is not there yet.
    ///
    /// `buckets` are upper bounds in rising order.
    public func histogram(_ name: String, help: String, labels: [String] = [], buckets: [Double]) -> Histogram {
        Histogram(family: family(name, help: help, kind: .histogram(buckets), labels: labels))
    }

    /// Calls the function before every exposition: for gauges that are read from something when they are asked for.
    public func beforeExposition(_ collect: @escaping @Sendable () -> Void) {
        contents.withLock { $0.collectors.append(collect) }
    }

    /// Every metric in Prometheus' text format, in the order of the names.
    public func exposition() -> String {
        for collect in contents.withLock({ $0.collectors }) { collect() }
        let families = contents.withLock { $0.families.values.sorted { $0.name < $1.name } }
        var text = ""
        for family in families { family.write(to: &text) }
        return text
    }

    private func family(_ name: String, help: String, kind: MetricFamily.Kind, labels: [String]) -> MetricFamily {
        contents.withLock {
            if let family = $0.families[name] {
                precondition(
                    family.kind == kind && family.labels == labels,
                    "the metric \(name) is declared twice, differently"
                )
                return family
            }
            let family = MetricFamily(name: name, help: help, kind: kind, labels: labels)
            $0.families[name] = family
            return family
        }
    }
}

/// A number that only grows.
public struct Counter: Sendable {
    let family: MetricFamily

    /// Adds to the series with these label values, given in the order of the declaration.
    public func increment(_ labels: String..., by amount: Double = 1) {
        family.change(labels) { $0.value += amount }
    }

    /// Shows the series with its value 0 before the first event, so that a rate over it exists from the start.
    public func touch(_ labels: String...) {
        family.change(labels) { _ in }
    }

    /// Follows a count that is kept elsewhere.
    func reach(_ value: Double, _ labels: String...) {
        family.change(labels) { $0.value = max($0.value, value) }
    }

    /// The value of the series, 0 when it is not there.
    public func value(_ labels: String...) -> Double { family.read(labels)?.value ?? 0 }
}

/// A number that goes up and down.
public struct Gauge: Sendable {
    let family: MetricFamily

    /// Sets the series with these label values, given in the order of the declaration.
    public func set(_ value: Double, _ labels: String...) {
        family.change(labels) { $0.value = value }
    }

    /// Adds to the series.
    public func add(_ amount: Double, _ labels: String...) {
        family.change(labels) { $0.value += amount }
    }

    /// Takes the series away: what it spoke of is gone.
    public func remove(_ labels: String...) { family.remove(labels) }

    /// The value of the series, 0 when it is not there.
    public func value(_ labels: String...) -> Double { family.read(labels)?.value ?? 0 }
}

/// How often a quantity fell under each of some bounds.
public struct Histogram: Sendable {
    let family: MetricFamily

    /// Counts one value in the series with these label values, given in the order of the declaration.
    public func observe(_ value: Double, _ labels: String...) {
        family.change(labels) { $0.observe(value, bounds: family.bounds) }
    }

    /// How many values the series has counted.
    public func count(_ labels: String...) -> UInt64 { family.read(labels)?.count ?? 0 }

    /// `count` bounds from `start`, each `factor` times the one before.
    public static func exponentialBuckets(start: Double, factor: Double, count: Int) -> [Double] {
        var bounds: [Double] = []
        var bound = start
        for _ in 0..<count {
            bounds.append(bound)
            bound *= factor
        }
        return bounds
    }
}

/// One metric with all of its series.
final class MetricFamily: Sendable {
    enum Kind: Equatable, Sendable {
        case counter
        case gauge
        case histogram([Double])
    }

    struct Series: Sendable {
        var value = 0.0
        var count: UInt64 = 0
        var buckets: [UInt64] = []

        mutating func observe(_ observed: Double, bounds: [Double]) {
            if buckets.isEmpty { buckets = Array(repeating: 0, count: bounds.count) }
            // Each bucket is counted once here and summed up in the exposition, so that observing is cheap.
            if let index = bounds.firstIndex(where: { observed <= $0 }) { buckets[index] += 1 }
            count += 1
            value += observed
        }
    }

    let name: String
    let help: String
    let kind: Kind
    let labels: [String]
    private let series = Mutex<[[String]: Series]>([:])

    init(name: String, help: String, kind: Kind, labels: [String]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        if labels.isEmpty { series.withLock { $0[[]] = Series() } }
    }

    var bounds: [Double] {
        if case .histogram(let bounds) = kind { bounds } else { [] }
    }

    func change(_ values: [String], _ body: (inout Series) -> Void) {
        precondition(values.count == labels.count, "the metric \(name) has the labels \(labels)")
        series.withLock {
            let isFull = $0.count >= MetricsRegistry.seriesLimit && $0[values] == nil
            body(&$0[isFull ? labels.map { _ in "other" } : values, default: Series()])
        }
    }

    func read(_ values: [String]) -> Series? { series.withLock { $0[values] } }

    func remove(_ values: [String]) { series.withLock { $0[values] = nil } }

    func write(to text: inout String) {
        let all = series.withLock { Array($0) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        text += "# HELP \(name) \(Self.escape(help, quote: false))\n# TYPE \(name) \(typeName)\n"
        for (values, one) in all {
            guard case .histogram(let bounds) = kind else {
                text += "\(name)\(labelText(values)) \(Self.format(one.value))\n"
                continue
            }
            var sum: UInt64 = 0
            for (index, bound) in bounds.enumerated() {
                sum += index < one.buckets.count ? one.buckets[index] : 0
                text += "\(name)_bucket\(labelText(values, le: Self.format(bound))) \(sum)\n"
            }
            text += "\(name)_bucket\(labelText(values, le: "+Inf")) \(one.count)\n"
            text += "\(name)_sum\(labelText(values)) \(Self.format(one.value))\n"
            text += "\(name)_count\(labelText(values)) \(one.count)\n"
        }
    }

    private var typeName: String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private func labelText(_ values: [String], le bound: String? = nil) -> String {
        var pairs = zip(labels, values).map { "\($0)=\"\(Self.escape($1, quote: true))\"" }
        if let bound { pairs.append("le=\"\(bound)\"") }
        return pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
    }

    private static func escape(_ text: String, quote: Bool) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private static func format(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        // Whole numbers without a fraction, as Go prints them; beyond 2^53 the difference is lost anyway.
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
        return String(value)
    }
}
