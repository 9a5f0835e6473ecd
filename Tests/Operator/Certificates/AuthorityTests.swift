import FoundationEssentials
import SwiftASN1
import Testing
@_spi(FixedExpiryValidationTime) import X509

@testable import Operator

@Suite struct AuthorityTests {
    let now = Date(timeIntervalSince1970: 1_700_000_000)
    let names = ["orders-0.orders.default.xdb", "localhost"]

    func authority() throws -> Authority { try Authority(group: "orders", namespace: "default", now: now) }

    @Test func issuesWhatItsMembersTrust() async throws {
        let authority = try authority()
        let identity = try authority.issue(commonName: "orders-0", names: names, now: now)
        var verifier = Verifier(
            rootCertificates: CertificateStore([try Certificate(pemEncoded: authority.certificatePEM)])
        ) {
            RFC5280Policy(fixedExpiryValidationTime: now)
        }
        let result = await verifier.validate(
            leaf: try Certificate(pemEncoded: identity.certificate),
            intermediates: CertificateStore()
        )
        guard case .validCertificate = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test func readsItselfBack() throws {
        let authority = try authority()
        let again = try Authority(certificatePEM: authority.certificatePEM, keyPEM: authority.keyPEM)
        let identity = try again.issue(commonName: "orders-0", names: names, now: now)
        #expect(authority.renewal(of: identity, names: names, now: now) == nil)
    }

    @Test(arguments: [
        (days: 1.0, expected: Authority.Renewal?.none),
        (days: 240.0, expected: nil),
        (days: 245.0, expected: .due),
        (days: 400.0, expected: .due),
    ])
    func renewsWhenAThirdOfTheLifeIsLeft(days: Double, expected: Authority.Renewal?) throws {
        let authority = try authority()
        let identity = try authority.issue(commonName: "orders-0", names: names, now: now)
        #expect(authority.renewal(of: identity, names: names, now: now + days * 86400) == expected)
    }

    @Test func renewsWhatAnotherAuthorityIssued() throws {
        let identity = try authority().issue(commonName: "orders-0", names: names, now: now)
        #expect(try authority().renewal(of: identity, names: names, now: now) == .otherAuthority)
    }

    @Test func renewsForOtherNamesAndBrokenText() throws {
        let authority = try authority()
        var identity = try authority.issue(commonName: "orders-0", names: names, now: now)
        #expect(authority.renewal(of: identity, names: ["localhost"], now: now) == .otherNames)
        identity.key = try authority.issue(commonName: "orders-0", names: names, now: now).key
        #expect(authority.renewal(of: identity, names: names, now: now) == .unreadable)
        identity.certificate = "nonsense"
        #expect(authority.renewal(of: identity, names: names, now: now) == .unreadable)
    }

    @Test func saysWhichTextIsBroken() throws {
        let authority = try authority()
        #expect(throws: CertificateProblem.unreadable("ca.key")) {
            try Authority(certificatePEM: authority.certificatePEM, keyPEM: "nonsense")
        }
        #expect(throws: CertificateProblem.unreadable("ca.crt")) {
            try Authority(certificatePEM: "", keyPEM: authority.keyPEM)
        }
    }
}
