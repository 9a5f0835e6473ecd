/// The type code of a binlog event.
///
/// Codes that are not named here are values like any other.
public struct EventType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code on the wire.
    public let rawValue: UInt8

    /// A type from its code.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A statement: DDL, statement-format changes, COMMIT and ROLLBACK.
    public static let query = EventType(rawValue: 2)
    /// The server stopped; the file ends.
    public static let stop = EventType(rawValue: 3)
    /// The next file's name.
    public static let rotate = EventType(rawValue: 4)
    /// LAST_INSERT_ID or INSERT_ID of the statement that follows.
    public static let intvar = EventType(rawValue: 5)
    /// A block of LOAD DATA in statement format.
    public static let appendBlock = EventType(rawValue: 9)
    /// The end of a failed LOAD DATA in statement format.
    public static let deleteFile = EventType(rawValue: 11)
    /// Seeds of RAND() of the statement that follows.
    public static let rand = EventType(rawValue: 13)
    /// A user variable of the statement that follows.
    public static let userVariable = EventType(rawValue: 14)
    /// How the events of this file are laid out.
    ///
    /// The first event of every file.
    public static let formatDescription = EventType(rawValue: 15)
    /// The commit of a transaction.
    public static let xid = EventType(rawValue: 16)
    /// The first block of LOAD DATA in statement format.
    public static let beginLoadQuery = EventType(rawValue: 17)
    /// LOAD DATA in statement format itself.
    public static let executeLoadQuery = EventType(rawValue: 18)
    /// The table that the row events after it change.
    public static let tableMap = EventType(rawValue: 19)
    /// Inserted rows, as MariaDB writes them.
    public static let writeRows = EventType(rawValue: 23)
    /// Updated rows, as MariaDB writes them.
    public static let updateRows = EventType(rawValue: 24)
    /// Deleted rows, as MariaDB writes them.
    public static let deleteRows = EventType(rawValue: 25)
    /// The master lost events; replicas must stop.
    public static let incident = EventType(rawValue: 26)
    /// Sent, never written: the stream is alive.
    public static let heartbeat = EventType(rawValue: 27)
    /// The end of `XA PREPARE`.
    public static let xaPrepare = EventType(rawValue: 38)
    /// The text of the statement whose rows follow.
    public static let annotateRows = EventType(rawValue: 160)
    /// Which older files crash recovery still needs.
    public static let binlogCheckpoint = EventType(rawValue: 161)
    /// The begin of a transaction.
    public static let gtid = EventType(rawValue: 162)
    /// The state of the binlog at the begin of a file.
    public static let gtidList = EventType(rawValue: 163)
    /// What follows in the file is encrypted.
    ///
    /// A server decrypts what it sends.
    public static let startEncryption = EventType(rawValue: 164)
    /// A compressed statement.
    public static let queryCompressed = EventType(rawValue: 165)
    /// Compressed inserted rows.
    public static let writeRowsCompressed = EventType(rawValue: 166)
    /// Compressed updated rows.
    public static let updateRowsCompressed = EventType(rawValue: 167)
    /// Compressed deleted rows.
    public static let deleteRowsCompressed = EventType(rawValue: 168)

    private static let names: [UInt8: String] = [
        2: "Query", 3: "Stop", 4: "Rotate", 5: "Intvar", 9: "Append_block", 11: "Delete_file", 13: "Rand",
        14: "User_var", 15: "Format_description", 16: "Xid", 17: "Begin_load_query", 18: "Execute_load_query",
        19: "Table_map", 23: "Write_rows", 24: "Update_rows", 25: "Delete_rows", 26: "Incident", 27: "Heartbeat",
        38: "XA_prepare", 160: "Annotate_rows", 161: "Binlog_checkpoint", 162: "Gtid", 163: "Gtid_list",
        164: "Start_encryption", 165: "Query_compressed", 166: "Write_rows_compressed",
        167: "Update_rows_compressed", 168: "Delete_rows_compressed",
    ]

    /// MariaDB's name of the event.
    public var description: String { Self.names[rawValue] ?? "type \(rawValue)" }

    /// Whether an event of this type sits between a standalone GTID and the statement that ends the group.
    ///
    /// The same list as the server's `Log_event::is_part_of_group`.
    @inline(__always)
    var precedesStatement: Bool {
        switch self {
        case .intvar, .rand, .userVariable, .tableMap, .annotateRows: true
        default: false
        }
    }

    /// Whether a server writes events of this type about its own files, so that they mean nothing in another log.
    @inline(__always)
    var describesFile: Bool {
        switch self {
        case .formatDescription, .gtidList, .rotate, .stop, .binlogCheckpoint, .startEncryption, .heartbeat: true
        default: false
        }
    }
}
