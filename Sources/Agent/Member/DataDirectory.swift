import CMariaDB
import Glibc
import Logging

/// The server's data directory, made once and as a whole.
struct DataDirectory: Sendable {
    var path: String
    /// A directory on the same file system, for what is not finished.
    var temporary: String
    var installProgram: String

    var exists: Bool { access(path + "/ibdata1", F_OK) == 0 }

    /// The name of the user whom this process runs as; the server knows it by the socket.
    static var user: String {
        guard let entry = getpwuid(getuid()) else { return "mysql" }
        return String(cString: entry.pointee.pw_name)
    }

    /// Makes an empty data directory where there is none.
    ///
    /// It is built aside and renamed into place when all of it is durable, so that a data directory that is there is
    /// whole.
    func create(output: String) async throws {
        guard !exists else { return }
        let building = temporary + "/data.new"
        try await Self.remove(building, output: output)
        try DurableFile.makeDirectories(building)
        var arguments = [
            installProgram, "--no-defaults", "--datadir=\(building)", "--skip-test-db", "--skip-name-resolve",
            "--auth-root-authentication-method=socket", "--auth-root-socket-user=\(Self.user)",
        ]
        if getuid() == 0 { arguments.append("--user=root") }
        let end = await Self.finish(try WatchedProcess.start(arguments, output: output))
        guard end == .exited(0) else { throw DataDirectoryError(program: installProgram, end: end) }
        let descriptor = open(building, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(building)") }
        defer { close(descriptor) }
        guard xdb_syncfs(descriptor) == 0 else { throw SystemError("syncfs \(building)") }
        guard rename(building, path) == 0 else { throw SystemError("rename \(building)") }
        try DurableFile.syncDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    }

    private static func remove(_ path: String, output: String) async throws {
        guard access(path, F_OK) == 0 else { return }
        let end = await finish(try WatchedProcess.start(["/bin/rm", "-rf", "--", path], output: output))
        guard end == .exited(0) else { throw DataDirectoryError(program: "rm", end: end) }
    }

    /// Waits for a helper program, and kills it when the waiting task is cancelled.
    private static func finish(_ process: WatchedProcess) async -> ProcessEnd {
        await withTaskCancellationHandler {
            await process.ended()
        } onCancel: {
            process.signal(SIGKILL)
        }
    }
}

/// A data directory that could not be made.
struct DataDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    var program: String
    var end: ProcessEnd

    var description: String { "\(program) \(end); its output is in the server's log" }
}
