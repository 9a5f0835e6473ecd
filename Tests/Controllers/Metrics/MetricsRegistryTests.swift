import Testing

@testable import Controllers

@Suite struct MetricsRegistryTests {
    @Test func `writes Prometheus' text format`() {
        let registry = MetricsRegistry()
        let requests = registry.counter("requests_total", help: "All\nof them.", labels: ["code", "verb"])
        requests.increment("200", "GET")
        requests.increment("200", "GET", by: 2)
        requests.increment("5\"\\\n", "PUT")
        registry.gauge("depth", help: "Now.").set(-1.5)
        let seconds = registry.histogram("seconds", help: "How long.", buckets: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { seconds.observe(value) }
        #expect(
            registry.exposition() == """
                # HELP depth Now.
                # TYPE depth gauge
                depth -1.5
                # HELP requests_total All\\nof them.
                # TYPE requests_total counter
                requests_total{code="200",verb="GET"} 3
                requests_total{code="5\\"\\\\\\n",verb="PUT"} 1
                # HELP seconds How long.
                # TYPE seconds histogram
                seconds_bucket{le="0.1"} 2
                seconds_bucket{le="1"} 3
                seconds_bucket{le="+Inf"} 4
                seconds_sum 7.65
                seconds_count 4

                """
        )
    }

    @Test func `a label with too many values does not take the memory`() {
        let registry = MetricsRegistry()
        let counter = registry.counter("mistake_total", help: "By object.", labels: ["name"])
        for number in 0..<10_000 { counter.increment("object-\(number)") }
        #expect(registry.exposition().split(separator: "\n").count == MetricsRegistry.seriesLimit + 3)
        #expect(counter.value("other") == Double(10_000 - MetricsRegistry.seriesLimit))
    }

    @Test func `gauges that are read when they are asked for`() {
        let registry = MetricsRegistry()
        let gauge = registry.gauge("asked", help: "How often.")
        registry.beforeExposition { gauge.add(1) }
        _ = registry.exposition()
        #expect(registry.exposition().contains("asked 2\n"))
    }
}
