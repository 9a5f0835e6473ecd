import ArgumentParser
import Console
import Kubernetes
import KubernetesModel
import XDB

/// The options of commands that make something and may wait for its end.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Wait until it has ended, with a line that tells how far it is; the exit code tells how it ended.")
    var wait = false

    @Option(help: "With --wait: for how many seconds at most; the operation goes on afterwards (exit code 5).")
    var waitTimeout: Int?

    func validate() throws {
        guard waitTimeout ?? 1 > 0 else { throw ValidationError("--wait-timeout must be 1 or more") }
        guard wait || waitTimeout == nil else { throw ValidationError("--wait-timeout is for --wait") }
    }
}

/// Looks at an object again and again until it is as it is waited for.
///
/// It needs the right to get it and no other, so that it works for whoever may make it.
struct Follower {
    let connection: Connection
    private static let pause = Duration.milliseconds(400)
    /// For how long the API server may be away.
    private static let patience = Duration.seconds(60)

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// Asks until the answer is there.
    ///
    /// - Parameter limit: In seconds; nil for none. Then a complaint with `notInTime` is thrown.
    func poll<Value>(
        _ what: String,
        limit: Int? = nil,
        every pause: Duration = pause,
        _ look: () async throws -> Value?
    ) async throws -> Value {
        let begin = ContinuousClock.now
        var heard = begin
        while true {
            do {
                if let value = try await look() { return value }
                heard = .now
            } catch let error as TransportError where error.isTransient {
                guard heard.duration(to: .now) < Self.patience else { throw error }
            } catch let error as APIError where error.status.code >= 500 {
                guard heard.duration(to: .now) < Self.patience else { throw error }
            }
            if let limit, begin.duration(to: .now) > .seconds(limit) {
                throw Complaint("\(what) has not ended within \(limit) s; it goes on", .notInTime)
            }
            try await Task.sleep(for: pause)
        }
    }

    /// Looks once a second, until somebody ends the process or there is nothing to be looked at any more.
    func forever(_ look: () async throws -> Void) async throws {
        let _: Bool = try await poll("", every: .seconds(1)) {
            try await look()
            return nil
        }
    }

    /// Follows an operation to its end.
    func end(of name: String, limit: Int?) async throws -> XDBOperation {
        var line = LiveLine()
        defer { line.end() }
        return try await poll("operation \(name)", limit: limit) {
            guard let operation = try await connection.client.find(XDBOperation.self, connection.key(name)) else {
                throw Complaint("the operation \(name) was deleted before its end", .notFound)
            }
            if operation.isFinished { return operation }
            line.show(ProgressLine.text(operation, now: .now), stage: ProgressLine.stage(of: operation))
            return nil
        }
    }

    /// Waits until the operator has taken over a change of a group's spec.
    func taken(_ group: XDBGroup, limit: Int?) async throws {
        let generation = Int(group.metadata.generation)
        _ = try await poll("the change of \(group.metadata.name)", limit: limit) { () -> Bool? in
            let now = try await connection.group(group.metadata.name)
            return now.status.observedGeneration ?? 0 >= generation ? true : nil
        }
    }

    /// Tells how an operation ended, and ends the command accordingly.
    func tell(_ operation: XDBOperation) throws {
        Output.write("\(ProgressLine.text(operation, now: .now))\n")
        try OperationResult.outcome(of: operation)?.end()
    }
}
