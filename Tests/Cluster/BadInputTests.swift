import ClusterFixture
import Testing

extension ClusterTests {
    /// What users get wrong ends in a condition and an event that name it, while other groups go on.
    @Suite(.serialized) struct BadInput {
        struct Case: Sendable, CustomTestStringConvertible {
            var name: String
            var shape: LabGroup.Shape
            var reason: String
            /// What the message must name.
            var word: String

            var testDescription: String { name }
        }

        static let cases = [
            Case(
                name: "image",
                shape: LabGroup.Shape(candidates: 1, loggers: 0, image: "localhost/no-such-image:1"),
                reason: "ImagePull",
                word: "no-such-image"
            ),
            Case(
                name: "placement",
                shape: LabGroup.Shape(candidates: 1, loggers: 0, zones: "[nowhere]"),
                reason: "Unschedulable",
                word: "nodes"
            ),
            Case(
                name: "class",
                shape: LabGroup.Shape(
                    candidates: 1,
                    loggers: 0,
                    storage: "{volumeClaim: {storageClassName: missing, size: 1Gi}}"
                ),
                reason: "StorageClassMissing",
                word: "missing"
            ),
            Case(
                name: "option",
                shape: LabGroup.Shape(candidates: 1, loggers: 0, configuration: "{no_such_option: 1}"),
                reason: "InvalidConfiguration",
                word: "no_such_option"
            ),
            Case(
                name: "forbidden",
                shape: LabGroup.Shape(candidates: 1, loggers: 0, configuration: "{server_id: 1}"),
                reason: "InvalidSpec",
                word: "server_id"
            ),
            Case(
                name: "voters",
                shape: LabGroup.Shape(candidates: 2, loggers: 0),
                reason: "InvalidSpec",
                word: "1, 3 or 5"
            ),
            Case(
                name: "size",
                shape: LabGroup.Shape(
                    candidates: 1,
                    loggers: 0,
                    storage: "{volumeClaim: {storageClassName: local, size: 0Gi}}"
                ),
                reason: "InvalidSpec",
                word: "more than 0"
            ),
            Case(
                name: "request",
                shape: LabGroup.Shape(
                    candidates: 1,
                    loggers: 0,
                    resources: "{data: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}"
                ),
                reason: "InvalidSpec",
                word: "requests.memory"
            ),
        ]

        @Test func isReportedWhileOthersGoOn() async throws {
            for one in Self.cases { try await LabGroup(name: "bad-\(one.name)").apply(one.shape) }
            let good = LabGroup(name: "good")
            try await good.apply(LabGroup.Shape(candidates: 1, loggers: 0))
            try await good.wait(for: "Writable")
            for one in Self.cases {
                try await LabGroup(name: "bad-\(one.name)").expectComplaint(one.reason, naming: one.word)
            }
            for one in Self.cases { try await LabGroup(name: "bad-\(one.name)").letGo() }
            try await good.letGo()
        }

        /// What the API server refuses is told in its words, and is done when it does not refuse it any more.
        @Test func aQuotaIsNamedAndTheGroupGoesOnWithoutIt() async throws {
            let group = LabGroup(name: "tight", namespace: "narrow")
            try await Lab.kubectl("create", "namespace", group.namespace)
            try await Lab.kubectl("create", "quota", "few", "-n", group.namespace, "--hard=pods=0")
            try await eventually("the quota is in force") { () -> Bool? in
                let hard = "jsonpath={.status.hard}"
                return try await Lab.kubectl("get", "quota", "few", "-n", group.namespace, "-o", hard).isEmpty
                    ? nil : true
            }
            try await group.apply(LabGroup.Shape(candidates: 1, loggers: 0))
            try await group.expectComplaint("Refused", naming: "exceeded quota: few")
            let progressing = try #require(try await group.condition("Progressing"))
            #expect(progressing.status == "False" && progressing.reason == "Refused", "\(progressing)")
            #expect(progressing.message.contains("refuses the Pod tight-0"), "\(progressing)")
            try await Lab.kubectl("delete", "quota", "few", "-n", group.namespace)
            try await group.wait(for: "FullyRedundant")
            try await group.delete()
            try await Lab.kubectl("delete", "namespace", group.namespace, "--wait=false")
        }
    }
}
