import KubernetesModel
import Testing
import XDB

@testable import Planning

/// Who belongs to a group when the spec has changed: one row per wish.
struct WantedMembersTests {
    /// Members are written as ordinal and kind: `c` candidate, `l` logger, `w` a learner of the set west; then `!` for one
    /// that does not play its part, `+` for one without a vote yet, `-` for one that a leader was forced without, and `x` for
    /// one that leaves.
    struct Case: Sendable, CustomTestStringConvertible {
        var recorded: String
        var candidates = 2
        var loggers = 1
        var west = 0
        var members: String
        var surplus = ""
        var lacking = 0

        var testDescription: String { "\(recorded) -> \(candidates)+\(loggers)+\(west)" }
    }

    static func member(_ word: Substring) -> XDBGroup.MemberStatus {
        var member = XDBGroup.MemberStatus()
        member.ordinal = Int(word.filter(\.isNumber)) ?? 0
        member.name = "orders-\(member.ordinal)"
        member.kind = word.contains("c") ? .candidate : word.contains("l") ? .logger : .learner
        member.learnerSet = member.kind == .learner ? "west" : nil
        member.joined = true
        member.health = word.contains("!") ? .unhealthy : .healthy
        member.newcomer = word.contains("+")
        member.leaving = word.contains("x")
        member.voter = member.kind.votes && !word.contains { "+-x".contains($0) }
        return member
    }

    static func word(_ member: XDBGroup.MemberStatus) -> String {
        let kind = [XDBGroup.MemberKind.candidate: "c", .logger: "l", .learner: "w"][member.kind] ?? ""
        return "\(member.ordinal)\(kind)\(member.newcomer ? "+" : "")"
    }

    static func wanted(_ row: Case) -> WantedMembers {
        var spec = XDBGroup.Spec()
        spec.members.candidates = row.candidates
        spec.members.loggers = row.loggers
        var set = XDBGroup.LearnerSet()
        set.name = "west"
        set.replicas = row.west
        spec.members.learners = [set]
        return WantedMembers(
            spec: spec,
            recorded: row.recorded.split(separator: " ").map(member),
            names: GroupNames(group: "orders", namespace: "shop"),
            hasLed: true
        )
    }

    @Test(arguments: [
        // Up.
        Case(recorded: "0c 1c 2l", members: "0c 1c 2l"),
        Case(recorded: "0c", candidates: 2, loggers: 1, members: "0c 1c+ 2l+"),
        Case(recorded: "0c 1c 2l", candidates: 3, loggers: 2, members: "0c 1c 2l 3c+ 4l+"),
        Case(recorded: "0c 1c+ 2l", candidates: 2, loggers: 1, members: "0c 1c+ 2l"),
        // Down: the highest ordinals of the kind, those that are no help first.
        Case(recorded: "0c 1c 2l 3c 4l", members: "0c 1c 2l", surplus: "4l 3c"),
        Case(recorded: "0c 1c 2l", candidates: 1, loggers: 0, members: "0c", surplus: "2l 1c"),
        Case(recorded: "0c! 1c 2l", candidates: 1, loggers: 0, members: "1c", surplus: "0c 2l"),
        Case(recorded: "0c 1c- 2l 3c", candidates: 2, loggers: 1, members: "0c 2l 3c", surplus: "1c"),
        Case(recorded: "0c 1c 2c+ 3l", candidates: 2, loggers: 1, members: "0c 1c 3l", surplus: "2c+"),
        // From one kind to the other.
        Case(recorded: "0c 1c 2l", candidates: 3, loggers: 0, members: "0c 1c 3c+", surplus: "2l"),
        Case(recorded: "0c 1c 2c", candidates: 1, loggers: 2, members: "0c 3l+ 4l+", surplus: "2c 1c"),
        // Who leaves keeps its ordinal, and does not come back.
        Case(recorded: "0c 1c 2lx", members: "0c 1c 3l+"),
        Case(recorded: "0c 1cx 2l", members: "0c 2l 3c+"),
        // A learner that is dropped becomes the candidate that is added.
        Case(recorded: "0c 1c 2l 3w", candidates: 3, loggers: 0, members: "0c 1c 3c+", surplus: "2l"),
        Case(recorded: "0c 3w 4w", candidates: 3, loggers: 0, west: 1, members: "0c 1c+ 3w 4c+"),
        Case(recorded: "0c 3w! 4w", candidates: 2, loggers: 1, west: 1, members: "0c 1c+ 2l+ 4w"),
        Case(recorded: "0c 1c 2l 3w", candidates: 2, loggers: 1, members: "0c 1c 2l"),
        Case(recorded: "0c 1c 2l 3w", candidates: 3, loggers: 2, west: 1, members: "0c 1c 2l 3w 4c+ 5l+"),
        Case(recorded: "0c 1c 2l 3w", candidates: 1, loggers: 2, members: "0c 2l 4l+", surplus: "1c"),
        // There are sixteen.
        Case(
            recorded: "0c 1c 2l 3w 4w 5w 6w 7w 8w 9w 10w 11w 12w 13wx 14wx 15wx",
            candidates: 3,
            loggers: 2,
            west: 10,
            members: "0c 1c 2l 3w 4w 5w 6w 7w 8w 9w 10w 11w 12w",
            lacking: 2
        ),
    ])
    func whoBelongsToTheGroup(_ row: Case) {
        let wanted = Self.wanted(row)
        #expect(wanted.members.map(Self.word).joined(separator: " ") == row.members)
        #expect(wanted.surplus.map(Self.word).joined(separator: " ") == row.surplus)
        #expect(wanted.lacking == row.lacking)
    }

