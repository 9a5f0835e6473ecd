import Foundation

/// The group, the servers it is compared with, and the client that loads them: all in one namespace.
struct WriteRig {
    /// What is measured.
    enum Subject: String, CaseIterable {
        case group
        case alone
        case semisync
    }

    static let workloads = ["oltp_insert", "oltp_write_only"]

    let engineImage: String
    let clientImage: String

    private let namespace = "xdb-bench"
    private let password = "bench"
    private let rows = 10_000

    /// What one run of sysbench said.
    struct Measurement {
        /// Transactions per second.
        var rate: Double
        /// The 99th percentile of a transaction's time, in milliseconds.
        var p99: Double
    }

    // MARK: - Set-up

    func build() throws {
        print("namespace \(namespace): a group, a lone server, a semi-synchronous pair, a client")
        remove()
        try kubectl(["create", "namespace", namespace], scoped: false)
        try kubectl(["apply", "-f", "-"], input: manifests)
        _ = try Command.poll("the group is writable", seconds: 600) {
            try kubectl([
                "get", "xdb", "bench", "-o", "jsonpath={.status.conditions[?(@.type==\"Writable\")].status}",
            ]) == "True" ? true : nil
        }
        for pod in ["alone", "primary", "replica", "client"] {
            try kubectl(["wait", "--for=condition=Ready", "pod/\(pod)", "--timeout=600s"])
        }
        try joinReplica()
        for pod in ["alone", "primary"] {
            try sql(
                pod,
                """
                CREATE DATABASE app; CREATE USER app IDENTIFIED BY '\(password)'; GRANT ALL ON app.* TO app;
                """
            )
        }
        for subject in Subject.allCases {
            try sysbench(subject, "oltp_write_only", ["prepare"])
        }
    }

    func remove() {
        // The group first: what removes its directories runs in its namespace, which must take new pods for that.
        _ = try? kubectl(["delete", "xdb", "--all", "--ignore-not-found", "--wait=true"])
        _ = try? kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait=true"], scoped: false)
    }

    private func joinReplica() throws {
        try sql(
            "primary",
            "CREATE USER replica IDENTIFIED BY '\(password)'; GRANT REPLICATION SLAVE ON *.* TO replica;"
        )
        let address = try podAddress("primary")
        try sql(
            "replica",
            """
            CHANGE MASTER TO master_host='\(address)', master_user='replica', master_password='\(password)', \
            master_use_gtid=slave_pos; START SLAVE;
            """
        )
        _ = try Command.poll("the replica is semi-synchronous") {
            try sql("primary", "SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'").contains("\t1") ? true : nil
        }
    }

    // MARK: - Measuring

    func measure(_ subject: Subject, workload: String, clients: Int, seconds: Int) throws -> Measurement {
        let report = try sysbench(
            subject,
            workload,
            ["--threads=\(clients)", "--time=\(seconds)", "--percentile=99", "run"]
        )
        guard let rate = number(in: report, after: "transactions:", opening: "("),
            let p99 = number(in: report, after: "99th percentile:", opening: nil)
        else { throw CommandFailure(command: "sysbench", status: 0, output: report) }
        return Measurement(rate: rate, p99: p99)
    }

    /// The first number of the line that begins with a title, after an opening character where there is one.
    private func number(in report: String, after title: String, opening: Character?) -> Double? {
        for line in report.split(separator: "\n") {
            let text = line.drop { $0 == " " }
            guard text.hasPrefix(title) else { continue }
            var rest = text.dropFirst(title.count)
            if let opening {
                guard let start = rest.firstIndex(of: opening) else { return nil }
                rest = rest[rest.index(after: start)...]
            }
            return Double(rest.drop { $0 == " " }.prefix { $0.isNumber || $0 == "." })
        }
        return nil
    }

    @discardableResult
    private func sysbench(_ subject: Subject, _ workload: String, _ arguments: [String]) throws -> String {
        try kubectl(
            [
                "exec", "client", "--", "sysbench", workload, "--db-driver=mysql",
                "--mysql-host=\(try address(of: subject))", "--mysql-user=app",
                "--mysql-password=\(try password(of: subject))", "--mysql-db=app",
                "--tables=2", "--table-size=\(rows)", "--mysql-ssl=off",
            ] + arguments
        )
    }

