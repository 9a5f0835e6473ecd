import Crypto
import FoundationEssentials
import Glibc

/// The application's accounts: made through the leader, so that every member has them, from a directory with a file per
/// user that holds the password.
struct Accounts: Sendable {
    /// A user and the hash of its password as the server stores it, so that no password is in a statement or a binlog.
    struct Account: Hashable, Sendable {
        var name: String
        var hash: String
    }

    var directory: String

    /// The users whose password files can be read.
    func wanted() -> [Account] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var accounts: [Account] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix("."), Self.isName(name) else { continue }
            guard let contents = try? DurableFile(directory: directory, name: name).read(limit: 4096) else { continue }
            let password = String(decoding: contents, as: UTF8.self).prefix { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }
            guard !password.isEmpty else { continue }
            accounts.append(Account(name: name, hash: Self.hash(String(password))))
        }
        return accounts.sorted { $0.name < $1.name }
    }

    /// Whether the accounts are there with their passwords, without writing anything.
    static func arePresent(_ accounts: [Account], _ sql: ServerSQL) async throws -> Bool {
        for account in accounts {
            guard try await hash(of: account, sql) == account.hash else { return false }
        }
        return true
    }

    /// The hash that the server has; nil without the account.
    private static func hash(of account: Account, _ sql: ServerSQL) async throws -> String? {
        try await sql.query(
            """
            SELECT JSON_VALUE(Priv, '$.authentication_string') AS hash FROM mysql.global_priv \
            WHERE User=\(ServerSQL.literal(account.name)) AND Host='%'
            """
        ).first.map { $0["hash"] ?? "" }
    }

    /// Makes the accounts as they are wanted; writes nothing for one that is so already.
    ///
    /// Changes of accounts are not transactional: a server that was killed cannot remove a tail with one. So there are none
    /// that are not needed, above all not in every epoch again, and nothing that the engine has not on the disk yet stands
    /// before them in the binlog.
    ///
    /// - Parameters:
    ///   - sql: A connection whose statements stay out of the binlog.
    ///   - writer: The connection that writes.
    static func ensure(_ accounts: [Account], reading sql: ServerSQL, writing writer: ServerSQL) async throws {
        for account in accounts {
            let statements = try await missing(of: account, sql)
            guard !statements.isEmpty else { continue }
            try await writer.execute(["FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS"] + statements)
        }
    }

    /// The statements that an account lacks.
    private static func missing(of account: Account, _ sql: ServerSQL) async throws -> [String] {
        let user = "\(ServerSQL.literal(account.name))@'%'"
        let identity = "\(user) IDENTIFIED BY PASSWORD \(ServerSQL.literal(account.hash))"
        let wanted = grants(account.name)
        guard let current = try await hash(of: account, sql) else {
            // The application's database comes with its account, once: a user may drop it later.
            let database = account.name == "app" ? ["CREATE DATABASE IF NOT EXISTS app"] : []
            return database + ["CREATE USER IF NOT EXISTS \(identity)"] + wanted.map { $0.statement(for: user) }
        }
        let present = try await sql.query("SHOW GRANTS FOR \(user)").compactMap { row in
            row.columns.values.first.flatMap(Grant.init)
        }
        let change = current == account.hash ? [] : ["ALTER USER \(identity)"]
        let lacking = wanted.filter { grant in !present.contains { $0.covers(grant) } }
        return change + lacking.map { $0.statement(for: user) }
    }

    /// Rights on something.
    struct Grant: Hashable, Sendable {
        var rights: [String]
        /// As the server writes it, for example ``mysql`.*`.
        var object: String
        var mayGrant = false

        init(_ rights: [String], on object: String, mayGrant: Bool = false) {
            self.rights = rights
            self.object = object
            self.mayGrant = mayGrant
        }

        /// Reads a line of `SHOW GRANTS`; nil for one that grants something else, a role for example.
        init?(_ line: String) {
            guard line.hasPrefix("GRANT "), let on = line.firstRange(of: " ON "),
                let to = line[on.upperBound...].firstRange(of: " TO ")
            else { return nil }
            rights = line[..<on.lowerBound].dropFirst(6).split(separator: ", ").map(String.init)
            object = String(line[on.upperBound..<to.lowerBound])
            mayGrant = line.hasSuffix(" WITH GRANT OPTION")
        }

        /// True when whoever has this has the other as well.
        func covers(_ other: Grant) -> Bool {
            object == other.object && (mayGrant || !other.mayGrant)
                && (rights.contains("ALL PRIVILEGES") || Set(other.rights).isSubset(of: rights))
        }

        func statement(for user: String) -> String {
            "GRANT \(rights.joined(separator: ", ")) ON \(object) TO \(user)\(mayGrant ? " WITH GRANT OPTION" : "")"
        }
    }

    /// What an account may do: everything in every database except the system's.
    ///
    /// The server takes the most specific entry for a database, so that a right without effect on `mysql` and `xdb`
    /// takes the pattern's rights away there.
    ///
    /// Not among the global rights, for each of them could undo the group's safety: SUPER, CONNECTION ADMIN, READ_ONLY
    /// ADMIN, the BINLOG and REPLICATION ones, SET USER, FEDERATED ADMIN, FILE, RELOAD (it allows RESET MASTER), and
    /// CREATE USER (it allows renaming the agent's account).
    static func grants(_ name: String) -> [Grant] {
        let administrator = name == "admin"
        var grants = [
            Grant(["ALL PRIVILEGES"], on: "`%`.*", mayGrant: administrator),
            Grant(["LOCK TABLES"], on: "`mysql`.*"),
            Grant(["SELECT"], on: "`xdb`.*"),
            Grant(["SELECT"], on: "`sys`.*"),
        ]
        if administrator {
            grants.append(Grant(["PROCESS", "SHOW DATABASES", "BINLOG MONITOR", "SLAVE MONITOR"], on: "*.*"))
        }
        return grants
    }

    /// `mysql_native_password`: the hash of the hash.
    static func hash(_ password: String) -> String {
        let once = Insecure.SHA1.hash(data: Data(password.utf8))
        let twice = Insecure.SHA1.hash(data: Data(once))
        let digits = Array("0123456789ABCDEF")
        return twice.reduce(into: "*") { text, byte in
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }

    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 80
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
