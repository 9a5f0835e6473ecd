import CMariaDB
import Glibc
import XDB

/// A connection to the local server that has become a replication dump: its socket belongs to the event loop, and
/// libmariadb only keeps what it needs to give up the connection.
///
/// The client library logs in and runs the session's statements, since it knows every way of authentication. It does not
/// read the dump: its replication functions acknowledge what they have merely received.
// Unchecked: `mysql` is touched by `open` before anyone else has the object, and by `deinit` when nobody has it.
final class ServerConnection: @unchecked Sendable {
    private var mysql: UnsafeMutablePointer<MYSQL>

    /// Connects and prepares the session.
    ///
    /// Blocks, at most a few seconds.
    static func open(
        socket: String,
        user: String,
        serverID: ServerID,
        statements: [String]
    ) throws(ReplicationError) -> ServerConnection {
        guard let mysql = xdb_mysql_new(5, 10, 10) else { throw .serverRefused("no memory for a connection") }
        let connection = ServerConnection(mysql)
        guard mysql_real_connect(mysql, nil, user, nil, nil, 0, socket, 0) != nil else {
            throw connection.error("connect")
        }
        // A server that has restarted has another id: it may have lost what a majority has, and leads no more.
        let id = try connection.value("SELECT @@GLOBAL.server_id")
        guard id == serverID.description else {
            throw .serverRefused("its server_id is \(id), not \(serverID): it has restarted and leads no more")
        }
        for statement in statements { try connection.run(statement) }
        return connection
    }

    private init(_ mysql: UnsafeMutablePointer<MYSQL>) {
        self.mysql = mysql
    }

    deinit {
        // Not `mysql_close` alone: it would send a farewell into the stream of the dump, whose other end is gone or
        // reads acknowledgements.
        shutdown(mysql_get_socket(mysql), Int32(SHUT_RDWR))
        mysql_close(mysql)
    }

    /// A descriptor of its own for the same socket; the caller closes it.
    func duplicateSocket() throws(ReplicationError) -> CInt {
        let descriptor = fcntl(mysql_get_socket(mysql), F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .serverRefused("dup: \(String(cString: strerror(errno)))") }
        return descriptor
    }

    private func run(_ statement: String) throws(ReplicationError) {
        guard mysql_real_query(mysql, statement, UInt(statement.utf8.count)) == 0 else { throw error(statement) }
        if let result = mysql_store_result(mysql) { mysql_free_result(result) }
    }

    private func value(_ statement: String) throws(ReplicationError) -> String {
        guard mysql_real_query(mysql, statement, UInt(statement.utf8.count)) == 0 else { throw error(statement) }
        guard let result = mysql_store_result(mysql) else { throw error(statement) }
        defer { mysql_free_result(result) }
        guard let row = mysql_fetch_row(result), let text = row[0] else { return "" }
        return String(cString: text)
    }

    private func error(_ statement: String) -> ReplicationError {
        .serverRefused("\(statement): \(String(cString: mysql_error(mysql))) (\(mysql_errno(mysql)))")
    }
}
