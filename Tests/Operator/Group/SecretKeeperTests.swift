import FoundationEssentials
import KubernetesModel
import Planning
import Synchronization
import Testing

@testable import Operator

/// Certificates are renewed while there is plenty of time, and those that are good stay.
@Suite struct SecretKeeperTests {
    private final class Calendar: Sendable {
        private let date = Mutex(Date())
        var now: Date { date.withLock { $0 } }
        func pass(days: Double) { date.withLock { $0 += days * 86400 } }
    }

    private let cluster = FakeCluster()
    private let calendar = Calendar()

    private func certificate(_ name: String) async throws -> String {
        let secret = try #require(
            try await cluster.get(Secret.self, ObjectKey(namespace: "default", name: name))
        )
        return String(decoding: secret.data["tls.crt"] ?? [], as: UTF8.self)
    }

    @Test func aCertificateIsRenewedWhenAThirdOfItsLifeIsLeft() async throws {
        let keeper = SecretKeeper(cluster: cluster, freshness: .zero, now: { [calendar] in calendar.now })
        func look() async throws -> AgentCredentials? {
            let credentials = try await keeper.credentials(orders, lives: ["orders-0"])
            try await keeper.ensureCertificate(orders, life: "orders-0")
            return credentials
        }
        _ = try await look()
        let (member, credentials) = (try await certificate("orders-0-tls"), try await look())
        #expect(credentials != nil)
        calendar.pass(days: 230)
        _ = try await look()
        #expect(try await certificate("orders-0-tls") == member)
        calendar.pass(days: 20)
        _ = try await look()
        #expect(try await certificate("orders-0-tls") != member)
        // The operator shows a new one, too, of the same authority.
        let renewed = try await look()
        #expect(renewed?.identity != credentials?.identity)
        #expect(renewed?.authority == credentials?.authority)
    }
}
