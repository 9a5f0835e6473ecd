import CMariaDB
import Glibc
public import Logging
import NIOCore
import NIOPosix
import ProcessMemory
public import ServiceLifecycle

/// The agent of one member: everything that `xdb-agent run` does.
///
/// It runs until it is told to end in order; then the server is ended in the way that the member's role allows. A
/// process that is killed leaves the server running, and the next one takes it over.
public struct MemberAgent: Service {
    private let configuration: AgentConfiguration
    private let version: String
    private let logger: Logger

    /// An agent that does nothing before it runs.
    public init(configuration: AgentConfiguration, version: String, logger: Logger) {
        self.configuration = configuration
        self.version = version
        var logger = logger
        logger[metadataKey: "member"] = "\(configuration.member)"
        self.logger = logger
    }

    /// Keeps the heap small; to be called first of all in the process, before there is a second thread.
    public static func prepareProcess() {
        xdb_small_heap()
        _ = mysql_server_init(0, nil, nil)
    }

    /// Runs until the service group or the task ends it.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await serve(group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func serve(_ group: any EventLoopGroup) async throws {
        let tls = TLSMaterial(directory: configuration.tlsDirectory)
        let controller = MemberController(configuration: configuration, tls: tls, version: version, logger: logger)
        // The libraries' chatter about services and connections is not what an agent's log is for.
        var quiet = logger
        quiet.logLevel = max(quiet.logLevel, .warning)
        // They end in reverse order: the operator can watch to the last how the member does.
        let services: [any Service] = [
            UnusedPages(),
            ProbeServer(configuration: configuration, board: controller.board, group: group, logger: quiet),
            ControlAPI(configuration: configuration, tls: tls, controller: controller, group: group, logger: quiet),
            Keeper(controller: controller, logger: logger),
        ]
        let servers = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services, logger: quiet)
        )
        try await servers.run()
    }

    /// How long connections have to end when everything else has.
    private static let connectionLimit = Duration.seconds(1)

    /// The controller as a service: it ends the server when the end was asked for.
    private struct Keeper: Service {
        let controller: MemberController
        let logger: Logger

        func run() async throws {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await controller.run() }
                group.addTask {
                    try? await gracefulShutdown()
                    await controller.handOver()
                    await controller.shutDown()
                }
                await group.next()
                group.cancelAll()
            }
            logger.info("the agent ends")
            // All that matters has ended. A connection that does not, because its client hangs or is cut off, must not
            // keep the process until it is killed. Detached, since it has to outlive this service and what cancels it: it
            // ends with the process, whichever of the two comes first.
            Task.detached { [logger] in
                try? await Task.sleep(for: MemberAgent.connectionLimit)
                logger.info("connections are left to themselves")
                _exit(0)
            }
        }
    }
}
