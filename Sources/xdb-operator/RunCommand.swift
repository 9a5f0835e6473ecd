public import ArgumentParser
public import Controllers
import FoundationEssentials
import Kubernetes
public import Logging
import Operator

/// Runs the operator.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the operator, in a pod or with a kubeconfig.",
        discussion: """
            In a pod the service account's token is used. Elsewhere the kubeconfig files of KUBECONFIG, or \
            ~/.kube/config.
            """
    )

    @Option(help: "Look after the groups of this namespace only.")
    var namespace: String?

    @Option(help: "A kubeconfig file, instead of those of KUBECONFIG or the pod's service account.")
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig; its current one when this is not given.")
    var context: String?

    @Option(help: "The port for /livez, /readyz and /metrics; 0 for none.")
    var metricsPort = 8080

    @Flag(inversion: .prefixedNo, help: "Work only while holding the lease, so that several operators can run.")
    var leaderElection = true

    @Option(help: "The namespace of the lease; by default that of this pod.")
    var leaseNamespace: String?

    @Option(help: "The priority class of members' pods.")
    var priorityClass: String?

    @Option(
        help: ArgumentHelp(
            "The namespace for the pods that remove directories from hosts; by default that of their group.",
            discussion: "A namespace can be deleted as a whole only when its groups are cleaned up from another one."
        )
    )
    var cleanupNamespace: String?

    @Option(help: "How many groups are worked on at the same time.")
    var workers = 4

    @Option(help: "json or text.")
    var logFormat = LogFormat.json

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    func validate() throws {
        guard (0...65535).contains(metricsPort) else { throw ValidationError("--metrics-port must be 0 to 65535") }
        guard namespace == nil || cleanupNamespace == nil || namespace == cleanupNamespace else {
            throw ValidationError("--cleanup-namespace needs an operator of all namespaces: leave out --namespace")
        }
        guard workers > 0 else { throw ValidationError("--workers must be 1 or more") }
    }

    func run() async throws {
        logFormat.bootstrap(level: logLevel)
        let logger = Logger(label: "xdb-operator")
        let environment = ProcessInfo.processInfo.environment
        let cluster = try Configuration.load(file: kubeconfig, context: context)
        logger.notice(
            "starting",
            metadata: ["version": "\(XDBOperator.version)", "server": "\(cluster.server)", "from": "\(cluster.origin)"]
        )
        let identity = environment["POD_NAME"] ?? "\(ProcessInfo.processInfo.hostName)-\(UUID().uuidString.prefix(8))"
        let leaseNamespace = leaseNamespace ?? environment["POD_NAMESPACE"] ?? cluster.namespace
        let program = OperatorProgram(
            configuration: cluster,
            options: OperatorProgram.Options(
                namespace: namespace,
                lease: leaderElection
                    ? OperatorProgram.ObjectKeyPair(namespace: leaseNamespace, name: "xdb-operator") : nil,
                settingsNamespace: leaseNamespace,
                identity: identity,
                probePort: metricsPort == 0 ? nil : metricsPort,
                priorityClass: priorityClass,
                cleanupNamespace: cleanupNamespace,
                workers: workers
            ),
            logger: logger
        )
        do {
            try await program.run()
        } catch let lost as LeaseLost {
            // Another operator may work by now: nothing more is done, not even an orderly end.
            logger.critical("\(lost)")
            throw ExitCode(1)
        }
        logger.notice("stopped")
    }
}

extension LogFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
