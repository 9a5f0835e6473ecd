/// A page of objects, or all of them.
public struct ObjectList<Object: JSONDecodable & Sendable>: Sendable {
    /// The version of the list, and where it goes on.
    public var metadata = ListMeta()
    /// The objects.
    public var items: [Object] = []

    /// An empty list.
    public init() {}
}

extension ObjectList: JSONDecodable {
    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "metadata": metadata = try reader.read()
            case "items":
                reader.shareStrings()
                items = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}

/// What a list has beside its items.
public struct ListMeta: Hashable, Sendable, JSONDecodable {
    /// Where a watch goes on from.
    public var resourceVersion = ""
    /// Asks for the next page; empty on the last one.
    public var continuation = ""
    /// How many objects come on later pages, where the server tells.
    public var remainingItemCount: Int64?

    /// Nothing known.
    public init() {}

    /// Reads it from JSON; what is not kept here is skipped.
    public init(from reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "resourceVersion": resourceVersion = try reader.read()
            case "continue": continuation = try reader.read()
            case "remainingItemCount": remainingItemCount = try reader.read()
            default: try reader.skipValue()
            }
        }
    }
}
