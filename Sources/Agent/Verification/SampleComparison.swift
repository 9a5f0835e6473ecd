import XDB

/// What two members' samples of the same position do not agree about.
struct SampleDifference: Hashable, Sendable {
    /// The schema or table.
    var subject: String
    /// A sentence without its subject.
    var words: String

    var description: String { "\(subject) \(words)" }
}

/// Compares two samples of the same position.
struct SampleComparison: Sendable {
    let own: DataSample
    let other: DataSample
    /// The life that the other one is of.
    let source: String

    /// Nothing when all that was looked at is the same.
    var differences: [SampleDifference] {
        let changing = Set(other.changing)
        return (schemas + tables).filter { !changing.contains($0.subject) } + other.samples.compactMap(difference)
    }

    /// How many rows were compared.
    var rows: Int { own.samples.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.rows } } }

    private var schemas: [SampleDifference] {
        let (mine, others) = (Set(own.schemas), Set(other.schemas))
        return others.subtracting(mine).sorted().map { missing(Self.subject($0)) }
            + mine.subtracting(others).sorted().map { surplus(Self.subject($0)) }
    }

    private var tables: [SampleDifference] {
        let (mine, others) = (Set(own.tables), Set(other.tables))
        return others.subtracting(mine).map(Self.subject).sorted().map(missing)
            + mine.subtracting(others).map(Self.subject).sorted().map(surplus)
    }

    private func missing(_ subject: String) -> SampleDifference {
        SampleDifference(subject: subject, words: "is not here, and is at \(source)")
    }

    private func surplus(_ subject: String) -> SampleDifference {
        SampleDifference(subject: subject, words: "is here, and not at \(source)")
    }

    static func name(_ table: DataSample.Table) -> String {
        "\(table.schema).\(table.name)" + (table.kind == "BASE TABLE" ? "" : " (\(table.kind.lowercased()))")
    }

    static func subject(_ schema: String) -> String { "schema \(schema)" }

    static func subject(_ table: DataSample.Table) -> String { "table \(name(table))" }

    private func difference(_ theirs: DataSample.TableSample) -> SampleDifference? {
        // One that is not here at all is in the list of tables.
        guard let mine = own.samples.first(where: { $0.table == theirs.table }) else { return nil }
        let subject = Self.subject(theirs.table)
        guard mine.definition == theirs.definition else {
            return SampleDifference(subject: subject, words: "has other columns than at \(source)")
        }
        guard let (here, there) = zip(mine.parts, theirs.parts).first(where: { $0 != $1 }) else { return nil }
        let words = "has \(Self.words(here)) here and \(Self.words(there)) at \(source)\(Self.place(there.range))"
        return SampleDifference(subject: subject, words: words)
    }

    private static func words(_ part: DataSample.Part) -> String {
        guard let checksum = part.checksum else { return "\(part.range.limit) rows or more" }
        return "\(part.rows) row\(part.rows == 1 ? "" : "s") with checksum \(checksum)"
    }

    private static func place(_ range: DataSample.Range) -> String {
        switch (range.order, range.from) {
        case (.none, _): ""
        case (.first, nil): ", among the first \(range.limit) by primary key"
        case (.first, let from?): ", among \(range.limit) by primary key from \(from) on"
        case (.last, _): ", among the last \(range.limit) by primary key"
        }
    }
}
