import KubernetesModel
import Testing
import XDB

@testable import Console

@Suite struct TextTests {
    @Test(arguments: [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d"), (-5, "0s")])
    func agesHaveOneUnit(_ seconds: Int, _ text: String) {
        #expect(Phrase.age(.seconds(seconds)) == text)
    }

    @Test(arguments: [(11, "11 s"), (60, "1 min"), (250, "4 min 10 s"), (7500, "2 h 5 min"), (-1, "0 s")])
    func remaindersAreRead(_ seconds: Int, _ text: String) {
        #expect(Phrase.remainder(seconds) == text)
    }

    @Test(arguments: [(3, "3 ms"), (9999, "9999 ms"), (12_345, "12.3 s")])
    func phasesAreMilliseconds(_ milliseconds: Int, _ text: String) {
        #expect(Phrase.milliseconds(milliseconds) == text)
    }

    @Test func namesMakeAList() {
        #expect(Phrase.list([]) == "")
        #expect(Phrase.list(["a"]) == "a")
        #expect(Phrase.list(["a", "b", "c"]) == "a, b and c")
        #expect(Phrase.list(["a", "b"], "or") == "a or b")
    }

    /// Nothing is full before it is.
    @Test(arguments: [
        (0, "[..........]"), (9, "[..........]"), (10, "[#.........]"), (99, "[#########.]"), (100, "[##########]"),
    ])
    func barsAreNotRoundedUp(_ percent: Int, _ text: String) {
        #expect(ProgressBar.text(percent: percent, width: 10) == text)
    }

    @Test func sentencesAreBrokenBetweenWords() {
        #expect(
            Paragraph.lines("bring back the node of orders-1", width: 12) == ["bring back", "the node of", "orders-1"]
        )
        #expect(Paragraph.lines("an-unbreakable-word", width: 5) == ["an-unbreakable-word"])
        #expect(
            Paragraph.lines("a \(Paragraph.unbroken("kubectl xdb ops"))", width: 8).map { Paragraph.plain($0) } == [
                "a", "kubectl xdb ops",
            ]
        )
        #expect(Paragraph.cut("what is too long", to: 10) == "what is...")
        #expect(Paragraph.cut("one\ntwo", to: 10) == "one")
    }

    @Test func columnsAreAsWideAsTheirContents() {
        let table = Table(["NAME", "STATE", "WHY"], rows: [["a", "", "first"], ["longer", "ok", ""]])
        #expect(table.lines(Style()) == ["NAME    STATE  WHY", "a              first", "longer  ok"])
    }

    @Test func theLastColumnGoesOnBelowItselfOrIsCut() {
        let words = "one two three four five six seven eight nine ten"
        var table = Table(["A", "B"], rows: [["x", Cell(words)]])
        #expect(
            table.lines(Style(), width: 28)
                == ["A  B", "x  one two three four five", "   six seven eight nine ten"]
        )
        table.overflow = .isCut
        #expect(table.lines(Style(), width: 28) == ["A  B", "x  one two three four fiv..."])
    }

    /// Colours take no room, and are nowhere without a terminal.
    @Test func coloursDoNotMoveColumns() {
        let table = Table(rows: [[Cell("NO", .bad), "x"], ["yes", "y"]])
        #expect(table.lines(Style(isColoured: true)) == ["\u{1B}[1;31mNO\u{1B}[0m   x", "yes  y"])
        #expect(table.lines(Style()) == ["NO   x", "yes  y"])
    }

    @Test func documentsAreIndented() {
        let value: JSONValue = ["kind": "List", "items": [["a": 1], "b"], "none": []]
        #expect(
            Document.text(value, .json) == """
                {
                  "items": [
                    {
                      "a": 1
                    },
                    "b"
                  ],
                  "kind": "List",
                  "none": []
                }

                """
        )
        #expect(Document.text(["kind": "List", "a": 1], .yaml) == "kind: List\na: 1\n")
    }
}
