import CMariaDB
import Glibc

/// What the Jobs have in common about the programs that they run, and about what is left of them.
enum HelperProgram {
    /// Ends what an earlier life of the Job has left behind, should it have been killed alone.
    static func endAll(_ program: String, argument: String) async {
        for process in WatchedProcess.find(program: program, argument: argument) {
            process.signal(SIGKILL)
            _ = await process.ended()
        }
    }

    /// Whether a program's words are those of a full disk.
    static func saysNoSpace(_ text: String) -> Bool {
        ["No space left", "rrcode: 28", "rror 28", "Disk quota exceeded", "rrcode: 122"].contains(where: text.contains)
    }

    /// Makes everything durable on a directory's volume.
    static func synchronize(_ directory: String) throws(SystemError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(directory)") }
        defer { close(descriptor) }
        guard xdb_syncfs(descriptor) == 0 else { throw SystemError("syncfs \(directory)") }
    }
}
