// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// Members whose name and type say all have no comment of their own.

/// `POST /v1/verify`: compares a sample of this member's data with another member's, at the same position of the log.
///
/// What comes of it is `AgentStatus.verification`. The same request again changes nothing; another one takes its place. An
/// agent that was started anew knows of none, and is asked again.
public struct VerifyRequest: Hashable, Sendable, Codable {
    /// Tells one request from the next one for the same source.
    public var attempt: Int
    /// With whose data they are compared.
    public var source: PeerAddress

    public init(attempt: Int, source: PeerAddress) {
        self.attempt = attempt
        self.source = source
    }
}

extension AgentStatus {
    /// The comparison that was asked for last.
    public struct Verification: Hashable, Sendable, Codable {
        public enum State: String, Sendable, Codable {
            case running
            /// The samples are the same.
            case matched
            /// They are not, and that is no matter of the moment.
            case differs
            /// They could not be compared.
            case failed
        }

        public var attempt: Int
        /// The life of the member that the data are compared with.
        public var source: String
        public var state: State
        /// What came of it, or what it waits for.
        public var message: String

        public init(attempt: Int, source: String, state: State, message: String) {
            self.attempt = attempt
            self.source = source
            self.state = state
            self.message = message
        }
    }
}

/// `POST /v1/sample`: asks for a sample of this member's data, for another member of the group.
public struct SampleRequest: Hashable, Sendable, Codable {
    /// The life of a member that asks: its certificate must carry the name.
    public var to: String
    /// The sample is of this position or of a later one.
    public var after: Position

    public init(to: String, after: Position) {
        self.to = to
        self.after = after
    }
}

/// What a member's data are at one position of the log, as far as it was looked at.
public struct DataSample: Hashable, Sendable, Codable {
    /// The last transaction that it contains.
    public var position: GTID
    /// All schemas but the server's own.
    public var schemas: [String]
    /// All tables of theirs, views and sequences included.
    public var tables: [Table]
    /// Schemas and tables that came or went while the sample was begun: nothing can be said of them.
    public var changing: [String]
    /// What was read of some of them.
    public var samples: [TableSample]
    /// How many tables were not read: there was no time for them, or they were being changed, or there are too many.
    public var left: Int

    public init(position: GTID, schemas: [String], tables: [Table]) {
        self.position = position
        self.schemas = schemas
        self.tables = tables
        self.changing = []
        self.samples = []
        self.left = 0
    }

    /// A table by its name, and what it is.
    public struct Table: Hashable, Sendable, Codable {
        public var schema: String
        public var name: String
        /// `BASE TABLE`, `VIEW`, `SEQUENCE`, `SYSTEM VERSIONED`.
        public var kind: String

        public init(schema: String, name: String, kind: String) {
            self.schema = schema
            self.name = name
            self.kind = kind
        }
    }

    /// What was read of a table.
    public struct TableSample: Hashable, Sendable, Codable {
        public var table: Table
        /// Its columns with their types, and its primary key.
        public var definition: [String]
        public var parts: [Part]

        public init(table: Table, definition: [String], parts: [Part]) {
            self.table = table
            self.definition = definition
            self.parts = parts
        }
    }

    /// Some rows of a table: in the order of its primary key, or any.
    public struct Range: Hashable, Sendable, Codable {
        public enum Order: String, Sendable, Codable {
            /// From the beginning of the primary key.
            case first
            /// From its end.
            case last
            /// Without a primary key: all rows, or none where they are more than the limit.
            case none
        }

        public var order: Order
        /// The first column of the primary key, a whole number, at which it begins.
        public var from: String?
        public var limit: Int

        public init(order: Order, from: String? = nil, limit: Int) {
            self.order = order
            self.from = from
            self.limit = limit
        }
    }

    /// What was found in a range.
    public struct Part: Hashable, Sendable, Codable {
        public var range: Range
        public var rows: Int
        /// Nil where the rows are too many to say which were read.
        public var checksum: String?

        public init(range: Range, rows: Int, checksum: String?) {
            self.range = range
            self.rows = rows
            self.checksum = checksum
        }
    }
}
