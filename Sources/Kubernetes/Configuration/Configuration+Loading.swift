public import FoundationEssentials

extension Configuration {
    /// The directory in which a pod finds its service account.
    public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Finds the configuration where kubectl would: a file that is given, else the files of `KUBECONFIG`, else the
    /// service account of the pod that we run in, else `~/.kube/config`.
    ///
    /// Reads files: call it at the start of the program.
    ///
    /// - Parameters:
    ///   - file: what the user gave as `--kubeconfig`.
    ///   - context: the context to use instead of the current one.
    public static func load(
        file: String? = nil,
        context: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationError) -> Configuration {
        if let file { return try kubeconfig([file], context: context) }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            let files = list.split(separator: ":").map(String.init)
            // As kubectl does: files of the list that are not there are passed over.
            let present = files.filter { FileManager.default.fileExists(atPath: $0) }
            guard !present.isEmpty else {
                throw ConfigurationError("KUBECONFIG names no file that exists: \(list)")
            }
            return try kubeconfig(present, context: context)
        }
        if environment["KUBERNETES_SERVICE_HOST"] != nil, context == nil {
            return try inCluster(environment: environment)
        }
        let home = environment["HOME"] ?? "/root"
        let file = "\(home)/.kube/config"
        guard FileManager.default.fileExists(atPath: file) else {
            throw ConfigurationError(
                "no way to a cluster: KUBECONFIG is not set, \(file) is not there, and this is no pod. "
                    + "Set KUBECONFIG or give --kubeconfig"
            )
        }
        return try kubeconfig([file], context: context)
    }

    /// The configuration of a program in a pod.
    public static func inCluster(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        directory: String = serviceAccountDirectory
    ) throws(ConfigurationError) -> Configuration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"].flatMap({ Int($0) })
        else {
            throw ConfigurationError("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod")
        }
        for name in ["token", "ca.crt"] where !FileManager.default.fileExists(atPath: "\(directory)/\(name)") {
            throw ConfigurationError(
                "the service account's file is not there; is automountServiceAccountToken off?",
                file: "\(directory)/\(name)"
            )
        }
        let namespace = try? Configuration.text(of: "\(directory)/namespace")
        return Configuration(
            server: "https://\(Endpoint(host: host, port: port))",
            namespace: namespace.map { $0.isEmpty ? "default" : $0 } ?? "default",
            identity: .tokenFile("\(directory)/token"),
            certificateAuthority: .file("\(directory)/ca.crt"),
            origin: "in-cluster"
        )
    }

    /// The configuration of kubeconfig files, merged as kubectl does: the first file that says something wins.
    public static func kubeconfig(_ files: [String], context: String? = nil) throws(ConfigurationError) -> Configuration
    {
        var merged = Kubeconfig()
        for file in files { try merged.merge(Kubeconfig(file: file)) }
        return try merged.configuration(context: context)
    }

    /// All bytes of a file.
    ///
    /// Blocks; off the start of the program it is called on a thread that may.
    static func bytes(of file: String) throws(ConfigurationError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(filePath: file)))
        } catch {
            throw ConfigurationError("cannot be read: \(error)", file: file)
        }
    }

    /// The text of a file without the space around it.
    static func text(of file: String) throws(ConfigurationError) -> String {
        guard let text = String(validating: try bytes(of: file), as: UTF8.self) else {
            throw ConfigurationError("is not text", file: file)
        }
        return text.trimmed
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[start...end])
    }
}
