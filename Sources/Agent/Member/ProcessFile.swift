import Glibc

/// Files under `/proc`, whose sizes are not known before they are read.
enum ProcessFile {
    /// The contents; empty when there is no such file, or it may not be read.
    static func contents(at path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 17 {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    static func text(at path: String) -> String { String(decoding: contents(at: path), as: UTF8.self) }

    /// The fields of a `stat` file after the name: the third of all (the state) is the first of these.
    static func fieldsOfStat(at path: String) -> [Substring] {
        // The name in parentheses may hold anything: the fields begin after the last one.
        let text = text(at: path)
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
