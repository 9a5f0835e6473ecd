import Testing

@testable import Agent

@Suite struct ServerSQLTests {
    @Test func literals() {
        #expect(ServerSQL.literal("plain") == "'plain'")
        #expect(ServerSQL.literal("it's") == "'it''s'")
        #expect(ServerSQL.literal("a\\'; DROP TABLE t; --\n") == "'a\\\\''; DROP TABLE t; --\\n'")
        #expect(ServerSQL.literal("\0\u{1A}é") == "'\\0\\Zé'")
    }

    @Test func errorsHoldNoLiterals() {
        let statement = "ALTER USER 'app'@'%' IDENTIFIED BY PASSWORD '*B69027D4'"
        #expect(ServerSQL.redacted(statement) == "ALTER USER")
    }

    @Test func aMissingServerIsAnError() async {
        let sql = ServerSQL(socket: "/nonexistent/s", user: "root", binlog: .off, deadline: 1, name: "test")
        let error = await #expect(throws: SQLError.self) { try await sql.query("SELECT 1") }
        #expect(error?.connectionLost == true)
    }
}
