import KubernetesModel

// Members that are moved.
extension LabGroup {
    /// Asks for all members of a zone to be moved to another, and returns the name of the operation.
    package func migrate(
        from: String,
        to: String,
        bytesPerSecond: String? = nil,
        dryRun: Bool = false
    ) async throws -> String {
        let limit = bytesPerSecond.map { ", bytesPerSecond: \($0)" } ?? ""
        return try await ask(
            "generateName: \(name)-migrate-",
            "dryRun: \(dryRun), migrate: {from: {zone: \(from)}, to: {zone: \(to)}\(limit)}"
        )
    }

    /// Asks for a member to be moved to a node, and returns the name of the operation.
    package func migrate(member: String, to node: String) async throws -> String {
        try await ask("generateName: \(member)-migrate-", "migrate: {member: \(member), node: \(node)}")
    }

    /// Waits until a migration has begun its first move.
    package func hasBegun(_ operation: String) async throws {
        try await eventually("\(operation) has begun a move") { () -> Bool? in
            try await self.operation(operation)[path: "status", "steps"]?.arrayValue?.isEmpty ?? true ? nil : true
        }
    }

    /// Has an operation rest or go on.
    package func pause(_ operation: String, _ isPaused: Bool) async throws {
        try await change(operation, "{\"paused\": \(isPaused)}")
    }

    /// Changes how much of each copy is sent in a second; 0 for no limit.
    package func limit(migration operation: String, to bytesPerSecond: String) async throws {
        try await change(operation, "{\"migrate\": {\"bytesPerSecond\": \"\(bytesPerSecond)\"}}")
    }

    /// Gives the group some data, so that a copy of them takes a while.
    package func fill(megabytes: Int) async throws {
        let host = try await eventually("\(name) has a leader") { try await leaderAddress() }
        try await query(["CREATE TABLE ballast (id INT AUTO_INCREMENT PRIMARY KEY, data MEDIUMBLOB)"], on: host)
        for _ in 0..<megabytes {
            try await query(["INSERT INTO ballast (data) VALUES (REPEAT(MD5(RAND()), 32768))"], on: host)
        }
    }

    /// The zones that the spec wants voters in.
    package func wantedZones() async throws -> [String] {
        try await object()[path: "spec", "placement", "zones"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// A node without a member of this group in a zone.
    package func freeNode(in zone: String) async throws -> String? {
        let taken = try await members().compactMap(\.node)
        for node in try await Lab.nodes() where !taken.contains(node) {
            if try await Lab.zone(of: node) == zone { return node }
        }
        return nil
    }
}
