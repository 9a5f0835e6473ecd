import Testing

@testable import Operator

@Suite struct PasswordTests {
    @Test func has32PlainCharactersAndIsNeverTheSame() {
        let passwords = (0..<100).map { _ in Password.random() }
        #expect(Set(passwords).count == 100)
        #expect(passwords.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy { $0.isLetter || $0.isNumber } })
    }
}