    /// A server that has led is stopped for a moment: that is no reason to give its member up for a higher ordinal.
    @Test(arguments: [(0.0, "0c 1c"), (9, "0c 1c"), (10, "1c 2c")])
    func whatPassesInAMomentIsNoReasonToGo(_ seconds: Double, _ members: String) {
        var spec = XDBGroup.Spec()
        spec.members.candidates = 2
        spec.members.loggers = 0
        let since = Time(seconds: 1_700_000_000)
        var recorded = "0c! 1c 2c".split(separator: " ").map(Self.member)
        recorded[0].reason = Reason.agentProblem.rawValue
        recorded[0].since = since
        let wanted = WantedMembers(
            spec: spec,
            recorded: recorded,
            names: GroupNames(group: "orders", namespace: "shop"),
            hasLed: true,
            now: since.advanced(by: .seconds(seconds))
        )
        #expect(wanted.members.map(Self.word).joined(separator: " ") == members)
    }

    @Test func aLearnerOutsideOfTheVotersZonesStaysOne() {
        var spec = XDBGroup.Spec()
        spec.members.candidates = 3
        spec.members.loggers = 0
        spec.placement.zones = ["a"]
        var recorded = "0c 1c 2l 3w 4w".split(separator: " ").map(Self.member)
        recorded[3].zone = "b"
        recorded[4].zone = "a"
        let names = GroupNames(group: "orders", namespace: "shop")
        let wanted = WantedMembers(spec: spec, recorded: recorded, names: names, hasLed: true)
        #expect(wanted.members.map(Self.word) == ["0c", "1c", "4c+"])
    }

    /// Of the old member with the ordinal a pod may still run somewhere, and its directory may have been retained.
    @Test func anOrdinalIsGivenAgainWithAnotherLife() throws {
        var former = XDBGroup.FormerMember()
        former.name = "orders-3"
        former.incarnations = 2
        let names = GroupNames(group: "orders", namespace: "shop")
        var spec = XDBGroup.Spec()
        spec.members.candidates = 3
        spec.members.loggers = 2
        let recorded = "0c 1c 2l".split(separator: " ").map(Self.member)
        let free = WantedMembers(spec: spec, recorded: recorded, names: names, hasLed: true, former: [former])
        #expect(free.members.map(\.life) == ["orders-0", "orders-1", "orders-2", "orders-3-i3", "orders-4"])
        #expect(free.members[3].nextIncarnation == 4)
        let occupied = WantedMembers(
            spec: spec,
            recorded: recorded,
            names: names,
            hasLed: true,
            former: [former],
            occupied: ["orders-3"]
        )
        #expect(occupied.members.map(\.life) == ["orders-0", "orders-1", "orders-2", "orders-4", "orders-5"])
    }
}
