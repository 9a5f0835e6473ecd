import KubernetesModel

extension XDBGroup.ContainerResources {
    /// The requests that are larger than their limits, which no pod may have.
    ///
    /// Servers before 1.29 cannot compare amounts, so this is no rule of the definition.
    func excesses(at path: String) -> [FieldProblem] {
        requests.sorted { $0.key < $1.key }.compactMap { resource, request in
            guard let limit = limits[resource], request > limit else { return nil }
            return FieldProblem(
                path.field("requests").field(resource),
                "is \(request), and the limit is \(limit): a container is never given more than its limit. Lower the request, "
                    + "or raise the limit"
            )
        }
    }
}
