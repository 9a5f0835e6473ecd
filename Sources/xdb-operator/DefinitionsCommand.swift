import ArgumentParser
import XDB

/// Prints what is kept under `manifests/crds`.
struct DefinitionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crds",
        abstract: "Print the custom resource definitions, as YAML.",
        discussion:
            "manifests/crds has this output: xdb-operator crds >manifests/crds/xdb-operator.github.io_xdbgroups.yaml"
    )

    func run() {
        print(ManifestYAML.text(XDBGroup.customResourceDefinition), terminator: "")
    }
}
