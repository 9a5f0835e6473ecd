import XDB

/// What has to be known of a table in order to read a sample of it: its columns, its primary key, and the statements.
struct TableDefinition: Hashable, Sendable {
    struct Column: Hashable, Sendable {
        var name: String
        /// For example `float`.
        var dataType: String
        /// For example `float(7,3)`.
        var type: String
        /// Computed when it is read, or a number of this server alone.
        var isDerived: Bool

        init?(_ row: SQLRow) {
            guard let name = row["name"], let dataType = row["data_type"], let type = row["type"] else { return nil }
            self.name = name
            self.dataType = dataType.lowercased()
            self.type = type
            let extra = row["extra"]?.uppercased() ?? ""
            let expression = row["expression"]?.uppercased() ?? ""
            isDerived = extra.contains("VIRTUAL GENERATED") || expression == "ROW START" || expression == "ROW END"
        }

        init(_ name: String, _ type: String, isDerived: Bool = false) {
            self.name = name
            self.type = type
            dataType = String(type.prefix { $0 != "(" && $0 != " " })
            self.isDerived = isDerived
        }
    }

    struct KeyPart: Hashable, Sendable {
        var column: String
        var isDescending = false
    }

    var columns: [Column]
    /// Empty without a primary key by which all rows are in one order.
    var key: [KeyPart]

    /// What two members must agree about before their rows can be compared.
    var fingerprint: [String] {
        columns.map { "\($0.name) \($0.type)" } + ["PRIMARY KEY \(Self.list(order(of: .first)))"]
    }

    /// The first column of the key, when it is a whole number.
    var numericKey: KeyPart? {
        guard let first = key.first, let column = columns.first(where: { $0.name == first.column }) else { return nil }
        return ["tinyint", "smallint", "mediumint", "int", "bigint"].contains(column.dataType) ? first : nil
    }

    // MARK: Statements

    /// A number for each row, the same wherever the row is the same.
    ///
    /// Each column has a checksum of its own, so that neither NULLs nor long values nor where one ends and the next begins
    /// can hide anything; floats are widened first, since their text has six digits only.
    var rowChecksum: String {
        let parts = columns.filter { !$0.isDerived }.map { column in
            let name = Self.quoted(column.name)
            let value = ["float", "double"].contains(column.dataType) ? "CAST(\(name) AS DOUBLE)" : name
            return "IFNULL(CRC32(\(value)), '-')"
        }
        return parts.isEmpty ? "0" : "CRC32(CONCAT_WS('/', \(parts.joined(separator: ", "))))"
    }

    /// The rows of a range as one row: how many, and the sum of their checksums.
    func statement(_ range: DataSample.Range, of table: DataSample.Table, seconds: Int) -> String {
        var source = "SELECT \(rowChecksum) AS h FROM \(Self.quoted(table.schema)).\(Self.quoted(table.name))"
        if range.order != .none, let first = key.first {
            source += " FORCE INDEX (PRIMARY)"
            if let from = range.from.flatMap(Int128.init) {
                source += " WHERE \(Self.quoted(first.column)) \(first.isDescending ? "<=" : ">=") \(from)"
            }
            source += " ORDER BY \(Self.list(order(of: range.order)))"
        }
        return """
            SET STATEMENT max_statement_time=\(seconds) FOR SELECT COUNT(*) AS n, COALESCE(SUM(h), 0) AS s \
            FROM (\(source) LIMIT \(range.limit)) AS part
            """
    }

    /// The ends of the primary key's first column.
    func ends(of table: DataSample.Table, seconds: Int) -> String? {
        guard let first = numericKey else { return nil }
        let name = Self.quoted(first.column)
        return """
            SET STATEMENT max_statement_time=\(seconds) FOR SELECT MIN(\(name)) AS low, MAX(\(name)) AS high \
            FROM \(Self.quoted(table.schema)).\(Self.quoted(table.name)) FORCE INDEX (PRIMARY)
            """
    }

    private func order(of order: DataSample.Range.Order) -> [String] {
        key.map { part in
            let isDescending = part.isDescending != (order == .last)
            return Self.quoted(part.column) + (isDescending ? " DESC" : "")
        }
    }

    private static func list(_ parts: [String]) -> String { parts.joined(separator: ", ") }

    /// A name as an identifier.
    static func quoted(_ name: String) -> String {
        "`" + name.map { $0 == "`" ? "``" : String($0) }.joined() + "`"
    }
}

/// How much of a table is read.
struct SampleSize: Hashable, Sendable {
    /// By the server's estimate.
    var rows: Int
    /// By the server's estimate, off-page values included.
    var bytes: Int

    /// A table with fewer rows by the estimate is read as a whole.
    static let smallRows = 20_000
    /// As many at most, should the estimate be far from the truth.
    static let wholeRows = 50_000
    /// Of each end of a table that is not small.
    static let endRows = 1000
    /// Of each place between the ends.
    static let placeRows = 200
    static let places = 8
    /// Rows are so few that they have no more bytes than this, but never fewer than `fewestRows`.
    static let partBytes = 64 << 20
    static let fewestRows = 10

    private var rowBytes: Int { max(1, bytes / max(1, rows)) }

    private func limit(_ rows: Int) -> Int { max(Self.fewestRows, min(rows, Self.partBytes / rowBytes)) }

    /// What is read of a table with a primary key or without one.
    ///
    /// - Parameter ends: the least and the greatest value of the key's first column, when that is a whole number.
    func ranges(hasKey: Bool, ends: (low: Int128, high: Int128)?) -> [DataSample.Range] {
        guard hasKey else { return [DataSample.Range(order: .none, limit: limit(Self.wholeRows) + 1)] }
        guard rows > Self.smallRows || limit(Self.wholeRows) < rows else {
            return [DataSample.Range(order: .first, limit: limit(Self.wholeRows))]
        }
        var ranges = [
            DataSample.Range(order: .first, limit: limit(Self.endRows)),
            DataSample.Range(order: .last, limit: limit(Self.endRows)),
        ]
        guard let ends, ends.high > ends.low else { return ranges }
        for place in 1...Int128(Self.places) {
            let from = ends.low + (ends.high - ends.low) * place / Int128(Self.places + 1)
            ranges.append(DataSample.Range(order: .first, from: "\(from)", limit: limit(Self.placeRows)))
        }
        return ranges
    }
}
