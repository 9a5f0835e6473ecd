import XDB

extension GroupAction {
    /// The action in words that follow "would": for groups that are paused, and for logs.
    ///
    /// Nil for what is done every time and says nothing.
    public var words: String? {
        switch self {
        case .ensure, .recordOperation, .createOperation: nil
        case .addFinalizer: "put the finalizer on the group"
        case .removeFinalizer: "let the group go"
        case .createPod(let pod): "make the pod \(pod.name)"
        case .bringConfiguration(let pod, _): "give \(pod) the new configuration"
        case .deletePod(let name, _, let why), .discardPod(let name, _, let why): "delete the pod \(name) (\(why))"
        case .forceDeletePod(let name, _, let why): "delete the pod \(name) without its node (\(why))"
        case .deleteCertificate(let life): "delete the certificate of \(life)"
        case .createJob(let job): "make the Job \(job.name)"
        case .deleteJob(let name, _): "delete the Job \(name)"
        case .limitCopy(let member, let request):
            "let \(member) send \(request.bytesPerSecond.map { "\($0) bytes" } ?? "as much as it can") in a second"
        case .verify(let member, let request): "have \(member) compare its data with those of \(request.source.name)"
        case .deleteClaim(let name): "delete the claim \(name)"
        case .createCleanup(_, let node, let directory): "remove \(directory) from \(node)"
        case .deleteCleanup(let pod): "delete the pod \(pod)"
        case .initialize(let member, _): "let \(member) make its data directory"
        case .setZones(let zones):
            "set spec.placement.zones to [\(zones.voters.joined(separator: ", "))], and those of learners with it"
        case .seal(let members, let request): "seal \(members.joined(separator: ", ")) at epoch \(request.epoch)"
        case .lead(let member, let request): "tell \(member) to lead epoch \(request.epoch)"
        case .follow(let member, let request): "tell \(member) to follow \(request.leader.name)"
        case .relabel(let pod, let labels): "label \(pod) as a \(labels[Label.kind] ?? "member")"
        case .label(let pod, let role):
            role.map { "label \(pod) as \($0.rawValue.lowercased())" } ?? "take the role label from \(pod)"
        }
    }
}
