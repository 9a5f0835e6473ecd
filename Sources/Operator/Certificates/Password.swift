/// Passwords of generated accounts.
enum Password {
    // No characters that need care in SQL, YAML, a shell or a URI.
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

    /// 32 characters from the system's generator: 190 bits.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return String((0..<32).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] })
    }
}
