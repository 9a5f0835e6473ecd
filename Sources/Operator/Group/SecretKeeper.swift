import FoundationEssentials
import KubernetesModel
import Planning

/// Makes, renews and looks after the Secrets of groups.
///
/// Secrets are read one by one by name, never listed, watched or cached. What is kept between two looks is which of
/// them exist, and the operator's own certificates, without which it could not speak to agents.
actor SecretKeeper {
    private struct Known {
        var uid: String
        var present: Set<String> = []
        var looked: ContinuousClock.Instant?
        /// Which certificates have been checked, and found good, at the last look.
        var good: Set<String> = []
        var authority: Authority?
        var credentials: AgentCredentials?
    }

    private let cluster: any ClusterAccess
    private let now: @Sendable () -> Date
    /// How old the knowledge of what exists may be.
    private let freshness: Duration
    private var groups: [ObjectKey: Known] = [:]

    /// Looks after Secrets in a cluster.
    init(
        cluster: any ClusterAccess,
        freshness: Duration = .seconds(30),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.cluster = cluster
        self.freshness = freshness
        self.now = now
    }

    /// The names of the group's Secrets that exist.
    ///
    /// - Parameter lives: The lives of members whose certificates are of interest.
    func present(_ group: GroupReference, lives: [String]) async throws -> Set<String> {
        try await look(group, lives: lives)
        return groups[group.key]?.present ?? []
    }

    /// Whom the operator is to the group's agents; nil before the certificates are made.
    func credentials(_ group: GroupReference, lives: [String]) async throws -> AgentCredentials? {
        try await look(group, lives: lives)
        return groups[group.key]?.credentials
    }

    /// Forgets a group that is gone.
    func forget(_ group: ObjectKey) {
        groups[group] = nil
    }

    /// Makes the CA unless there is one, and the operator's certificate unless there is one that is good.
    func ensureAuthority(_ group: GroupReference) async throws {
        if let known = groups[group.key], known.good.contains(group.names.operatorCertificate), known.authority != nil {
            return
        }
        let authority: Authority
        if let secret = try await cluster.get(Secret.self, group.objectKey(group.names.authority)) {
            authority = try Authority(certificatePEM: secret.text("ca.crt"), keyPEM: secret.text("ca.key"))
        } else {
            let made = try Authority(group: group.name, namespace: group.namespace, now: now())
            // Of two operators that make one at the same time the second takes the first one's.
            try await make(group.authorityBody(made))
            guard let written = try await cluster.get(Secret.self, group.objectKey(group.names.authority)) else {
                throw CertificateProblem.unreadable("ca.crt")
            }
            authority = try Authority(certificatePEM: written.text("ca.crt"), keyPEM: written.text("ca.key"))
        }
        groups[group.key]?.authority = authority
        groups[group.key]?.present.insert(group.names.authority)
        let identity = try await ensureIdentity(
            group,
            secret: group.names.operatorCertificate,
            commonName: "xdb-operator",
            names: [group.operatorCertificateName],
            authority: authority
        )
        groups[group.key]?.credentials = AgentCredentials(authority: authority.certificatePEM, identity: identity)
    }

    /// Makes the certificate of a member's life unless there is one that is good.
    func ensureCertificate(_ group: GroupReference, life: String) async throws {
        let secret = group.names.certificate(of: life)
        if groups[group.key]?.good.contains(secret) ?? false { return }
        try await ensureAuthority(group)
        guard let authority = groups[group.key]?.authority else { return }
        _ = try await ensureIdentity(
            group,
            secret: secret,
            commonName: life,
            names: [group.certificateName(of: life), "localhost"],
            authority: authority
        )
    }

    /// Deletes the certificate of a life that is over, if it is there and the group's.
    func deleteCertificate(_ group: GroupReference, life: String) async throws {
        let name = group.names.certificate(of: life)
        let key = group.objectKey(name)
        if let secret = try await cluster.get(Secret.self, key), secret.metadata.isOwned(by: group.uid) {
            try await cluster.deleteSecret(key, uid: secret.metadata.uid)
        }
        groups[group.key]?.present.remove(name)
        groups[group.key]?.good.remove(name)
    }

    /// Makes the accounts' Secrets, each unless there is one.
    func ensureAccounts(_ group: GroupReference) async throws {
        let bodies = [
            group.names.application: { group.applicationBody(password: Password.random()) },
            group.names.administrator: { group.administratorBody(password: Password.random()) },
        ]
        for (name, body) in bodies {
            if groups[group.key]?.present.contains(name) ?? false { continue }
            try await make(body())
            groups[group.key]?.present.insert(name)
        }
    }

    // MARK: -

    private func look(_ group: GroupReference, lives: [String]) async throws {
        if let known = groups[group.key], known.uid == group.uid, let looked = known.looked,
            looked.duration(to: .now) < freshness
        {
            return
        }
        var known = Known(uid: group.uid)
        let names = GroupReference.secretNames(of: group, lives: lives)
        var found: [String: Secret] = [:]
        for name in names { found[name] = try await cluster.get(Secret.self, group.objectKey(name)) }
        known.present = Set(found.keys)
        if let secret = found[group.names.authority] {
            known.authority = try Authority(certificatePEM: secret.text("ca.crt"), keyPEM: secret.text("ca.key"))
        }
        if let authority = known.authority {
            for life in lives {
                let name = group.names.certificate(of: life)
                let expected = [group.certificateName(of: life), "localhost"]
                if let identity = found[name]?.identity,
                    authority.renewal(of: identity, names: expected, now: now()) == nil
                {
                    known.good.insert(name)
                }
            }
            if let identity = found[group.names.operatorCertificate]?.identity {
                known.credentials = AgentCredentials(authority: authority.certificatePEM, identity: identity)
                if authority.renewal(of: identity, names: [group.operatorCertificateName], now: now()) == nil {
                    known.good.insert(group.names.operatorCertificate)
                }
            }
        }
        known.looked = .now
        groups[group.key] = known
    }

    private func ensureIdentity(
        _ group: GroupReference,
        secret name: String,
        commonName: String,
        names: [String],
        authority: Authority
    ) async throws -> Identity {
        let existing = try await cluster.get(Secret.self, group.objectKey(name))?.identity
        if let existing, authority.renewal(of: existing, names: names, now: now()) == nil {
            noteGood(group, name)
            return existing
        }
        let identity = try authority.issue(commonName: commonName, names: names, now: now())
        try await write(group.identityBody(name, identity: identity, authority: authority.certificatePEM))
        noteGood(group, name)
        return identity
    }

    private func noteGood(_ group: GroupReference, _ name: String) {
        groups[group.key]?.present.insert(name)
        groups[group.key]?.good.insert(name)
    }

    private func make(_ body: JSONValue) async throws {
        _ = try await cluster.create(body, as: PartialObjectMetadata<Secret>.self)
    }

    private func write(_ body: JSONValue) async throws {
        _ = try await cluster.apply(body, as: PartialObjectMetadata<Secret>.self)
    }
}

extension GroupReference {
    /// What names the group among all.
    var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    func objectKey(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    static func secretNames(of group: GroupReference, lives: [String]) -> [String] {
        [group.names.authority, group.names.operatorCertificate, group.names.application, group.names.administrator]
            + lives.map { group.names.certificate(of: $0) }
    }

    /// The group that an object is.
    init(_ metadata: ObjectMeta) {
        self.init(name: metadata.name, namespace: metadata.namespace, uid: metadata.uid)
    }
}

extension Secret {
    fileprivate func text(_ key: String) -> String { String(decoding: data[key] ?? [], as: UTF8.self) }

    fileprivate var identity: Identity? {
        guard data["tls.crt"] != nil, data["tls.key"] != nil else { return nil }
        return Identity(certificate: text("tls.crt"), key: text("tls.key"))
    }
}
