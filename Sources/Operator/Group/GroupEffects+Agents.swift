import KubernetesModel
import Logging
import Planning
import XDB

// What agents are told.
extension GroupEffects {
    /// A refusal is kept, so that the next decision knows of it.
    func call(
        _ request: RequestRefusal.Request,
        _ epoch: Epoch,
        _ member: String,
        _ observation: GroupObservation,
        _ client: AgentClient?,
        _ body: (AgentClient, AgentEndpoint) async throws -> Void
    ) async throws {
        let (client, endpoint) = try reach(member, observation, client)
        do {
            try await body(client, endpoint)
            monitor.answered(nil, from: endpoint, of: observation.group.key)
        } catch let refusal as AgentRefusal {
            let refused = RequestRefusal(request, epoch: epoch, error: refusal.error)
            monitor.answered(refused, from: endpoint, of: observation.group.key)
            throw refusal
        }
    }

    /// How the agent of a member, or of the successor that its entry names, is reached.
    func reach(
        _ member: String,
        _ observation: GroupObservation,
        _ client: AgentClient?
    ) throws -> (AgentClient, AgentEndpoint) {
        guard let client, let endpoint = observation.endpoint(of: observation.life(of: member)) else {
            throw EffectError.refused("the agent of \(member) has no address")
        }
        return (client, endpoint)
    }

    /// Asks all at once; once a majority has answered the others get only a little more time.
    ///
    /// A leader that hands over is asked first: it lets its successor have the end of its log, which nobody takes who is
    /// sealed.
    func seal(
        _ members: [String],
        _ request: SealRequest,
        _ observation: GroupObservation,
        _ client: AgentClient?
    ) async -> [SealAnswer] {
        guard let client else { return [] }
        let endpoints = members.compactMap { observation.endpoint(of: observation.life(of: $0)) }
        let majority = (observation.group.status.epochs.first?.voters.count ?? members.count) / 2 + 1
        return await withTaskGroup(of: Sealing.self) { tasks in
            func ask(_ endpoint: AgentEndpoint) {
                tasks.addTask {
                    do {
                        let answer = try await client.seal(endpoint, request)
                        // Whose log it is decides what it counts for.
                        return answer.member == endpoint.life
                            ? .answered(answer) : .failed(endpoint.life, "it calls itself \(answer.member)")
                    } catch {
                        return .failed(endpoint.life, "\(error)")
                    }
                }
            }
            var later: [AgentEndpoint] = []
            if request.successor != nil, let leader = observation.group.status.leader.map(observation.life),
                endpoints.contains(where: { $0.life == leader })
            {
                later = endpoints.filter { $0.life != leader }
                tasks.addTask {
                    try? await Task.sleep(for: .milliseconds(500))
                    return .late
                }
            }
            for endpoint in endpoints where !later.contains(endpoint) { ask(endpoint) }
            var answers: [SealAnswer] = []
            var open = endpoints.count
            while open > 0, let next = await tasks.next() {
                for endpoint in later { ask(endpoint) }
                later = []
                switch next {
                case .late: break
                case .answered(let answer):
                    open -= 1
                    answers.append(answer)
                    if answers.count == majority {
                        tasks.addTask {
                            try? await Task.sleep(for: .milliseconds(300))
                            return .enough
                        }
                    }
                case .failed(let life, let error):
                    open -= 1
                    logger.warning("member not sealed", metadata: ["member": "\(life)", "error": "\(error)"])
                case .enough:
                    open = 0
                }
            }
            tasks.cancelAll()
            return answers
        }
    }

    private enum Sealing {
        case answered(SealAnswer)
        case failed(String, String)
        case enough
        /// The leader that hands over takes too long.
        case late
    }
}

extension GroupObservation {
    /// The present life of the member that an entry of the status is about.
    func life(of entry: String) -> String { group.status.members.first { $0.name == entry }?.life ?? entry }

    /// Where the agent of a life of a member is reached, whose pod has its name.
    ///
    /// A pod that is being deleted is heard to its end: a leader says that it stops, and waits to hand over.
    func endpoint(of life: String) -> AgentEndpoint? {
        guard let pod = pods.first(where: { $0.name == life }), let ip = pod.ip else { return nil }
        return AgentEndpoint(
            life: life,
            podUID: pod.uid,
            host: ip,
            certificateName: GroupReference(group.metadata).certificateName(of: life)
        )
    }
}
