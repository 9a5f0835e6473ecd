import Testing
import XDB

@testable import Planning

/// The zones in the spec before, while and after members move from a to b.
struct MigrationZonesTests {
    struct Line: Sendable {
        var zones: [String]
        var present: [String]
        var during: [String]
        var after: [String]
    }

    static let lines = [
        Line(zones: ["a"], present: ["a", "a", "a"], during: ["b", "a"], after: ["b"]),
        Line(zones: ["c", "a"], present: ["c", "a", "a"], during: ["c", "b", "a"], after: ["c", "b"]),
        Line(zones: ["a", "b"], present: ["a", "b", "a"], during: ["a", "b"], after: ["b"]),
        // Somebody has changed the spec before.
        Line(zones: ["b"], present: ["a", "a", "a"], during: ["b"], after: ["b"]),
        Line(zones: ["c"], present: ["a", "c", "c"], during: ["b", "c"], after: ["b", "c"]),
        // Without zones those where somebody is stay.
        Line(zones: [], present: ["c", "a", "a"], during: ["c", "b", "a"], after: ["c", "b"]),
        Line(zones: [], present: ["b", "c", "c"], during: [], after: []),
    ]

    @Test(arguments: lines)
    func followFromTheSpecAndTheMembers(_ line: Line) {
        let zones = MigrationZones(from: "a", to: "b")
        let set = MigrationZones.MemberSet(zones: line.zones, present: line.present)
        #expect(zones.during(set) == line.during)
        #expect(zones.after(set) == line.after)
        // What is done is not done again.
        let later = MigrationZones.MemberSet(zones: line.during, present: line.present)
        #expect(zones.during(later) == line.during)
        #expect(zones.after(later) == line.after)
    }

    @Test func learnersOutsideOfTheirZonesComeBackByThemselves() {
        let set = MigrationZones.MemberSet(learners: "near", zones: ["c"], present: ["a"])
        #expect(!MigrationZones(from: "a", to: "b").concerns(set))
    }

    struct GivenUp: Sendable {
        var before: [String]
        var zones: [String]
        var present: [String]
        var expected: [String]
    }

    @Test(arguments: [
        GivenUp(before: ["a"], zones: ["b", "a"], present: ["a", "a", "a"], expected: ["a"]),
        GivenUp(before: ["a"], zones: ["b", "a"], present: ["a", "b", "a"], expected: ["b", "a"]),
        GivenUp(before: ["a"], zones: ["b", "a"], present: ["b", "b", "b"], expected: ["b"]),
        GivenUp(before: [], zones: ["b", "a"], present: ["a", "a", "a"], expected: []),
        GivenUp(before: ["a", "b"], zones: ["a", "b"], present: ["a", "b", "a"], expected: ["a", "b"]),
        // Somebody has added a zone meanwhile.
        GivenUp(before: ["a"], zones: ["b", "a", "c"], present: ["a", "a", "a"], expected: ["a", "c"]),
    ])
    func areThoseOfTheWholeStateWhenItIsGivenUp(_ line: GivenUp) {
        let set = MigrationZones.MemberSet(zones: line.zones, present: line.present)
        #expect(MigrationZones(from: "a", to: "b").givenUp(set, before: line.before) == line.expected)
    }
}
