import XDB

/// Where a member's agent is reached, and as whom it must prove itself.
struct AgentEndpoint: Hashable, Sendable {
    /// The life of a member: what the agent is called, and its pod.
    var life: String
    /// The pod: what an earlier pod's agent said says nothing about the present one.
    var podUID: String
    /// The pod's IP address.
    var host: String
    /// The DNS name that the agent's certificate must carry; the address is not in it.
    var certificateName: String

    /// The control API's port.
    static let port = 7700

    /// Names an agent.
    init(life: String, podUID: String, host: String, certificateName: String) {
        self.life = life
        self.podUID = podUID
        self.host = host
        self.certificateName = certificateName
    }

    /// How other agents are told of it.
    var peer: PeerAddress { PeerAddress(name: life, host: host) }
}

/// What the operator proves itself with to the agents of one group, and what it trusts there.
struct AgentCredentials: Hashable, Sendable {
    /// The group's CA, in PEM.
    var authority: String
    /// The operator's certificate for this group.
    var identity: Identity

    /// Joins the two.
    init(authority: String, identity: Identity) {
        self.authority = authority
        self.identity = identity
    }
}
