import CZlib

/// Files in one: a tar archive (POSIX ustar), compressed by gzip.
package struct Archive: Sendable {
    private var bytes: [UInt8] = []
    private let modified: Int64

    /// - Parameter seconds: The time of its files, since 1970.
    package init(modified seconds: Int64) {
        modified = seconds
    }

    private static let blockSize = 512

    /// Adds a file.
    ///
    /// - Parameter path: At most 100 bytes in its last part, and 155 before that.
    package mutating func add(_ path: String, _ contents: [UInt8]) {
        bytes += header(path, size: contents.count)
        bytes += contents
        bytes += [UInt8](repeating: 0, count: (Self.blockSize - contents.count % Self.blockSize) % Self.blockSize)
    }

    private func header(_ path: String, size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        func put(_ text: String, at offset: Int, atMost length: Int) {
            for (index, byte) in text.utf8.prefix(length).enumerated() { block[offset + index] = byte }
        }
        func octal(_ number: Int64, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        let parts = path.split(separator: "/")
        let isLong = path.utf8.count > 100
        put(isLong ? String(parts.last ?? "") : path, at: 0, atMost: 100)
        put(octal(0o600, 7), at: 100, atMost: 7)
        put(octal(0, 7), at: 108, atMost: 7)
        put(octal(0, 7), at: 116, atMost: 7)
        put(octal(Int64(size), 11), at: 124, atMost: 11)
        put(octal(modified, 11), at: 136, atMost: 11)
        put("        0", at: 148, atMost: 9)
        put("ustar", at: 257, atMost: 5)
        put("00", at: 263, atMost: 2)
        if isLong { put(parts.dropLast().joined(separator: "/"), at: 345, atMost: 155) }
        // The sum is made with spaces in its own place.
        let sum = block.reduce(0) { $0 + Int64($1) }
        put(octal(sum, 6), at: 148, atMost: 6)
        block[154] = 0
        return block
    }

    /// The archive with its end, compressed.
    package func compressed() throws -> [UInt8] {
        try Self.gzip(bytes + [UInt8](repeating: 0, count: 2 * Self.blockSize))
    }

    private static func gzip(_ input: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        // 16 more than the size of the window asks for gzip's header.
        guard xdb_deflate_begin(&stream, 6, 15 + 16) == Z_OK else {
            throw Complaint("no memory to compress the report")
        }
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))))
        var input = input
        let code = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        guard code == Z_STREAM_END else { throw Complaint("the report cannot be compressed (zlib: \(code))") }
        return Array(output.prefix(Int(stream.total_out)))
    }
}
