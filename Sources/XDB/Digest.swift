/// A short digest for names and comparisons; not for secrets.
public enum Digest {
    /// 13 characters of FNV-1a over the text, in base 36.
    public static func text(of text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 36)
        return String(repeating: "0", count: 13 - digits.count) + digits
    }
}
