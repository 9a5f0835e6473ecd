import Foundation

/// A program that ended with an error.
struct CommandFailure: Error, CustomStringConvertible {
    let command: String
    let status: Int32
    let output: String

    var description: String { "'\(command)' ended with \(status):\n\(output)" }
}

/// Runs programs one after another and takes what they print.
enum Command {
    /// Runs a program found on `PATH` and returns its standard output; its errors go to ours.
    ///
    /// - Parameter input: written to its standard input.
    @discardableResult
    static func run(_ arguments: [String], input: String? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        let source = Pipe()
        process.standardInput = input == nil ? FileHandle.nullDevice : source
        try process.run()
        if let input {
            try source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try source.fileHandleForWriting.close()
        }
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw CommandFailure(
                command: arguments.joined(separator: " "),
                status: process.terminationStatus,
                output: text
            )
        }
        return text
    }

    /// Repeats a step until it gives a value, for at most a number of seconds; the last error is thrown then.
    static func poll<Value>(_ what: String, seconds: Double = 300, _ step: () throws -> Value?) throws -> Value {
        let deadline = Date(timeIntervalSinceNow: seconds)
        var last: (any Error)?
        while Date() < deadline {
            do {
                if let value = try step() { return value }
                last = nil
            } catch {
                last = error
            }
            Thread.sleep(forTimeInterval: 0.5)
        }
        throw last ?? CommandFailure(command: what, status: -1, output: "not so within \(Int(seconds)) s")
    }
}
