import ClusterFixture
import Foundation
import KubernetesModel

/// The data that are copied: rows of 1 KiB, all different, so that nothing can be left out or made smaller.
struct Filler {
    let group: LabGroup
    let megabytes: Int

    /// As of a group that matters: what asks for nothing goes last on a busy node.
    static let resources =
        "{data: {requests: {cpu: 500m, memory: 512Mi}}, logger: {requests: {cpu: 100m, memory: 64Mi}}}"
    /// How the servers of a group with so much data are set up.
    static let configuration = "{innodb_buffer_pool_size: 256M, innodb_log_file_size: 256M}"

    /// Fills the group, and returns when all members have applied everything and it is on the disks.
    func fill() async throws {
        print("filling \(group.name) with \(megabytes) MiB")
        let host = try await group.leaderService()
        let password = try await group.password()
        try await inside(host, password, ["CREATE TABLE filler (id INT AUTO_INCREMENT PRIMARY KEY, pad LONGBLOB)"])
        let portion = "INSERT INTO filler (pad) SELECT RANDOM_BYTES(1024) FROM seq_1_to_16384"
        for _ in 0..<(megabytes / 16) { try await inside(host, password, [portion]) }
        try await group.wait(for: "FullyRedundant")
        // What was written a moment ago is still on its way to the disks, for all who are measured; the status tells it
        // some seconds later.
        try await Task.sleep(for: .seconds(10))
        try await eventually("all have applied everything", within: .seconds(1200)) { () -> Bool? in
            try await isCaughtUp() ? true : nil
        }
    }

    /// Throws unless all members with data have the same, and returns how many rows that is.
    func expectSame() async throws -> Int {
        var contents: [String: [String]] = [:]
        for member in try await group.members() where member.hasData {
            guard let host = member.podIP else {
                throw ContentsDiffer(description: "\(member.name) has no pod")
            }
            let checksum = try await group.query(["CHECKSUM TABLE filler"], on: host, patience: 900)
            let count = try await group.query(["SELECT COUNT(*) FROM filler"], on: host, patience: 900)
            contents[member.name] = (checksum + count).map { row in row.last.flatMap { $0 } ?? "none" }
        }
        guard Set(contents.values).count == 1, let rows = contents.values.first?.last.flatMap({ Int($0) }) else {
            throw ContentsDiffer(description: "filler: \(contents)")
        }
        return rows
    }

    /// Statements of an account that may use what it likes, through the Service.
    private func inside(_ host: String, _ password: String, _ statements: [String]) async throws {
        try await Lab.command([
            "\(Lab.root)/hack/cluster", "client", "env", "MYSQL_PWD=\(password)", "mariadb", "-h", host, "-u", "app",
            "app",
            "-e", statements.joined(separator: "; "),
        ])
    }

    private func isCaughtUp() async throws -> Bool {
        let members = try await group.object()[path: "status", "members"]?.arrayValue ?? []
        return members.allSatisfy { $0["lagSeconds"]?.integerValue ?? 0 < 3 }
    }
}
