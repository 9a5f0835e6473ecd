/// The answers that a server gives to commands: OK, ERR, and result sets of text with classic EOF packets.
enum ServerPackets {
    /// Autocommit: what the status field of every answer says.
    private static let status: UInt16 = 0x0002

    static var ok: [UInt8] { [0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00] }

    static var eof: [UInt8] {
        var payload: [UInt8] = [0xFE, 0x00, 0x00]
        payload.append(little: status)
        return payload
    }

    static func error(_ code: UInt16, state: String = "HY000", _ message: String) -> [UInt8] {
        var payload: [UInt8] = [0xFF]
        payload.append(little: code)
        payload.append(UInt8(ascii: "#"))
        payload.append(contentsOf: state.utf8.prefix(5))
        // Replicas show the text in SHOW SLAVE STATUS, whose column has 512 bytes.
        payload.append(contentsOf: message.utf8.prefix(500))
        return payload
    }

    /// Column count, definitions, EOF, rows, EOF: one payload each.
    static func resultSet(columns: [String], rows: [[String]]) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var count: [UInt8] = []
        count.append(lengthEncoded: columns.count)
        payloads.append(count)
        payloads += columns.map(columnDefinition)
        payloads.append(eof)
        for row in rows {
            var payload: [UInt8] = []
            for value in row { payload.append(lengthEncoded: value) }
            payloads.append(payload)
        }
        payloads.append(eof)
        return payloads
    }

    private static func columnDefinition(_ name: String) -> [UInt8] {
        var payload: [UInt8] = []
        payload.append(lengthEncoded: "def")
        // No schema, no table, no original table.
        payload.append(contentsOf: [0, 0, 0])
        payload.append(lengthEncoded: name)
        payload.append(0)
        payload.append(0x0C)
        payload.append(little: UInt16(8))
        payload.append(little: UInt32(1024))
        // VAR_STRING: replicas do not look at types.
        payload.append(0xFD)
        payload.append(little: UInt16(0))
        payload.append(0x27)
        payload.append(little: UInt16(0))
        return payload
    }
}
