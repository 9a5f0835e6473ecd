package import KubernetesModel
package import XDB

/// What `explain` tells, for programs: the same sentences, each in a field of its own.
package enum ExplanationDocument {
    /// - Returns: `namespace`, `group`, `verdict` (`Whole`, `Lacking`, `NotWritable` or `Unknown`), `activities` (sentences),
    ///   `problems` (each with `message`, `concernsWrites`, and `next` where something is to be done), `refused` (each with
    ///   `operation`, `wish` and `message`), and the `election` of the present leader when there was one.
    package static func json(_ scene: GroupScene) -> JSONValue {
        var fields: [String: JSONValue] = [
            "namespace": .string(scene.group.metadata.namespace),
            "group": .string(scene.name),
            "verdict": .string(word(for: GroupVerdict(scene.group))),
            "activities": .array(Activity.all(scene).map { .string($0) }),
            "problems": .array(Problem.all(scene).map(json)),
            "refused": .array(
                GroupExplanation.refused(scene).map { operation in
                    [
                        "operation": .string(operation.metadata.name),
                        "wish": .string(OperationScreen.wish(of: operation)),
                        "message": .string(operation.status.message ?? ""),
                    ]
                }
            ),
        ]
        if let election = GroupExplanation.election(scene) { fields["election"] = json(election) }
        return .object(fields)
    }

    /// - Returns: `namespace`, `operation`, `wish`, and where there are such `state`, `message`, `next` and the `election` that
    ///   it was about.
    package static func json(_ operation: XDBOperation, _ invocation: Invocation = Invocation()) -> JSONValue {
        var fields: [String: JSONValue] = [
            "namespace": .string(operation.metadata.namespace),
            "operation": .string(operation.metadata.name),
            "wish": .string(OperationScreen.wish(of: operation)),
        ]
        fields["state"] = operation.status.state.map { .string($0.rawValue) }
        fields["message"] = operation.status.message.map { .string($0) }
        fields["next"] = OperationScreen.next(operation, invocation).map { .string($0) }
        fields["election"] = operation.status.certificate.map { json(ElectionAccount($0)) }
        return .object(fields)
    }

    private static func word(for verdict: GroupVerdict) -> String {
        switch verdict {
        case .whole: "Whole"
        case .lacking: "Lacking"
        case .notWritable: "NotWritable"
        case .unknown: "Unknown"
        }
    }

    private static func json(_ problem: Problem) -> JSONValue {
        var fields: [String: JSONValue] = [
            "message": .string(problem.words), "concernsWrites": .bool(problem.isGrave),
        ]
        fields["next"] = problem.step.map { .string($0) }
        return .object(fields)
    }

    private static func json(_ election: ElectionAccount) -> JSONValue {
        var fields: [String: JSONValue] = [
            "epoch": .string(election.epoch.description),
            "leader": .string(election.leader),
            "why": .string(election.occasion),
            "chosen": .string(election.choice),
            "safe": .string(election.proof),
            "isForced": .bool(election.isForced),
            "start": .string(election.start.description),
            "voters": .array(
                election.voters.map { voter in
                    let answer = election.answers.first { $0.voter == voter }
                    var fields: [String: JSONValue] = ["name": .string(voter)]
                    fields["answer"] = answer.map { .string($0.position.description) }
                    return .object(fields)
                }
            ),
        ]
        fields["previousLeader"] = election.previousLeader.map { .string($0) }
        fields["verdict"] = election.verdict.map { .string($0.rawValue) }
        return .object(fields)
    }
}
