import ClusterFixture
import KubernetesModel
import Testing

extension LabGroup {
    /// Waits until an operation has ended, and expects that it has done what it was made for.
    func succeeds(_ operation: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let state = try await ends(operation)
        let message = try await message(of: operation)
        #expect(state == "Succeeded", "\(message)", sourceLocation: sourceLocation)
    }

    /// Expects that there have been these elections since an epoch, by their causes, oldest first.
    ///
    /// On a machine that is too slow for a leader to be heard another is elected: then nothing is expected, and the suite's
    /// log says so.
    func expectElections(
        _ causes: [String],
        since epoch: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let records = (try await object()[path: "status", "epochs"]?.arrayValue ?? []).filter {
            Int($0["epoch"]?.integerValue ?? 0) > epoch
        }
        let ofSlowness = ["Unreachable", "CutOff", "Hung", "NodeGone"]
        let found = records.reversed().map { $0["cause"]?.stringValue ?? "" }
        if let slow = records.first(where: { ofSlowness.contains($0["verdict"]?.stringValue ?? "") }) {
            print(
                "\(name): elections not compared, wanted \(causes) and found \(found): the machine was too slow for epoch "
                    + "\(slow["epoch"]?.integerValue ?? 0) (\(slow["reason"]?.stringValue ?? ""))"
            )
            return
        }
        #expect(found == causes, "\(records)", sourceLocation: sourceLocation)
    }
}
