import FoundationEssentials
import KubernetesModel
import Planning

extension GroupReference {
    /// The CA with its key.
    ///
    /// Only the operator reads it: no pod mounts it.
    func authorityBody(_ authority: Authority) -> JSONValue {
        secret(
            names.authority,
            type: "Opaque",
            data: ["ca.crt": authority.certificatePEM, "ca.key": authority.keyPEM]
        )
    }

    /// A certificate with its key, and the CA to check the other side with.
    func identityBody(_ secretName: String, identity: Identity, authority: String) -> JSONValue {
        secret(
            secretName,
            type: "kubernetes.io/tls",
            data: ["ca.crt": authority, "tls.crt": identity.certificate, "tls.key": identity.key]
        )
    }

    /// Everything that an application needs in order to connect, in the keys that applications expect.
    func applicationBody(password: String) -> JSONValue {
        account(names.application, user: "app", password: password, database: "app")
    }

    /// The administrator's account.
    func administratorBody(password: String) -> JSONValue {
        account(names.administrator, user: "admin", password: password, database: nil)
    }

    private func account(_ secretName: String, user: String, password: String, database: String?) -> JSONValue {
        let host = "\(names.leaderService).\(namespace).svc"
        var data = ["username": user, "password": password, "host": host, "port": "3306"]
        if let database { data["database"] = database }
        data["uri"] = "mysql://\(user):\(password)@\(host):3306/\(database ?? "")"
        return secret(secretName, type: "Opaque", data: data)
    }

    private func secret(_ secretName: String, type: String, data: [String: String]) -> JSONValue {
        [
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata(secretName),
            "type": .string(type),
            "data": .object(data.mapValues { .string(Data($0.utf8).base64EncodedString()) }),
        ]
    }
}
