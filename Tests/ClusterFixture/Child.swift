import Foundation
import Glibc

/// A child process.
///
/// Not Foundation's `Process`: its `waitUntilExit` may wait for ever when several threads wait for children.
struct Child: Sendable {
    private let pid: pid_t

    /// Starts a program that is looked up in `PATH`; these become its first three descriptors.
    init(_ words: [String], input: Int32, output: Int32, errors: Int32 = STDERR_FILENO) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, words[0], &actions, nil, &argv, environ)
        guard result == 0 else {
            throw CommandFailed(words: words, code: result, text: String(cString: strerror(result)))
        }
        self.pid = pid
    }

    /// Blocks until it has ended: its exit code, or 128 and the signal that killed it.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        // The macros WTERMSIG and WEXITSTATUS.
        let signal = status & 0x7F
        return signal == 0 ? status >> 8 & 0xFF : 128 + signal
    }
}

/// A program ended with another code than 0.
package struct CommandFailed: Error, CustomStringConvertible {
    package var words: [String]
    package var code: Int32
    package var text: String

    package var description: String { "\(words.joined(separator: " ")): code \(code): \(text)" }
}
