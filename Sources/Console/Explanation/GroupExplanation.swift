import KubernetesModel
import Planning
import XDB

/// Why a group is as it is: what it waits for or refuses, and how the present leader came to lead.
package enum GroupExplanation {
    package static func text(_ scene: GroupScene, _ style: Style, width: Int? = nil) -> String {
        var screen = Screen(style, width: width)
        let verdict = GroupVerdict(scene.group)
        screen.line(
            Cell("\(scene.group.metadata.namespace)/\(scene.name)", .strong),
            Cell(GroupScreen.words(verdict, scene), verdict.tone)
        )
        waiting(scene, &screen)
        refusals(scene, &screen)
        guard let record = scene.status.epochs.first, let election = election(scene) else {
            screen.gap()
            screen.line("Nobody has led yet, so there is no election to be explained.")
            return screen.text
        }
        screen.heading("How \(record.leader) came to lead")
        screen.gap()
        CertificateScreen.add(election, to: &screen)
        let steps = record.phases
        if !steps.isEmpty {
            screen.gap()
            screen.table(Phases.table(steps, now: scene.now))
        }
        if let operation = record.operation {
            screen.gap()
            screen.line(Cell("Its operation: \(scene.command("explain \(operation)"))", .faint))
        }
        return screen.text
    }

    /// What the group waits for now.
    private static func waiting(_ scene: GroupScene, _ screen: inout Screen) {
        let problems = Problem.all(scene)
        let activity = Activity.all(scene)
        guard !problems.isEmpty || !activity.isEmpty else { return }
        screen.heading("Now")
        screen.gap()
        if !activity.isEmpty { screen.paragraphs("Going on", activity.map { Cell($0) }) }
        for problem in problems {
            screen.paragraphs("Wrong", [Cell(problem.words, problem.isGrave ? .bad : .warning)])
            if let step = problem.step { screen.paragraphs("Next", [Cell(step)]) }
        }
    }

    /// The election of the present leader; nil before the first.
    static func election(_ scene: GroupScene) -> ElectionAccount? {
        let epochs = scene.status.epochs
        return epochs.first.map { ElectionAccount($0, after: epochs.dropFirst().first) }
    }

    private static let shownRefusals = 3

    /// The last operations that came to nothing; not those of a former group of the same name.
    static func refused(_ scene: GroupScene) -> [XDBOperation] {
        let birth = scene.group.metadata.creationTimestamp?.seconds ?? 0
        let failed = OperationTable.sorted(scene.operations ?? []).filter { operation in
            operation.status.state == .failed && operation.metadata.creationTimestamp?.seconds ?? birth >= birth
        }
        return Array(failed.prefix(shownRefusals))
    }

    private static func refusals(_ scene: GroupScene, _ screen: inout Screen) {
        let failed = refused(scene)
        guard !failed.isEmpty else { return }
        screen.heading("Refused or failed")
        screen.gap()
        var table = Table(["OPERATION", "AGE", "WHY"])
        table.rows = failed.map { operation in
            [
                Cell(operation.metadata.name),
                Cell(Phrase.age(since: operation.metadata.creationTimestamp, scene.now)),
                Cell("\(OperationScreen.wish(of: operation)): \(operation.status.message ?? "")"),
            ]
        }
        screen.table(table)
    }
}

extension XDBGroup.EpochRecord {
    /// The phases of the change of leader, as far as they have begun.
    fileprivate var phases: [XDBOperation.Step] {
        let stages: [(String, MicroTime?, MicroTime?)] = [
            ("Detect", heard, began), ("Seal", began, recorded), ("CatchUp", recorded, caughtUp),
            ("Promote", caughtUp, writable), ("Route", writable, routed),
        ]
        return stages.compactMap { name, start, end in start.map { XDBOperation.Step(name, from: $0, to: end) } }
    }
}
