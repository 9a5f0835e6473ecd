import Testing

@testable import Controllers

@Suite struct RuntimeMetricsTests {
    @Test func `has the names that dashboards know`() {
        let metrics = RuntimeMetrics()
        metrics.request(code: "200", method: "GET", host: "10.0.0.1:443", seconds: 0.03)
        let text = metrics.registry.exposition()
        for name in [
            "workqueue_adds_total", "workqueue_depth", "workqueue_queue_duration_seconds",
            "workqueue_work_duration_seconds", "workqueue_retries_total", "workqueue_unfinished_work_seconds",
            "workqueue_longest_running_processor_seconds", "controller_runtime_reconcile_total",
            "controller_runtime_reconcile_errors_total", "controller_runtime_reconcile_time_seconds",
            "controller_runtime_active_workers", "controller_runtime_max_concurrent_reconciles",
            "rest_client_requests_total", "rest_client_request_duration_seconds", "leader_election_master_status",
            "process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds",
        ] {
            #expect(text.contains("# TYPE \(name) "), "\(name)")
        }
        #expect(text.contains("rest_client_requests_total{code=\"200\",method=\"GET\",host=\"10.0.0.1:443\"} 1\n"))
    }

    @Test func `knows what the process uses`() {
        let usage = ProcessUsage.current()
        #expect(usage.cpuSeconds > 0)
        #expect(usage.residentBytes > 1 << 20)
    }
}
