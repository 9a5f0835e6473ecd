import Testing
import XDB

@testable import Agent

struct TableDefinitionTests {
    private static let table = DataSample.Table(schema: "shop", name: "we`ird", kind: "BASE TABLE")
    private static let definition = TableDefinition(
        columns: [
            .init("id", "bigint(20) unsigned"), .init("name", "varchar(20)"), .init("ratio", "float(7,3)"),
            .init("twice", "int(11)", isDerived: true),
        ],
        key: [.init(column: "id"), .init(column: "name", isDescending: true)]
    )

    private static let row =
        "CRC32(CONCAT_WS('/', IFNULL(CRC32(`id`), '-'), IFNULL(CRC32(`name`), '-'), "
        + "IFNULL(CRC32(CAST(`ratio` AS DOUBLE)), '-')))"

    struct Line: CustomTestStringConvertible {
        var testDescription: String
        var range: DataSample.Range
        var tail: String
    }

    static let lines = [
        Line(
            testDescription: "first",
            range: .init(order: .first, limit: 10),
            tail: " FORCE INDEX (PRIMARY) ORDER BY `id`, `name` DESC LIMIT 10"
        ),
        Line(
            testDescription: "last",
            range: .init(order: .last, limit: 10),
            tail: " FORCE INDEX (PRIMARY) ORDER BY `id` DESC, `name` LIMIT 10"
        ),
        Line(
            testDescription: "from a place",
            range: .init(order: .first, from: "-5", limit: 10),
            tail: " FORCE INDEX (PRIMARY) WHERE `id` >= -5 ORDER BY `id`, `name` DESC LIMIT 10"
        ),
        Line(
            testDescription: "from what is no number",
            range: .init(order: .first, from: "1 OR 1", limit: 10),
            tail: " FORCE INDEX (PRIMARY) ORDER BY `id`, `name` DESC LIMIT 10"
        ),
        Line(testDescription: "all", range: .init(order: .none, limit: 10), tail: " LIMIT 10"),
    ]

    @Test(arguments: lines)
    func aRangeIsReadInTheOrderOfThePrimaryKey(_ line: Line) {
        let statement = Self.definition.statement(line.range, of: Self.table, seconds: 5)
        #expect(
            statement == "SET STATEMENT max_statement_time=5 FOR SELECT COUNT(*) AS n, COALESCE(SUM(h), 0) AS s FROM "
                + "(SELECT \(Self.row) AS h FROM `shop`.`we``ird`\(line.tail)) AS part"
        )
    }

    @Test func onlyWholeNumbersHavePlacesBetweenTheEnds() {
        #expect(Self.definition.numericKey?.column == "id")
        var other = Self.definition
        other.key.removeFirst()
        #expect(other.numericKey == nil)
        #expect(other.fingerprint != Self.definition.fingerprint)
    }

    @Test func howMuchIsReadDependsOnTheSize() {
        let small = SampleSize(rows: 20_000, bytes: 1 << 20)
        #expect(small.ranges(hasKey: true, ends: nil) == [.init(order: .first, limit: 50_000)])
        #expect(small.ranges(hasKey: false, ends: nil) == [.init(order: .none, limit: 50_001)])
        let ends = [DataSample.Range(order: .first, limit: 1000), .init(order: .last, limit: 1000)]
        let large = SampleSize(rows: 1_000_000, bytes: 1 << 30)
        #expect(large.ranges(hasKey: true, ends: nil) == ends)
        let places = large.ranges(hasKey: true, ends: (-10, Int128(UInt64.max)))
        #expect(places.count == 10)
        #expect(places[2] == .init(order: .first, from: "2049638230412172392", limit: 200))
        // Rows of 32 MiB each: a few are enough.
        let long = SampleSize(rows: 100, bytes: 100 * (32 << 20))
        #expect(long.ranges(hasKey: true, ends: nil).map(\.limit) == [10, 10])
        #expect(long.ranges(hasKey: false, ends: nil).map(\.limit) == [11])
    }
}

struct SampleComparisonTests {
    private static func sample(rows: Int = 2, checksum: String? = "77", names: [String] = ["t"]) -> DataSample {
        let tables = names.map { DataSample.Table(schema: "shop", name: $0, kind: "BASE TABLE") }
        var sample = DataSample(
            position: GTID(serverID: ServerID(rawValue: 16), sequence: 5),
            schemas: ["shop"],
            tables: tables
        )
        sample.samples = tables.map { table in
            let part = DataSample.Part(range: .init(order: .first, limit: 100), rows: rows, checksum: checksum)
            return DataSample.TableSample(table: table, definition: ["id int"], parts: [part])
        }
        return sample
    }

    private static func words(_ own: DataSample, _ other: DataSample) -> [String] {
        SampleComparison(own: own, other: other, source: "orders-0").differences.map(\.description)
    }

    @Test func whatIsTheSameHasNoDifference() {
        #expect(Self.words(Self.sample(), Self.sample()).isEmpty)
        #expect(SampleComparison(own: Self.sample(), other: Self.sample(), source: "orders-0").rows == 2)
    }

    /// A table that comes or goes in this moment says nothing about the data.
    @Test func whatIsChangingIsNoDifference() {
        var other = Self.sample(names: ["s", "t"])
        other.changing = ["table shop.s", "table shop.u"]
        #expect(Self.words(Self.sample(names: ["t", "u"]), other).isEmpty)
    }

    @Test func whatIsNotTheSameIsNamed() {
        #expect(
            Self.words(Self.sample(rows: 1, checksum: "5"), Self.sample()) == [
                "table shop.t has 1 row with checksum 5 here and 2 rows with checksum 77 at orders-0, among the first 100 "
                    + "by primary key"
            ]
        )
        #expect(Self.words(Self.sample(checksum: nil), Self.sample()).count == 1)
        #expect(
            Self.words(Self.sample(names: ["t", "u"]), Self.sample(names: ["s", "t"])) == [
                "table shop.s is not here, and is at orders-0", "table shop.u is here, and not at orders-0",
            ]
        )
        var empty = Self.sample(names: [])
        empty.schemas = []
        #expect(
            Self.words(empty, Self.sample()) == [
                "schema shop is not here, and is at orders-0", "table shop.t is not here, and is at orders-0",
            ]
        )
        var other = Self.sample()
        other.samples[0].definition.append("v int")
        #expect(Self.words(Self.sample(), other) == ["table shop.t has other columns than at orders-0"])
    }
}
