import ArgumentParser
import Console

/// Takes a node offline.
struct OfflineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offline",
        abstract: "Take a node offline for all groups: its leaders hand over, and nobody on it is repaired.",
        discussion: """
            The members on it go on running until the node goes, and it gets no new ones. recover takes it back. The \
            operation is made in the operator's namespace, and needs the right to do so there.
            """
    )

    @OptionGroup var work: NodeWork

    @Flag(help: "Even if some group takes no writes without the node.")
    var force = false

    func run() async throws {
        let connection = try work.connect()
        try await connection.make(
            .offline(work.node, force: force, in: connection.namespace, timeout: work.options.timeout.seconds),
            work.options
        )
    }
}

/// Takes a node back.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Bring a node back that was taken offline: its members catch up, or are rebuilt where they cannot.",
        discussion: "The operation is made in the operator's namespace, and needs the right to do so there."
    )

    @OptionGroup var work: NodeWork

    @Flag(help: "Have the members lead again that led when the node was taken offline.")
    var restoreLeaders = false

    func run() async throws {
        let connection = try work.connect()
        try await connection.make(
            .recover(
                work.node,
                restoreLeaders: restoreLeaders,
                in: connection.namespace,
                timeout: work.options.timeout.seconds
            ),
            work.options
        )
    }
}
