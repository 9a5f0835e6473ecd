import XDB

// What members' data are compared with.
extension MemberController {
    /// Answers `POST /v1/verify`.
    func verify(_ request: VerifyRequest) throws(AgentError) -> AgentStatus {
        let log = try ready()
        try hasData()
        guard promise.terms == nil else {
            throw AgentError(reason: "NoData", message: "\(configuration.member) leads: others are compared with it")
        }
        guard !closing else { throw AgentError(reason: "ShuttingDown", message: "the agent is ending; ask again") }
        verifier.begin(request, log)
        publish()
        return board.status
    }

    /// Answers `POST /v1/sample`.
    func sample(_ request: SampleRequest) async throws -> DataSample {
        _ = try ready()
        try hasData()
        guard case .running = serverState, observation?.applied != nil, !closing, !stopping else {
            throw AgentError(
                reason: "NoServer",
                message: "the server of \(configuration.member) does not run, or has applied nothing yet"
            )
        }
        return try await samples.sample(request)
    }

    private func hasData() throws(AgentError) {
        guard configuration.kind == .data else {
            throw AgentError(reason: "NoData", message: "\(configuration.member) is a logger, which has no data")
        }
    }
}
