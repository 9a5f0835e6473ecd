import KubernetesModel
import Planning
import XDB

extension GroupAction {
    /// Whether it is one request to one agent.
    var tellsAnAgent: Bool {
        switch self {
        case .initialize, .lead, .follow, .limitCopy, .verify: true
        default: false
        }
    }

    /// A few words for logs.
    ///
    /// Nothing secret is in actions.
    var summary: String {
        switch self {
        case .addFinalizer: "add finalizer"
        case .removeFinalizer: "remove finalizer"
        case .ensure(let object): "ensure \(object)"
        case .createPod(let pod): "create pod \(pod.name)"
        case .bringConfiguration(let pod, _): "bring the configuration to pod \(pod)"
        case .deletePod(let name, _, _): "delete pod \(name)"
        case .discardPod(let name, _, _): "discard pod \(name)"
        case .forceDeletePod(let name, _, _): "delete pod \(name) by force"
        case .deleteCertificate(let life): "delete the certificate of \(life)"
        case .createJob(let job): "create job \(job.name)"
        case .deleteJob(let name, let force): "delete job \(name)" + (force ? " by force" : "")
        case .limitCopy(let member, let request):
            "let \(member) copy to \(request.to) "
                + (request.bytesPerSecond.map { "at \($0) bytes a second" } ?? "without a limit")
        case .verify(let member, let request): "have \(member) compare its data with \(request.source.name)"
        case .deleteClaim(let name): "delete claim \(name)"
        case .createCleanup(_, let node, let directory): "remove \(directory) from \(node)"
        case .deleteCleanup(let pod): "delete pod \(pod)"
        case .initialize(let member, _): "initialize \(member)"
        case .setZones(let zones): "set the zones of voters to [\(zones.voters.joined(separator: ", "))]"
        case .seal(let members, let request): "seal \(members.joined(separator: ", ")) at epoch \(request.epoch)"
        case .lead(let member, let request): "have \(member) lead epoch \(request.epoch)"
        case .follow(let member, let request): "have \(member) follow \(request.leader.name) in epoch \(request.epoch)"
        case .recordOperation(let operation):
            "record operation \(operation.metadata.name) as \(operation.status.state?.rawValue ?? "new")"
        case .createOperation(let name, _): "create operation \(name)"
        case .relabel(let pod, let labels): "label pod \(pod) as a \(labels[Label.kind] ?? "member")"
        case .label(let pod, let role): "label pod \(pod) \(role?.rawValue ?? "without a role")"
        }
    }
}
