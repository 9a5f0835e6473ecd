import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// Why a certificate or its key cannot be used.
enum CertificateProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The PEM text in this Secret's key cannot be read.
    case unreadable(String)

    /// What is wrong and what to do.
    var description: String {
        switch self {
        case .unreadable(let what):
            "\(what) is not readable PEM of a P-256 key or certificate: delete the Secret and it is made anew"
        }
    }
}

/// A certificate with its private key, both in PEM.
struct Identity: Hashable, Sendable {
    /// The certificate.
    var certificate: String
    /// The private key, PKCS #8.
    var key: String

    /// Joins a certificate and its key.
    init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// The certificate authority of one group: P-256, ten years.
///
/// Every group has its own, so that a member of one group is nobody to another. Its key stays in the Secret that only
/// the operator reads.
struct Authority: Sendable {
    /// The CA's certificate, in PEM: what everybody in the group trusts.
    let certificatePEM: String
    /// The CA's private key, in PEM.
    let keyPEM: String

    private let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    private static let lifetime: TimeInterval = 10 * 365 * 86400
    private static let identityLifetime: TimeInterval = 365 * 86400
    /// Clocks of nodes differ: a certificate is valid a little before it was made.
    private static let skew: TimeInterval = 3600

    /// A new authority.
    init(group: String, namespace: String, now: Date) throws {
        let key = P256.Signing.PrivateKey()
        // The key's fingerprint makes the subject of every authority its own: a verifier picks an issuer by its name.
        let fingerprint = SHA256.hash(data: key.publicKey.rawRepresentation).prefix(6)
            .map { hexadecimal($0) }.joined()
        let subject = try DistinguishedName {
            OrganizationName("xdb-operator")
            CommonName("xdb-\(fingerprint)")
        }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now - Self.skew,
            notValidAfter: now + Self.lifetime,
            issuer: subject,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
                Critical(NameConstraints(permittedDNSDomains: ["\(group).\(namespace).xdb", "localhost"]))
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
        self.certificate = certificate
        self.key = key
        self.certificatePEM = try certificate.serializeAsPEM().pemString
        self.keyPEM = key.pemRepresentation
    }

    /// An authority that was made before.
    init(certificatePEM: String, keyPEM: String) throws {
        do {
            self.certificate = try Certificate(pemEncoded: certificatePEM)
        } catch {
            throw CertificateProblem.unreadable("ca.crt")
        }
        do {
            self.key = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
        } catch {
            throw CertificateProblem.unreadable("ca.key")
        }
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
    }

    /// Makes a key and a certificate for these DNS names, for both sides of a connection, valid for a year.
    func issue(commonName: String, names: [String], now: Date) throws -> Identity {
        let key = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now - Self.skew,
            notValidAfter: min(now + Self.identityLifetime, self.certificate.notValidAfter),
            issuer: self.certificate.subject,
            subject: try DistinguishedName { CommonName(commonName) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(names.map { .dnsName($0) })
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            },
            issuerPrivateKey: Certificate.PrivateKey(self.key)
        )
        return Identity(certificate: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation)
    }

    /// Why an identity has to be made anew; nil when it is good.
    ///
    /// Renewal starts when a third of the life is left, so that a year's certificate has four months in which a renewal
    /// may fail before anything stops.
    func renewal(of identity: Identity, names: [String], now: Date) -> Renewal? {
        guard let certificate = try? Certificate(pemEncoded: identity.certificate),
            let key = try? P256.Signing.PrivateKey(pemRepresentation: identity.key),
            certificate.publicKey == Certificate.PublicKey(key.publicKey)
        else { return .unreadable }
        guard self.certificate.publicKey.isValidSignature(certificate.signature, for: certificate) else {
            return .otherAuthority
        }
        let alternative = (try? certificate.extensions.subjectAlternativeNames) ?? nil
        let carried = alternative.map { names in
            names.compactMap { name -> String? in if case .dnsName(let value) = name { value } else { nil } }
        }
        guard Set(carried ?? []) == Set(names) else { return .otherNames }
        let life = certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore)
        return certificate.notValidAfter.timeIntervalSince(now) < life / 3 ? .due : nil
    }

    /// Why a certificate is made anew.
    enum Renewal: String, Sendable {
        /// A third of its life is left, or less.
        case due = "CertificateDue"
        /// The Secret has no certificate with its key.
        case unreadable = "CertificateUnreadable"
        /// It was issued by another authority: the group's CA is a new one.
        case otherAuthority = "AuthorityChanged"
        /// It is for other names.
        case otherNames = "NamesChanged"
    }
}

private func hexadecimal(_ byte: UInt8) -> String {
    String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
}
