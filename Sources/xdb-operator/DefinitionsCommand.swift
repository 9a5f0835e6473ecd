import ArgumentParser
import KubernetesModel
import XDB

/// Prints what is kept under `manifests/crds`.
struct DefinitionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crds",
        abstract: "Print the custom resource definitions, as YAML.",
        discussion: "To make the files of manifests/crds: xdb-operator crds --kind xdbgroups, and so on."
    )

    /// Our kinds, by their plural.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case xdbgroups, xdboperations

        var definition: JSONValue {
            switch self {
            case .xdbgroups: XDBGroup.customResourceDefinition
            case .xdboperations: XDBOperation.customResourceDefinition
            }
        }
    }

    @Option(help: "Only this kind; all of them when absent.")
    var kind: Kind?

    func run() {
        let kinds = kind.map { [$0] } ?? Kind.allCases
        print(kinds.map { ManifestYAML.text($0.definition) }.joined(separator: "---\n"), terminator: "")
    }
}
