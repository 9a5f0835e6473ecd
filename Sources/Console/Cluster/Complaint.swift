package import Kubernetes
import KubernetesModel
import XDB

/// Why a command came to nothing, what to do, and what the process ends with.
package struct Complaint: Error, Hashable, CustomStringConvertible {
    package var message: String
    package var status: Outcome

    package init(_ message: String, _ status: Outcome = .failed) {
        self.message = message
        self.status = status
    }

    package var description: String { message }
}

extension Complaint {
    /// What a user is told of an error of the client; nil for any other error.
    package init?(of error: any Error) {
        switch error {
        case let complaint as Complaint: self = complaint
        case let error as ConfigurationError:
            self.init("\(error)", .unreachable)
        case let error as TransportError:
            self.init(
                "the API server cannot be reached: \(error); if kubectl get nodes does not work either, it is the "
                    + "kubeconfig, the network or the server",
                .unreachable
            )
        case let error as APIError: self.init(refusal: error)
        case let error as JSONError:
            self.init("an answer of the API server cannot be read: \(error); is it of another version?")
        default: return nil
        }
    }

    /// What the API server said no to, and what to do.
    package init(refusal error: APIError) {
        let request = RequestedResource(error.request)
        if error.isForbidden, !error.isNamespaceTerminating, let request {
            self.init(request.missingRight(error.status.message), .forbidden)
        } else if error.isUnauthorized {
            self.init(
                "the API server does not accept these credentials: \(error.status.message); log in again as for kubectl",
                .forbidden
            )
        } else if error.isNotFound, let request, request.group == XDBGroup.resource.group, error.status.name.isEmpty {
            self.init(
                "this cluster has no \(request.resource): xdb-operator is not installed here. Install it with "
                    + "kubectl apply -k manifests, or choose another cluster with --context",
                .notFound
            )
        } else if error.isNotFound {
            self.init("there is no such object: \(error.status.message)", .notFound)
        } else if error.isInvalid {
            let causes = error.status.causes.map { "\($0.field.isEmpty ? "" : "\($0.field): ")\($0.message)" }
            self.init("it is refused: \(causes.isEmpty ? error.status.message : causes.joined(separator: "; "))")
        } else {
            self.init("the API server refuses it: \(error.status.message)")
        }
    }
}

/// What a request was about, read from its method and path: so that a right that is missing can be named.
struct RequestedResource: Hashable {
    var verb: String
    var group = ""
    /// With the subresource: `pods/log`.
    var resource: String
    var namespace = ""
    var name = ""

    /// Nil for paths that are no resource's, such as `/version`.
    init?(_ request: String) {
        let words = request.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        var parts = words[1].split(separator: "/").map(String.init)[...]
        switch parts.popFirst() {
        case "api": parts = parts.dropFirst()
        case "apis":
            group = parts.popFirst() ?? ""
            parts = parts.dropFirst()
        default: return nil
        }
        // The namespace itself is an object, too.
        if parts.first == "namespaces", parts.count > 2 {
            namespace = parts.dropFirst().first ?? ""
            parts = parts.dropFirst(2)
        }
        guard let plural = parts.popFirst() else { return nil }
        resource = plural
        name = parts.popFirst() ?? ""
        if let subresource = parts.popFirst() { resource += "/\(subresource)" }
        verb =
            switch words[0] {
            case "GET": name.isEmpty ? "list" : "get"
            case "POST": "create"
            case "PATCH": "patch"
            case "PUT": "update"
            case "DELETE": "delete"
            default: words[0].lowercased()
            }
    }

    /// Which right is missing, and what to ask for.
    ///
    /// - Parameter message: What the server says; it names the user.
    func missingRight(_ message: String) -> String {
        let kind = group.isEmpty ? resource : "\(resource) of \(group)"
        let place = namespace.isEmpty ? "in the whole cluster" : "in namespace \(namespace)"
        return "you may not \(verb) \(kind) \(place)\(user(in: message)). Ask for a \(role) with the rule "
            + "{apiGroups: [\"\(group)\"], resources: [\(resource)], verbs: [\(verb)]}"
    }

    private var role: String { namespace.isEmpty ? "ClusterRole" : "Role" }

    private func user(in message: String) -> String {
        guard let start = message.firstRange(of: "User \"")?.upperBound,
            let end = message[start...].firstIndex(of: "\"")
        else { return "" }
        return " (you are \(message[start..<end]))"
    }
}
