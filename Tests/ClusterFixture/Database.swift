import CMariaDB
import Foundation

/// A connection to a server of a group, over TCP to its pod.
///
/// libmariadb blocks: a connection is used by one thread, which is not one of the cooperative pool.
package final class Database {
    private let handle: UnsafeMutablePointer<MYSQL>

    /// Connects; every wait has a deadline, since servers die under these tests.
    package init(host: String, user: String, password: String, database: String? = nil, timeout: UInt32 = 3) throws {
        guard Self.isReady, let handle = mysql_init(nil) else { throw DatabaseError(code: 0, message: "out of memory") }
        self.handle = handle
        var seconds = timeout
        mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &seconds)
        mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &seconds)
        mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &seconds)
        guard mysql_real_connect(handle, host, user, password, database, 3306, nil, 0) != nil else {
            // From here on the handle is closed by `deinit`, also when this throws.
            throw DatabaseError(handle)
        }
    }

    /// The library wants to be made ready once, before there are threads.
    private static let isReady = mysql_server_init(0, nil, nil) == 0

    deinit { mysql_close(handle) }

    /// Runs a statement and returns its rows as text.
    @discardableResult
    package func query(_ statement: String) throws -> [[String?]] {
        guard mysql_real_query(handle, statement, UInt(statement.utf8.count)) == 0 else { throw DatabaseError(handle) }
        guard let result = mysql_store_result(handle) else {
            if mysql_field_count(handle) != 0 { throw DatabaseError(handle) }
            return []
        }
        defer { mysql_free_result(result) }
        let columns = Int(mysql_num_fields(result))
        var rows: [[String?]] = []
        while let row = mysql_fetch_row(result) {
            rows.append((0..<columns).map { row[$0].map { String(cString: $0) } })
        }
        return rows
    }
}

/// What the server or the client library said.
package struct DatabaseError: Error, CustomStringConvertible {
    package var code: UInt32
    package var message: String

    package init(code: UInt32, message: String) {
        self.code = code
        self.message = message
    }

    init(_ handle: UnsafeMutablePointer<MYSQL>) {
        self.init(code: mysql_errno(handle), message: String(cString: mysql_error(handle)))
    }

    package var description: String { "\(code): \(message)" }
}

/// Runs blocking work on a thread of its own.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
    }
}
