import Crypto

/// The password proof `mysql_native_password`.
///
/// It needs SHA-1 because the protocol does. It guards a port on the loopback of one pod, with a password that the agent
/// makes anew for every session of the server.
enum NativePassword {
    static let plugin = "mysql_native_password"

    /// What a client answers to a salt: `SHA1(password) xor SHA1(salt + SHA1(SHA1(password)))`.
    static func proof(password: String, salt: [UInt8]) -> [UInt8] {
        guard !password.isEmpty else { return [] }
        let once = Array(Insecure.SHA1.hash(data: Array(password.utf8)))
        let twice = Array(Insecure.SHA1.hash(data: once))
        let mask = Insecure.SHA1.hash(data: salt + twice)
        return zip(once, mask).map { $0 ^ $1 }
    }

    /// Compares without telling by its time where two proofs differ.
    static func matches(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Capabilities that both ends of a connection announce.
struct Capabilities: OptionSet {
    let rawValue: UInt32

    static let connectWithDatabase = Capabilities(rawValue: 0x8)
    static let protocol41 = Capabilities(rawValue: 0x200)
    static let tls = Capabilities(rawValue: 0x800)
    static let secureConnection = Capabilities(rawValue: 0x8000)
    static let pluginAuthentication = Capabilities(rawValue: 0x8_0000)
    static let lengthEncodedProof = Capabilities(rawValue: 0x20_0000)

    /// All that a replica needs.
    static let offered: Capabilities = [.protocol41, .secureConnection, .pluginAuthentication]
}

/// The first packet of a server, version 10.
struct Greeting {
    var serverVersion: String
    var connectionID: UInt32
    /// Twenty bytes without NUL.
    var salt: [UInt8]

    var payload: [UInt8] {
        let capabilities = Capabilities.offered.rawValue
        var payload: [UInt8] = [10]
        payload.append(contentsOf: serverVersion.utf8)
        payload.append(0)
        payload.append(little: connectionID)
        payload.append(contentsOf: salt.prefix(8))
        payload.append(0)
        payload.append(little: UInt16(truncatingIfNeeded: capabilities))
        // Collation utf8mb3, status autocommit.
        payload.append(8)
        payload.append(little: UInt16(2))
        payload.append(little: UInt16(truncatingIfNeeded: capabilities >> 16))
        payload.append(UInt8(salt.count + 1))
        payload.append(contentsOf: [UInt8](repeating: 0, count: 10))
        payload.append(contentsOf: salt.dropFirst(8))
        payload.append(0)
        payload.append(contentsOf: NativePassword.plugin.utf8)
        payload.append(0)
        return payload
    }
}

/// A client's answer to the greeting.
struct HandshakeResponse: Hashable {
    var user: String
    var proof: [UInt8]

    init(_ payload: [UInt8]) throws {
        (user, proof) = try payload.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            let capabilities = Capabilities(rawValue: try reader.uint32())
            guard capabilities.contains(.protocol41) else {
                throw BinaryLogError.unsupported("a client older than protocol 4.1")
            }
            guard !capabilities.contains(.tls) else {
                throw BinaryLogError.unexpectedPacket("TLS was not offered")
            }
            // Largest packet, collation, and filler of which MariaDB uses a part for more capabilities.
            try reader.skip(4 + 1 + 23)
            let user = String(lossy: try reader.untilNUL())
            let length =
                capabilities.contains(.lengthEncodedProof)
                ? Int(clamping: try reader.lengthEncoded()) : Int(try reader.uint8())
            return (user, Array(try reader.take(length)))
        }
    }
}
