import Glibc

/// A call of the operating system that failed, with what it was about.
struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    var operation: String
    var code: Int32

    init(_ operation: String, code: Int32 = errno) {
        self.operation = operation
        self.code = code
    }

    var description: String { "\(operation): \(String(cString: strerror(code)))" }
}
