public import XDB

/// A transaction that no server has run: an agent writes it into the log, and every member's server applies it.
///
/// A new leader's agent begins its epoch with one, so that a majority which has it also has everything before it.
///
/// What MariaDB 10.11.19 does with it as a replica with `binlog_format=ROW`, `gtid_strict_mode=ON`,
/// `log_slave_updates=ON` and `slave_parallel_mode=optimistic` (`MariaDBTests` runs all of it):
/// - It applies the statements, and writes the transaction to its own binlog under this GTID: `gtid_slave_pos` and
///   `gtid_binlog_pos` both become it, and `gtid_binlog_state` has both epochs. Changes become row events there.
/// - There is no BEGIN: the GTID event is it. Changes end with an XID event, whose number means nothing to a replica.
/// - A definition is a group of one statement with the flag *standalone*.
/// - Every statement carries ``QueryEvent/standardStatusVariables``, so that it does not run with the server's own
///   `sql_mode` and character sets. Tables are named with their schema, so no default database is needed.
/// - A log may begin with such groups, before any server has written: the leader's own server is fed with them under
///   another `server_id` (it would skip events with its own), and is promoted afterwards.
public struct SynthesizedGroup: Hashable, Sendable {
    /// What the transaction does.
    public enum Content: Hashable, Sendable {
        /// One data definition statement, committed by itself.
        case definition(String)
        /// Changes of rows, committed together.
        case changes([String])
    }

    /// The transaction's id.
    public var gtid: GTID
    /// What it does.
    public var content: Content
    /// The default database of its statements.
    public var database: String
    /// Seconds since 1970 at which it is written; also the value of NOW() in its statements.
    public var timestamp: UInt32

    /// A transaction to be written.
    public init(gtid: GTID, content: Content, database: String = "", timestamp: UInt32) {
        self.gtid = gtid
        self.content = content
        self.database = database
        self.timestamp = timestamp
    }

    /// Its events, from the GTID to the end of the group.
    public var events: [Event] {
        let server = gtid.serverID.rawValue
        func begin(_ flags: GTIDEvent.Flags) -> Event {
            GTIDEvent(gtid: gtid, flags: flags, timestamp: timestamp).event()
        }
        func query(_ statement: String) -> Event {
            QueryEvent(database: database, statement: statement).event(
                timestamp: timestamp,
                serverID: server,
                flags: database.isEmpty ? .suppressUse : []
            )
        }
        switch content {
        case .definition(let statement):
            return [begin([.standalone, .ddl]), query(statement)]
        case .changes(let statements):
            var xid: [UInt8] = []
            xid.append(little: gtid.sequence)
            let commit = Event(type: .xid, timestamp: timestamp, serverID: server, body: xid)
            return [begin([.transactional])] + statements.map(query) + [commit]
        }
    }

    /// Its events' bytes one after the other.
    public var bytes: [UInt8] { events.flatMap(\.bytes) }
}
