/// Why bytes are not the JSON, or not the object, that was expected.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of mistake it is.
    public enum Reason: Hashable, Sendable {
        /// The bytes end inside a value.
        case truncated
        /// The bytes are not JSON.
        case malformed
        /// Arrays and objects are nested deeper than any Kubernetes object is.
        case tooDeep
        /// The JSON is right, but a value is not of the type, or not in the range, that its place wants.
        case mismatch
    }

    /// What kind of mistake it is.
    public var reason: Reason
    /// What was expected and what was found.
    public var message: String
    /// The byte at which reading stopped.
    public var offset: Int
    /// Where in the document that is, for example `status.conditions[2].type`; empty at the top.
    public var path: String

    /// Makes an error; the path is filled in by the reader's entry points.
    public init(_ reason: Reason, _ message: String, offset: Int, path: String = "") {
        self.reason = reason
        self.message = message
        self.offset = offset
        self.path = path
    }

    /// A sentence with the place of the mistake.
    public var description: String {
        path.isEmpty ? "\(message) (at byte \(offset))" : "\(path): \(message) (at byte \(offset))"
    }

    /// The same error with the path of its offset.
    ///
    /// The reader keeps no path while it reads, since that would cost every good document something; the few bad ones
    /// are scanned a second time.
    func located(in bytes: UnsafeBufferPointer<UInt8>) -> JSONError {
        var steps: [Step] = []
        var index = 0
        let end = min(offset, bytes.count)
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "{"): steps.append(.field(nil))
            case UInt8(ascii: "["): steps.append(.element(0))
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = steps.popLast()
            case UInt8(ascii: ","):
                if case .element(let number)? = steps.last { steps[steps.count - 1] = .element(number + 1) }
                if case .field? = steps.last { steps[steps.count - 1] = .field(nil) }
            case UInt8(ascii: "\""):
                let start = index + 1
                index = start
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                if case .field(nil)? = steps.last, index <= bytes.count {
                    steps[steps.count - 1] = .field(String(decoding: bytes[start..<index], as: UTF8.self))
                }
            default: break
            }
            index += 1
        }
        var copy = self
        copy.path = steps.reduce(into: "") { text, step in
            switch step {
            case .field(let name): text += (text.isEmpty ? "" : ".") + (name ?? "?")
            case .element(let number): text += "[\(number)]"
            }
        }
        return copy
    }

    private enum Step {
        case field(String?)
        case element(Int)
    }
}
