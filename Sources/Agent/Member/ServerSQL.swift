import CMariaDB
import FoundationEssentials

/// A statement that the local server refused, or a connection that broke.
struct SQLError: Error, Hashable, Sendable, CustomStringConvertible {
    var code: UInt32
    var message: String
    /// The beginning of the statement, without literals that may be secrets.
    var statement: String

    /// True when the connection, and not the statement, is at fault.
    var connectionLost: Bool { code >= 2000 && code < 3000 }

    var description: String { "\(statement): \(message) (\(code))" }
}

/// A row of a result, by column name.
struct SQLRow: Sendable {
    fileprivate(set) var columns: [String: String] = [:]

    /// The column's text; nil when it is NULL or not there.
    subscript(_ name: String) -> String? { columns[name] }
}

/// A connection of the agent to its server, over the unix socket, on a thread of its own.
///
/// It connects when it is first used, and again after it broke.
///
/// Cancelling the task that waits for a statement ends the wait, not the statement: a commit that waits for its
/// acknowledgement must never be killed, because the server then commits without one.
final class ServerSQL: Sendable {
    /// What the statements of a connection may leave in the server's binlog.
    enum Binlog: Sendable {
        /// Nothing: for everything that concerns this server alone.
        case off
        /// Everything: the writes of a leader.
        case on
    }

    /// The libmariadb handle.
    // Unchecked: `mysql` is touched by jobs of `thread` only, and by `deinit` after the last of them.
    private final class Handle: @unchecked Sendable {
        var mysql: UnsafeMutablePointer<MYSQL>?

        deinit { close() }

        func close() {
            if let mysql { mysql_close(mysql) }
            mysql = nil
        }
    }

    private let socket: String
    private let user: String
    private let binlog: Binlog
    private let deadline: UInt32
    private let thread: WorkerThread
    private let handle = Handle()

    /// - Parameter deadline: seconds without an answer after which the connection counts as broken; 0 waits for ever.
    init(socket: String, user: String, binlog: Binlog, deadline: UInt32, name: String) {
        self.socket = socket
        self.user = user
        self.binlog = binlog
        self.deadline = deadline
        self.thread = WorkerThread(name)
    }

    /// Runs one statement and returns its rows.
    func query(_ statement: String) async throws -> [SQLRow] {
        try await thread.run { [self] in try run(statement) }
    }

    /// Runs statements in order until one fails.
    func execute(_ statements: [String]) async throws {
        try await thread.run { [self] in
            for statement in statements { _ = try run(statement) }
        }
    }

    /// Runs other blocking work on the connection's thread.
    func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await thread.run(work)
    }

    /// Ends the connection; the next statement connects again.
    func disconnect() async {
        try? await thread.run { [self] in handle.close() }
    }

    /// A text as a literal.
    ///
    /// The sessions have no `NO_BACKSLASH_ESCAPES`, since they set their own `sql_mode`.
    static func literal(_ text: String) -> String {
        var escaped = "'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "'": escaped += "''"
            case "\\": escaped += "\\\\"
            case "\0": escaped += "\\0"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\u{1A}": escaped += "\\Z"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped + "'"
    }

    // MARK: On the thread

    private func run(_ statement: String) throws -> [SQLRow] {
        let mysql = try connected()
        do {
            return try Self.perform(statement, mysql)
        } catch {
            if error.connectionLost { handle.close() }
            throw error
        }
    }

    private func connected() throws -> UnsafeMutablePointer<MYSQL> {
        if let mysql = handle.mysql { return mysql }
        guard let mysql = xdb_mysql_new(5, deadline, deadline) else {
            throw SQLError(code: 2008, message: "no memory for a connection", statement: "connect")
        }
        handle.mysql = mysql
        guard mysql_real_connect(mysql, nil, user, nil, nil, 0, socket, 0) != nil else {
            let error = Self.error(mysql, "connect")
            handle.close()
            throw error
        }
        do {
            // What the user configured for sessions in general must not change what the agent's statements mean.
            _ = try Self.perform(
                """
                SET SESSION sql_mode='', autocommit=1, completion_type=NO_CHAIN, max_statement_time=0, \
                wait_timeout=31536000, lock_wait_timeout=30, tx_read_only=0, \
                sql_log_bin=\(binlog == .on ? 1 : 0)
                """,
                mysql
            )
        } catch {
            handle.close()
            throw error
        }
        return mysql
    }

    private static func perform(
        _ statement: String,
        _ mysql: UnsafeMutablePointer<MYSQL>
    ) throws(SQLError) -> [SQLRow] {
        guard mysql_real_query(mysql, statement, UInt(statement.utf8.count)) == 0 else {
            throw error(mysql, statement)
        }
        guard let result = mysql_store_result(mysql) else {
            guard mysql_errno(mysql) == 0 else { throw error(mysql, statement) }
            return []
        }
        defer { mysql_free_result(result) }
        let count = Int(mysql_num_fields(result))
        guard let fields = mysql_fetch_fields(result) else { return [] }
        let names = (0..<count).map { String(cString: fields[$0].name) }
        var rows: [SQLRow] = []
        while let row = mysql_fetch_row(result), let lengths = mysql_fetch_lengths(result) {
            var columns = SQLRow()
            for index in 0..<count {
                guard let bytes = row[index] else { continue }
                let text = UnsafeRawBufferPointer(start: bytes, count: Int(lengths[index]))
                columns.columns[names[index]] = String(decoding: text, as: UTF8.self)
            }
            rows.append(columns)
        }
        return rows
    }

    private static func error(_ mysql: UnsafeMutablePointer<MYSQL>, _ statement: String) -> SQLError {
        SQLError(
            code: mysql_errno(mysql),
            message: String(cString: mysql_error(mysql)),
            statement: redacted(statement)
        )
    }

    /// The part of a statement before its first literal, shortened.
    static func redacted(_ statement: String) -> String {
        String(statement.prefix { $0 != "'" }.prefix(80)).trimmed
    }
}

extension String {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text.drop { $0.isWhitespace })
    }
}
