/// The API server's `Status`: why it refused a request, or what came of a deletion.
public struct APIStatus: Hashable, Sendable {
    /// One field that is wrong.
    public struct Cause: Hashable, Sendable, JSONDecodable {
        /// For programs, for example `FieldValueInvalid`.
        public var reason = ""
        /// The field, for example `spec.replicas`.
        public var field = ""
        /// What is wrong with it.
        public var message = ""

        /// Reads it from JSON; what is not kept here is skipped.
        public init(from reader: inout JSONReader) throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "reason": reason = try reader.read()
                case "field": field = try reader.read()
                case "message": message = try reader.read()
                default: try reader.skipValue()
                }
            }
        }
    }

    /// The HTTP status code.
    public var code = 0
    /// For programs, for example `NotFound`, `Conflict`, `AlreadyExists`.
    public var reason = ""
    /// What happened, for a person.
    public var message = ""
    /// `Success` or `Failure`.
    public var status = ""
    /// The object or kind that the request was about.
    public var kind = ""
    /// The object that it is about.
    public var name = ""
    /// What is wrong with which field.
    public var causes: [Cause] = []
    /// How long the server asks to be left alone.
    public var retryAfterSeconds: Int?

    /// Makes a status, for answers that have no body of this kind.
    public init(code: Int, reason: String = "", message: String) {
        self.code = code
        self.reason = reason
        self.message = message
        self.status = code < 400 ? "Success" : "Failure"
    }
}

extension APIStatus: JSONDecodable {
    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "code": code = try reader.read()
            case "reason": reason = try reader.read()
            case "message": message = try reader.read()
            case "status": status = try reader.read()
            case "details":
                if try reader.readNull() { continue }
                try reader.beginObject()
                while let key = try reader.nextKey() {
                    switch key {
                    case "kind": kind = try reader.read()
                    case "name": name = try reader.read()
                    case "causes": causes = try reader.read()
                    case "retryAfterSeconds": retryAfterSeconds = try reader.read()
                    default: try reader.skipValue()
                    }
                }
            default: try reader.skipValue()
            }
        }
    }
}
