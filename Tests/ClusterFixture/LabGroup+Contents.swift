/// An acknowledged row that is not there, or members that do not have the same.
package struct ContentsDiffer: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
}

/// Another server has answered than the one that was asked.
private struct PassedOn: Error, CustomStringConvertible {
    var description: String
}

extension LabGroup {
    /// Runs statements as the application on a member, and returns the rows of the last one.
    @discardableResult
    package func query(_ statements: [String], on host: String, patience: UInt32 = 30) async throws -> [[String?]] {
        let password = try await password()
        return try await onThread {
            let database = try Database(host: host, user: "app", password: password, database: "app", timeout: patience)
            return try statements.map { try database.query($0) }.last ?? []
        }
    }

    /// The same on a member's own server: the agent of a former leader passes clients on to its successor for a while.
    private func query(_ statements: [String], of member: Member) async throws -> [[String?]] {
        guard let host = member.podIP else { throw ContentsDiffer(description: "\(member.name) has no pod") }
        let password = try await password()
        return try await onThread {
            let database = try Database(host: host, user: "app", password: password, database: "app", timeout: 30)
            let name = try database.query("SELECT @@hostname").first?.first.flatMap { $0 } ?? ""
            guard name == member.life else {
                throw PassedOn(description: "\(member.name) passes clients on to \(name)")
            }
            return try statements.map { try database.query($0) }.last ?? []
        }
    }

    /// Runs statements on a member's server as its agent may.
    package func run(_ statements: String, asAgentOf life: String) async throws {
        let client = ["mariadb", "-S", "/run/xdb/mysqld.sock", "-e", statements]
        try await Lab.command(
            ["kubectl", "--kubeconfig", "\(Lab.state)/kubeconfig", "exec", life, "-n", namespace, "--"] + client
        )
    }

    /// The members whose servers are open for writes.
    package func writableMembers() async throws -> [String] {
        var names: [String] = []
        for member in try await members() where member.hasData && member.podIP != nil {
            do {
                if try await query(["SELECT @@read_only"], of: member).first?.first == "0" { names.append(member.name) }
            } catch is PassedOn {
                continue
            }
        }
        return names
    }

    /// Removes a table through the leader.
    package func drop(table: String) async throws {
        try await eventually("\(name) takes statements") { () -> Bool? in
            guard let host = try await leaderAddress() else { return nil }
            try await query(["DROP TABLE IF EXISTS \(table)"], on: host)
            return true
        }
    }

    /// Waits until every member with data has every row that a writer has seen acknowledged so far.
    package func expectRows(of writer: Writer, and more: [Int] = []) async throws {
        let wanted = Set(writer.acknowledged + more)
        let last = wanted.max() ?? 0
        var missing: [String] = []
        do {
            try await eventually("every acknowledged row of \(writer.table) on every member of \(name)") {
                () -> Bool? in
                missing = []
                for member in try await members() where member.hasData {
                    let rows = try await query(["SELECT id FROM \(writer.table) WHERE id <= \(last)"], of: member)
                    let absent = wanted.subtracting(rows.compactMap { $0.first.flatMap { $0 }.flatMap { Int($0) } })
                    if !absent.isEmpty { missing.append("\(member.name) lacks \(absent.sorted().prefix(10))") }
                }
                return missing.isEmpty ? true : nil
            }
        } catch let late as NotInTime {
            if missing.isEmpty { throw late }
            throw ContentsDiffer(
                description: "acknowledged rows of \(writer.table): \(missing.joined(separator: "; "))"
            )
        }
    }

    /// Stops the writer; every row that it saw acknowledged is on every member with data, and all have the same.
    package func expectSame(as writer: Writer, and more: [Int] = []) async throws {
        try await writer.stop()
        try await expectRows(of: writer, and: more)
        var checksums: [String: String] = [:]
        // Followers may still apply: what is compared is what they have in the end.
        try await eventually("equal checksums of \(writer.table) on the members of \(name)") { () -> Bool? in
            checksums = [:]
            let members = try await members().filter(\.hasData)
            for member in members {
                let rows = try await query(["CHECKSUM TABLE \(writer.table)"], of: member)
                checksums[member.name] = rows.first?.last.flatMap { $0 } ?? "none"
            }
            if Set(checksums.values).count == 1 { return true }
            throw ContentsDiffer(description: "\(checksums)")
        }
    }
}
