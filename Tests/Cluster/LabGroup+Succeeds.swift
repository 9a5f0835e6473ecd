import ClusterFixture
import Testing

extension LabGroup {
    /// Waits until an operation has ended, and expects that it has done what it was made for.
    func succeeds(_ operation: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let state = try await ends(operation)
        let message = try await message(of: operation)
        #expect(state == "Succeeded", "\(message)", sourceLocation: sourceLocation)
    }
}
