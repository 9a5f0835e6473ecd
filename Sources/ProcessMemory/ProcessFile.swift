import Glibc

/// Files under `/proc`, which say that they are empty, and give what they have piece by piece: a reader that goes by their
/// size, or takes a short piece for the last one, has the beginning only.
package enum ProcessFile {
    /// The contents; empty when there is no such file, or it may not be read.
    package static func contents(at path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 20 {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    package static func text(at path: String) -> String { String(decoding: contents(at: path), as: UTF8.self) }

    /// The fields of a `stat` file after the name: the third of all (the state) is the first of these.
    package static func fieldsOfStat(at path: String) -> [Substring] {
        // The name in parentheses may hold anything: the fields begin after the last one.
        let text = text(at: path)
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
