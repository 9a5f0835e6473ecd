/// Strings that were read before, so that equal ones share their memory.
///
/// The objects of a kind have much in common: the keys and values of their labels, their images, their owners. A reader
/// that has a pool looks each string up that does not fit into a `String` itself; the pool remembers a few hundred, and
/// forgets one for another.
///
/// Used by one task at a time.
public final class StringPool {
    private static let size = 512

    private var strings = [String](repeating: "", count: size)

    /// A pool without strings.
    public init() {}

    /// The text of ASCII bytes.
    func string(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let slot = Int((hash ^ hash >> 32) % UInt64(Self.size))
        if strings[slot].utf8.count == bytes.count, strings[slot].utf8.elementsEqual(bytes) { return strings[slot] }
        let string = String(decoding: bytes, as: UTF8.self)
        strings[slot] = string
        return string
    }
}
