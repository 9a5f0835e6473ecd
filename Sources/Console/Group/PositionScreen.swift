import KubernetesModel
import Planning
package import XDB

/// What is known of a member's log: from its directory, or else from the group's status.
package struct MemberReading: Sendable {
    package var member: XDBGroup.MemberStatus
    /// What `xdb-agent inspect` has found; nil where its directory cannot be read now.
    package var inspection: MemberInspection?
    /// Why it cannot.
    package var obstacle: String?

    package init(
        _ member: XDBGroup.MemberStatus,
        _ inspection: MemberInspection? = nil,
        obstacle: String? = nil
    ) {
        self.member = member
        self.inspection = inspection
        self.obstacle = obstacle
    }

    /// Whether the directory has what the member joined with.
    var hasItsData: Bool { inspection?.member == member.life }

    /// The end of its log, now or when it was seen last.
    var position: Position? { inspection.map { $0.position } ?? member.position }
}

/// The members of a group by what is on their disks.
package enum PositionScreen {
    package static func text(
        _ scene: GroupScene,
        _ readings: [MemberReading],
        _ style: Style,
        width: Int? = nil
    ) -> String {
        var screen = Screen(style, width: width)
        let leader = scene.status.leader.map { ", led by \($0)" } ?? ""
        screen.line(
            Cell("\(scene.group.metadata.namespace)/\(scene.name)", .strong),
            Cell("epoch \(scene.status.epoch)\(leader)")
        )
        screen.gap()
        var table = Table([
            "MEMBER", "KIND", "LOG ENDS AT", "COMMITTED", "BEYOND", "PROMISED", "LOG BEGINS", "READ FROM",
        ])
        table.rows = readings.map { row($0) }
        screen.table(table)
        screen.gap()
        screen.paragraphs("Majority", [Cell(majority(scene, readings))])
        let problems = readings.flatMap { reading in
            (reading.inspection?.problems ?? []).map { Cell("\(reading.member.name): \($0)", .bad) }
        }
        if !problems.isEmpty { screen.paragraphs("Wrong", problems) }
        let tails = readings.compactMap { tail($0) }
        if !tails.isEmpty { screen.paragraphs("Beyond", tails.map { Cell($0) }) }
        screen.paragraphs("Next", next(scene, readings).map { Cell($0) })
        return screen.text
    }

    private static func row(_ reading: MemberReading) -> [Cell] {
        let member = reading.member
        guard let found = reading.inspection else {
            return [
                Cell(member.name, .strong), Cell(kind(member)), Cell(member.position?.description ?? "?", .faint), "",
                "",
                "", "", Cell("the status, seen last: \(reading.obstacle ?? "its directory cannot be read")", .warning),
            ]
        }
        let begin = found.begin.map { "after \($0.position)" } ?? "1"
        return [
            Cell(member.name, .strong), Cell(kind(member)),
            Cell(found.last == nil ? "empty" : found.position.description, found.last == nil ? .bad : .plain),
            Cell(found.committed?.position.description ?? "-"), Cell(String(found.tailCount)),
            Cell([found.promised?.description, found.duty].compactMap(\.self).joined(separator: " ")),
            Cell(found.last == nil ? "-" : begin),
            reading.hasItsData
                ? Cell("its disk")
                : Cell("its disk, which is not \(member.life)'s", .bad),
        ]
    }

    private static func kind(_ member: XDBGroup.MemberStatus) -> String {
        member.kind.rawValue + (member.kind.votes && !member.voter ? ", no vote" : "")
    }

    /// What is durable here and not noted as committed, for `mariadb-binlog`.
    private static func tail(_ reading: MemberReading) -> String? {
        guard let found = reading.inspection, let first = found.tail.first, let last = found.last else { return nil }
        let range = found.tailCount == 1 ? "\(first)" : "\(first) to \(last)"
        return
            "\(reading.member.name) has \(range) (\(Phrase.count(found.tailCount, "transaction"))) after what it noted as "
            + "committed, which it does once a second; a majority may well have them"
    }

    private static func votes(_ readings: [MemberReading]) -> [MemberReading] { readings.filter(\.member.voter) }

    private static func majority(_ scene: GroupScene, _ readings: [MemberReading]) -> String {
        let voters = votes(readings)
        let readable = voters.filter(\.hasItsData)
        let needed = voters.count / 2 + 1
        let words = "\(readable.count) of \(voters.count) voters can be read, and \(needed) are a majority"
        guard let best = readable.compactMap(\.position).max() else { return words }
        let holders = readable.filter { $0.position == best }.map(\.member.name)
        return "\(words); the most advanced of them end at \(best) (\(Phrase.list(holders)))"
    }

    /// A leader that takes writes needs nothing; what is missing else is a majority, or somebody's word.
    private static func next(_ scene: GroupScene, _ readings: [MemberReading]) -> [String] {
        let name = scene.name
        if scene.condition(.writable)?.status == .true {
            return ["nothing: the group takes writes; how it is: \(scene.command("status \(name)"))"]
        }
        let voters = votes(readings)
        let readable = voters.filter(\.hasItsData)
        if readable.count >= voters.count / 2 + 1 {
            return ["a majority is there: \(scene.command("recover-group \(name) --wait"))"]
        }
        let away = voters.filter { !$0.hasItsData }.map(\.member)
        let places = away.map { "\($0.name)\($0.node.map { node in " (node \(node))" } ?? "")" }
        let back = "bring back \(Phrase.list(places)): nothing is lost by waiting"
        guard
            let best = readable.filter({ $0.member.kind == .candidate }).max(by: {
                ($0.position ?? .zero, -$0.member.ordinal) < ($1.position ?? .zero, -$1.member.ordinal)
            })
        else { return [back] }
        return [
            back,
            "only when they are gone for good and run nowhere: "
                + scene.command("force-leader \(name) \(best.member.name) --accept-data-loss"),
        ]
    }
}
