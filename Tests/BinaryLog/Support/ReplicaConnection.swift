import BinaryLog

/// A client's connection to a real server, as root without a password: the part that the agent leaves to libmariadb.
final class ReplicaConnection {
    struct Failure: Error {
        var payload: [UInt8]
    }

    let socket: Socket
    private var reader = PacketReader(limit: 1 << 20)
    private var packets: [Packet] = []

    init(path: String) throws {
        socket = try Socket(path: path)
        _ = try packet()
        // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH.
        var login: [UInt8] = [0x00, 0x82, 0x08, 0x00, 0x00, 0x00, 0x00, 0x40, 0x21]
        login += [UInt8](repeating: 0, count: 23)
        login += Array("root".utf8) + [0, 0] + Array("mysql_native_password".utf8) + [0]
        var writer = PacketWriter(sequence: 1)
        writer.append(login)
        try socket.send(writer.bytes)
        try expectOK()
    }

    private func packet() throws -> Packet {
        while packets.isEmpty {
            let bytes = try socket.receive()
            guard !bytes.isEmpty else { throw Failure(payload: []) }
            try bytes.withUnsafeBytes { raw in try reader.read(raw) { packets.append($0) } }
        }
        return packets.removeFirst()
    }

    private func expectOK() throws {
        let answer = try packet()
        guard answer.payload.first == 0 else { throw Failure(payload: answer.payload) }
    }

    /// Begins a dump.
    ///
    /// What follows on the socket is the stream.
    func dump(_ request: DumpRequest) throws {
        for statement in request.statements {
            var writer = PacketWriter()
            writer.append([0x03] + Array(statement.utf8))
            try socket.send(writer.bytes)
            try expectOK()
        }
        try socket.send(request.packet)
    }
}
