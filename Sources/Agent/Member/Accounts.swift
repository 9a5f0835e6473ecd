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
    /// - Parameter grant: the rights are given anew as well; once for each epoch is enough.
    static func ensure(_ accounts: [Account], _ sql: ServerSQL, grant: Bool) async throws {
        for account in accounts {
            let user = ServerSQL.literal(account.name)
            let current = try await hash(of: account, sql)
            if current == nil {
                // The application's database comes with its account, once: a user may drop it later.
                if account.name == "app" { try await sql.execute(["CREATE DATABASE IF NOT EXISTS app"]) }
                _ = try await sql.query(
                    "CREATE USER IF NOT EXISTS \(user)@'%' IDENTIFIED BY PASSWORD \(ServerSQL.literal(account.hash))"
                )
            } else if current != account.hash {
                _ = try await sql.query(
                    "ALTER USER \(user)@'%' IDENTIFIED BY PASSWORD \(ServerSQL.literal(account.hash))"
                )
            }
            guard grant || current == nil else { continue }
            try await sql.execute(grants(account.name))
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
    static func grants(_ name: String) -> [String] {
        let user = "\(ServerSQL.literal(name))@'%'"
        let administrator = name == "admin"
        var grants = [
            "GRANT ALL PRIVILEGES ON `%`.* TO \(user)\(administrator ? " WITH GRANT OPTION" : "")",
            "GRANT LOCK TABLES ON mysql.* TO \(user)",
            "GRANT SELECT ON xdb.* TO \(user)",
            "GRANT SELECT ON sys.* TO \(user)",
        ]
        if administrator {
            grants.append("GRANT PROCESS, SHOW DATABASES, BINLOG MONITOR, SLAVE MONITOR ON *.* TO \(user)")
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
