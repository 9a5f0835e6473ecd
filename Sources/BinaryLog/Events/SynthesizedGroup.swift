public import XDB

/// A transaction that no server has run: an agent writes it into the log, and every member's server applies it.
///
/// A new leader's agent begins its epoch with one, so that a majority which has it also has everything before it.
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
