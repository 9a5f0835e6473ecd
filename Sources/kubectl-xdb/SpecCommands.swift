import ArgumentParser
import Console
import Kubernetes
import KubernetesModel
import XDB

/// The options of commands that change a group's spec.
struct ChangeOptions: ParsableArguments {
    @Flag(help: "Change nothing: the server checks the change.")
    var dryRun = false

    @OptionGroup var waiting: WaitOptions
}

extension Connection {
    /// Changes a group's spec, tells what has changed, and waits until the operator has seen it where that is asked for.
    func change(_ name: String, _ spec: JSONValue, _ what: String, _ options: ChangeOptions) async throws {
        let group = try await group(name)
        let changed = try await client.patch(
            XDBGroup.self,
            group.key,
            ["spec": spec],
            WriteOptions(isDryRun: options.dryRun)
        )
        let isSame = changed.spec == group.spec
        let remark = options.dryRun ? " (a dry run: nothing was changed)" : isSame ? " (as before)" : ""
        Output.write("\(name): \(what)\(remark)\n")
        if options.waiting.wait, !options.dryRun {
            try await Follower(self).taken(changed, limit: options.waiting.waitTimeout)
        }
    }
}

extension Connection {
    /// Has an operation rest or go on; false when the name is not one's, or a group's, which come first.
    func pause(_ name: String, _ isPaused: Bool, _ options: ChangeOptions) async throws -> Bool {
        let key = key(name)
        guard try await client.find(XDBGroup.self, key) == nil,
            let operation = try await client.find(XDBOperation.self, key)
        else { return false }
        guard !operation.isFinished else {
            throw Complaint("\(name) has ended already: \(operation.status.message ?? "")")
        }
        try await client.patch(
            XDBOperation.self,
            key,
            ["spec": ["paused": .bool(isPaused)]],
            WriteOptions(isDryRun: options.dryRun)
        )
        let words = isPaused ? "it rests after the move that goes on" : "it goes on"
        Output.write("\(name): \(words)\(options.dryRun ? " (a dry run: nothing was changed)" : "")\n")
        return true
    }
}

/// What can be paused.
struct Pausable: ParsableArguments {
    @OptionGroup var connectionOptions: ConnectionOptions
    @OptionGroup var options: ChangeOptions

    @Argument(
        help: "The group; or the operation, a migration, which rests after its present move.",
        completion: .operations
    )
    var name: String
}

/// Has the operator leave a group alone.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract:
            "Have the operator observe a group and change nothing, failovers included; or have a migration or a balance rest."
    )

    @OptionGroup var paused: Pausable

    func run() async throws {
        let connection = try paused.connectionOptions.connect()
        let (name, options) = (paused.name, paused.options)
        if try await connection.pause(name, true, options) { return }
        try await connection.change(name, ["paused": true], "paused: nothing is done, not even a failover", options)
        if !options.dryRun {
            Output.note("Let the operator go on: \(connection.invocation.command("resume \(name)"))")
        }
    }
}

/// Lets the operator go on.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let the operator go on with a group, or an operation, that is paused."
    )

    @OptionGroup var paused: Pausable

    func run() async throws {
        let connection = try paused.connectionOptions.connect()
        let (name, options) = (paused.name, paused.options)
        if try await connection.pause(name, false, options) { return }
        try await connection.change(name, ["paused": false], "the operator goes on", options)
    }
}

/// Says whether lost leaders are replaced without being asked.
struct FailoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover",
        abstract: "Switch automatic failover on or off, of a group or of all groups at once; or show how it is."
    )

    /// What is to be done.
    enum Action: String, CaseIterable, ExpressibleByArgument {
        case on, off, status

        var mode: XDBGroup.FailoverMode { self == .off ? .manual : .automatic }
    }

    @OptionGroup var connectionOptions: ConnectionOptions
    @OptionGroup var options: ChangeOptions

    @Argument(help: "on, off or status.")
    var action: Action

    @Argument(help: "The group.", completion: .groups)
    var group: String?

    @Flag(help: "The operator's switch for all groups; with status, the groups of all namespaces.")
    var all = false

    func validate() throws {
        guard group == nil || !all else { throw ValidationError("a group and --all exclude each other") }
        guard action == .status || group != nil || all else {
            throw ValidationError("which group? Give its name, or --all for the operator's switch for all groups")
        }
        guard action != .status || !options.dryRun && !options.waiting.wait else {
            throw ValidationError("status changes nothing: leave out --dry-run and --wait")
        }
    }

    func run() async throws {
        let connection = try connectionOptions.connect()
        switch (action, group) {
        case (.status, _): try await show(connection)
        case (_, let group?): try await change(group, connection)
        case (_, nil): try await changeAll(connection)
        }
    }

    private func show(_ connection: Connection) async throws {
        let groups: [XDBGroup]
        if let group {
            groups = [try await connection.group(group)]
        } else {
            groups = try await connection.groups(everywhere: all)
        }
        Output.write(
            FailoverWords.text(
                groups,
                try await connection.operatorState(),
                namespaced: all,
                Terminal.style(),
                width: Terminal.width()
            )
        )
    }

    private func change(_ group: String, _ connection: Connection) async throws {
        let words =
            action == .off
            ? "a lost leader is reported, and replaced when you ask for it (change-leader)"
            : "a lost leader is replaced by itself"
        try await connection.change(
            group,
            ["failover": ["mode": .string(action.mode.rawValue)]],
            "failover \(action.mode.rawValue): \(words)",
            options
        )
        let state = try await connection.operatorState()
        if action == .on, state.failoverMode == .manual {
            Output.note(
                "The operator's switch for all groups is Manual and stronger: "
                    + connection.invocation.command("failover on --all")
            )
        }
    }

    private func changeAll(_ connection: Connection) async throws {
        let body: JSONValue = [
            "metadata": ["name": "xdb-operator", "namespace": .string(connection.operatorNamespace)],
            "data": ["failover": .string(action.mode.rawValue)],
        ]
        // Only this entry is ours; the map is made where there is none.
        try await connection.client.apply(body, as: ConfigMap.self, WriteOptions(isDryRun: options.dryRun))
        let remark = options.dryRun ? " (a dry run: nothing was changed)" : ""
        Output.write("all groups: failover \(action.mode.rawValue)\(remark)\n")
        if action == .on { Output.note("Groups whose own spec says Manual keep that.") }
    }
}
