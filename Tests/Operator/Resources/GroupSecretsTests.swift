import FoundationEssentials
import KubernetesModel
import Testing

@testable import Operator

@Suite struct GroupSecretsTests {
    func text(_ body: JSONValue, _ key: String) -> String? {
        body[path: "data", key]?.stringValue.flatMap { Data(base64Encoded: $0) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func applicationsFindAllTheyNeed() {
        let body = orders.applicationBody(password: "secret")
        #expect(body[path: "metadata", "name"] == "orders-app")
        #expect(text(body, "username") == "app")
        #expect(text(body, "password") == "secret")
        #expect(text(body, "database") == "app")
        #expect(text(body, "host") == "orders-leader.default.svc")
        #expect(text(body, "uri") == "mysql://app:secret@orders-leader.default.svc:3306/app")
    }

    @Test func membersNeverGetTheKeyOfTheAuthority() throws {
        let authority = try Authority(group: "orders", namespace: "default", now: Date())
        let identity = try authority.issue(commonName: "x", names: ["x"], now: Date())
        let body = orders.identityBody("orders-0-tls", identity: identity, authority: authority.certificatePEM)
        #expect(body["data"]?.objectValue?.keys.sorted() == ["ca.crt", "tls.crt", "tls.key"])
        #expect(text(body, "ca.crt") == authority.certificatePEM)
        #expect(text(orders.authorityBody(authority), "ca.key") == authority.keyPEM)
    }
}
