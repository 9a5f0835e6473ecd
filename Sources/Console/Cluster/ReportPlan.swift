package import KubernetesModel
import Planning
package import XDB

/// What a report for a bug is made of: paths of the API server, and logs.
package struct ReportPlan: Sendable {
    /// Objects that are fetched as they are.
    package struct Objects: Hashable, Sendable {
        /// The file in the archive.
        package var file: String
        /// The path of a list or of an object, without its query.
        package var path: String
        package var labels: String
        /// Of a list, those that name the group in `spec.group` or in `involvedObject` alone; all of them when false.
        package var isFiltered = false

        /// The path with its query.
        package var target: String {
            labels.isEmpty
                ? path : "\(path)?labelSelector=\(labels.replacing("/", with: "%2F").replacing("=", with: "%3D"))"
        }
    }

    /// The log of a container.
    package struct Log: Hashable, Sendable {
        package var file: String
        package var pod: String
        package var namespace: String
        package var container: String
        /// Of the container before its last start.
        package var isPrevious = false
    }

    package var objects: [Objects]
    package var logs: [Log]

    /// - Parameter operators: The operator's pods, where they may be listed.
    package init(_ group: XDBGroup, operators: [Pod], operatorNamespace: String) {
        let namespace = group.metadata.namespace
        let name = group.metadata.name
        let ours = "/apis/xdb-operator.github.io/v1alpha1/namespaces/\(namespace)"
        let core = "/api/v1/namespaces/\(namespace)"
        let labels = "\(Label.group)=\(name)"
        objects = [
            Objects(file: "group.yaml", path: "\(ours)/xdbgroups/\(name)", labels: ""),
            Objects(file: "operations.yaml", path: "\(ours)/xdboperations", labels: "", isFiltered: true),
            Objects(file: "events.yaml", path: "\(core)/events", labels: "", isFiltered: true),
            Objects(file: "pods.yaml", path: "\(core)/pods", labels: labels),
            Objects(file: "services.yaml", path: "\(core)/services", labels: labels),
            Objects(file: "endpoints.yaml", path: "\(core)/endpoints", labels: labels),
            Objects(file: "claims.yaml", path: "\(core)/persistentvolumeclaims", labels: labels),
            Objects(file: "configmaps.yaml", path: "\(core)/configmaps", labels: labels),
            Objects(file: "jobs.yaml", path: "/apis/batch/v1/namespaces/\(namespace)/jobs", labels: labels),
            Objects(file: "nodes.yaml", path: "/api/v1/nodes", labels: ""),
            Objects(
                file: "operator/settings.yaml",
                path: "/api/v1/namespaces/\(operatorNamespace)/configmaps/xdb-operator",
                labels: ""
            ),
            Objects(
                file: "operator/deployment.yaml",
                path: "/apis/apps/v1/namespaces/\(operatorNamespace)/deployments/xdb-operator",
                labels: ""
            ),
        ]
        logs = group.status.members.flatMap { member in
            [false, true].map { isPrevious in
                Log(
                    file: "logs/\(member.life)\(isPrevious ? ".previous" : "").log",
                    pod: member.life,
                    namespace: namespace,
                    container: "engine",
                    isPrevious: isPrevious
                )
            }
        }
        logs += operators.flatMap { pod in
            [false, true].map { isPrevious in
                Log(
                    file: "operator/\(pod.metadata.name)\(isPrevious ? ".previous" : "").log",
                    pod: pod.metadata.name,
                    namespace: operatorNamespace,
                    container: "operator",
                    isPrevious: isPrevious
                )
            }
        }
    }

    /// The list with what is about the group alone.
    ///
    /// - Parameter names: The names of its members and operations, of which there are events, too.
    package static func filtered(_ list: JSONValue, group: String, names: Set<String>) -> JSONValue {
        guard let items = list["items"]?.arrayValue else { return list }
        var list = list
        list["items"] = .array(
            items.filter { item in
                if let of = item[path: "spec", "group"]?.stringValue { return of == group }
                guard let about = item[path: "involvedObject", "name"]?.stringValue else { return true }
                return about == group || names.contains(about) || about.hasPrefix("\(group)-")
            }
        )
        return list
    }
}
