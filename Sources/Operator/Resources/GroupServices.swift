import KubernetesModel
import Planning
import XDB

extension GroupReference {
    /// The Service that leads writes to the leader.
    ///
    /// It has no endpoint while nobody may write. The label says all that there is to say, and says it at once: the pod's
    /// readiness follows by the next probe only.
    var leaderServiceBody: JSONValue { service(names.leaderService, role: .leader, publishesNotReady: true) }

    /// The Service that spreads reads over the followers.
    var followersServiceBody: JSONValue {
        service(names.followersService, role: .follower, publishesNotReady: false)
    }

    private func service(
        _ serviceName: String,
        role: XDBGroup.MemberRole,
        publishesNotReady: Bool
    ) -> JSONValue {
        [
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(serviceName),
            "spec": [
                "type": "ClusterIP",
                "publishNotReadyAddresses": .bool(publishesNotReady),
                "selector": [Label.group: .string(name), Label.role: .string(role.rawValue)],
                "ports": [["name": "mysql", "port": 3306, "protocol": "TCP", "targetPort": 3306]],
            ],
        ]
    }

    /// How many voters a drain has to leave.
    ///
    /// It is `minAvailable`, since Kubernetes computes the other form only for owners with a scale subresource.
    func disruptionBudgetBody(apiVersion: String, minimumAvailable: Int) -> JSONValue {
        [
            "apiVersion": .string(apiVersion),
            "kind": "PodDisruptionBudget",
            "metadata": metadata(names.disruptionBudget),
            "spec": [
                "minAvailable": .int(minimumAvailable),
                "selector": [
                    "matchLabels": [Label.group: .string(name)],
                    // Those that play their part: neither Jobs nor new lives of members stand in for one that is evicted.
                    "matchExpressions": [
                        [
                            "key": .string(Label.role), "operator": "In",
                            "values": JSONValue(
                                [XDBGroup.MemberRole.leader, .follower, .logger].map(\.rawValue)
                            ),
                        ]
                    ],
                ],
            ],
        ]
    }

    /// The ConfigMap with the user's options as MariaDB reads them.
    func configurationBody(_ options: [String: IntOrString]) -> JSONValue {
        [
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(names.configuration),
            "data": ["user.cnf": .string(ServerConfiguration(options).text)],
        ]
    }
}
