/// How large the data are, for whoever plans a copy of them.
extension MemberController {
    /// Looks at the files now and then, beside everything else: a disk may take its time.
    func measureData() {
        guard configuration.kind == .data, measuring == nil, answered else { return }
        if let measured, .now - measured < Self.measuringPause { return }
        measured = .now
        let directory = configuration.dataDirectory
        measuring = Task {
            let size = try? await WorkerThread("size").run { try DataSize(of: directory).data }
            if let size, !Task.isCancelled { dataBytes = size }
            measuring = nil
        }
    }

    private static let measuringPause = Duration.seconds(60)
}
