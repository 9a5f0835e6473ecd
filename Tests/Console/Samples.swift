import KubernetesModel
import XDB
import YAML

@testable import Console

/// Objects from YAML, as `kubectl get -o yaml` has them.
enum Samples {
    /// A moment that all samples are near.
    static let now = Time(seconds: 1_795_331_400)

    /// A group `shop/orders` with this status.
    ///
    /// - Parameter spec: In YAML's flow style.
    static func group(_ status: String, spec: String = "{image: engine}") -> XDBGroup {
        let text = "metadata: {name: orders, namespace: shop}\nspec: \(spec)\nstatus:\n" + indented(status)
        return object(text)
    }

    /// An operation in `shop`.
    static func operation(_ name: String, _ spec: String, _ status: String) -> XDBOperation {
        object(
            """
            metadata: {name: \(name), namespace: shop, creationTimestamp: '2026-11-22T07:09:00Z'}
            spec: \(spec)
            status:
            \(indented(status))
            """
        )
    }

    static func node(
        _ name: String,
        zone: String,
        ready: Bool = true,
        cordoned: Bool = false,
        offline: Bool = false
    ) -> Node {
        let label = offline ? ", xdb-operator.github.io/offline: 'true'" : ""
        return object(
            """
            metadata: {name: \(name), labels: {topology.kubernetes.io/zone: \(zone)\(label)}}
            spec: {unschedulable: \(cordoned)}
            status: {conditions: [{type: Ready, status: "\(ready ? "True" : "Unknown")", reason: x}]}
            """
        )
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    }

    private static func object<Object: KubernetesObject>(_ text: String) -> Object {
        do {
            return try YAML.document(text).json.decoded()
        } catch {
            fatalError("\(error): \(text)")
        }
    }
}