    private func address(of subject: Subject) throws -> String {
        switch subject {
        case .group: try kubectl(["get", "service", "bench-leader", "-o", "jsonpath={.spec.clusterIP}"])
        case .alone: try podAddress("alone")
        case .semisync: try podAddress("primary")
        }
    }

    private func password(of subject: Subject) throws -> String {
        guard subject == .group else { return password }
        let encoded = try kubectl(["get", "secret", "bench-app", "-o", "jsonpath={.data.password}"])
        return Data(base64Encoded: encoded).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    // MARK: - The cluster

    private func podAddress(_ pod: String) throws -> String {
        try kubectl(["get", "pod", pod, "-o", "jsonpath={.status.podIP}"])
    }

    @discardableResult
    private func sql(_ pod: String, _ statements: String) throws -> String {
        try kubectl(["exec", pod, "--", "mariadb", "--socket=/run/xdb/mysqld.sock", "-N", "-B", "-e", statements])
    }

    @discardableResult
    private func kubectl(_ arguments: [String], scoped: Bool = true, input: String? = nil) throws -> String {
        try Command.run(["kubectl"] + (scoped ? ["-n", namespace] : []) + arguments, input: input)
    }

    // MARK: - Manifests

    /// What all servers have in common; the agent sets the same for a member of a group.
    private static let durable = [
        "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1", "--binlog-format=ROW", "--log-bin=binlog",
        "--log-slave-updates=ON", "--gtid-strict-mode=ON", "--max-binlog-size=64M", "--innodb-buffer-pool-size=256M",
        "--slave-parallel-mode=optimistic", "--slave-parallel-threads=4", "--skip-name-resolve",
    ]

    private var manifests: String {
        [
            """
            apiVersion: xdb-operator.github.io/v1alpha1
            kind: XDBGroup
            metadata: {name: bench}
            spec:
              image: \(engineImage)
              members: {candidates: 2, loggers: 1}
              storage: {hostPath: {path: /var/lib/xdb}}
              configuration: {innodb_buffer_pool_size: 256M}
            """,
            server("alone", ["--server-id=1"]),
            server(
                "primary",
                [
                    "--server-id=1", "--rpl-semi-sync-master-enabled=ON",
                    "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
                    "--rpl-semi-sync-master-timeout=18446744073709551615", "--rpl-semi-sync-master-wait-no-slave=OFF",
                ]
            ),
            server("replica", ["--server-id=2", "--rpl-semi-sync-slave-enabled=ON", "--sync-relay-log=1"]),
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: client}
            spec:
              terminationGracePeriodSeconds: 0
              containers:
              - {name: client, image: "\(clientImage)", command: [sleep, infinity]}
            """,
        ].joined(separator: "\n---\n")
    }

    private func server(_ name: String, _ options: [String]) -> String {
        let line = (Self.durable + options).joined(separator: " ")
        return """
            apiVersion: v1
            kind: Pod
            metadata: {name: \(name), labels: {bench: server}}
            spec:
              terminationGracePeriodSeconds: 0
              affinity:
                podAntiAffinity:
                  requiredDuringSchedulingIgnoredDuringExecution:
                  - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {bench: server}}}
              containers:
              - name: engine
                image: "\(engineImage)"
                securityContext: {runAsUser: 999, runAsGroup: 999}
                command:
                - sh
                - -c
                - >-
                  mariadb-install-db --no-defaults --datadir=/data/db --auth-root-authentication-method=socket
                  --auth-root-socket-user=mysql --skip-test-db >/dev/null &&
                  exec mariadbd --no-defaults --datadir=/data/db --socket=/run/xdb/mysqld.sock \(line)
                readinessProbe: {exec: {command: [mariadb-admin, --socket=/run/xdb/mysqld.sock, ping]}, periodSeconds: 1}
                volumeMounts:
                - {name: data, mountPath: /data}
                - {name: run, mountPath: /run/xdb}
              securityContext: {fsGroup: 999}
              volumes:
              - {name: data, emptyDir: {}}
              - {name: run, emptyDir: {}}
            """
    }
}
