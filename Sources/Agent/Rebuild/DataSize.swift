import Glibc

/// How large a server's data are, as far as a copy of them has to do with it.
struct DataSize: Hashable, Sendable {
    /// What is copied.
    var data: UInt64 = 0
    /// The storage engine's own log: of it only what is needed is copied, and it is made anew with the same size.
    var log: UInt64 = 0

    init() {}

    /// Walks a data directory; files that come and go meanwhile do not matter.
    init(of directory: String) throws(SystemError) {
        try add(directory, isTop: true)
    }

    private mutating func add(_ directory: String, isTop: Bool) throws(SystemError) {
        guard let stream = opendir(directory) else {
            if !isTop, errno == ENOENT { return }
            throw SystemError("opendir \(directory)")
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            var information = stat()
            guard lstat("\(directory)/\(name)", &information) == 0 else { continue }
            switch information.st_mode & S_IFMT {
            case S_IFDIR: try add("\(directory)/\(name)", isTop: false)
            case S_IFREG: add(name, UInt64(information.st_size), isTop)
            default: break
            }
        }
    }

    private mutating func add(_ name: String, _ size: UInt64, _ isTop: Bool) {
        guard isTop else { return data += size }
        if name.hasPrefix("ib_logfile") { return log += size }
        // Binlogs are the source's own, and temporary tables nobody's.
        guard !["binlog.", "relay.", "ibtmp"].contains(where: name.hasPrefix) else { return }
        data += size
    }
}
