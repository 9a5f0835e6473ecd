import ArgumentParser
import Console
import Kubernetes
import KubernetesModel
import XDB

extension CompletionKind {
    /// Names of groups.
    static var groups: CompletionKind { names([.group]) }
    /// Names of members of the group that stands before.
    static var members: CompletionKind { names([.member]) }
    /// Names of operations, and of groups.
    static var operations: CompletionKind { names([.group, .operation]) }

    /// Names of nodes.
    static var nodes: CompletionKind { names([.node]) }

    private static func names(_ subjects: Set<Completion.Subject>) -> CompletionKind {
        .custom { words, _, _ in
            let group = Completion.positional(Array(words.dropFirst(2))).first
            return await NameCompletion.names(subjects, group: group, words: words)
        }
    }
}

/// Answers shells, and kubectl, which runs `kubectl_complete-xdb` for what could come next.
enum NameCompletion {
    /// Writes what could come next, one on a line, and a last line that says that these are no files.
    static func answer(_ words: [String]) async {
        var found: [String]
        switch Completion.wanted(words, commands: KubectlXDB.commandNames) {
        case .words(let all): found = all
        case .names(let subjects, let group): found = await names(subjects, group: group, words: words)
        case .nothing: found = []
        }
        let beginning = words.last ?? ""
        found = found.filter { $0.hasPrefix(beginning) }
        // 4: no files, in the protocol of cobra's completions.
        Output.write((found + [":4"]).map { "\($0)\n" }.joined())
    }

    /// Nothing where the cluster cannot be asked: a completion has no place for complaints.
    static func names(_ subjects: Set<Completion.Subject>, group: String?, words: [String]) async -> [String] {
        guard let connection = try? options(words).connect() else { return [] }
        var names: [String] = []
        if subjects.contains(.group) {
            names += (try? await connection.groups())?.map(\.metadata.name) ?? []
        }
        if subjects.contains(.member), let group {
            names += (try? await connection.group(group))?.status.members.map(\.name) ?? []
        }
        if subjects.contains(.operation) {
            names += (try? await connection.operations())?.map(\.metadata.name) ?? []
        }
        if subjects.contains(.node) {
            names += (try? await connection.client.list(Node.self).items)?.map(\.metadata.name) ?? []
        }
        return names
    }

    /// The options of the line as it stands, whatever else is on it.
    private static func options(_ words: [String]) throws -> ConnectionOptions {
        let wanted = ["-n", "--namespace", "--kubeconfig", "--context"]
        let pairs = zip(words, words.dropFirst()).filter { wanted.contains($0.0) }.flatMap { [$0, $1] }
        return try ConnectionOptions.parse(pairs)
    }
}
