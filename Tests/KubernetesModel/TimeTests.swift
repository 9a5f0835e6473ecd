import KubernetesModel
import Testing

@Suite("Time")
struct TimeTests {
    @Test(
        "RFC 3339 is read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("2000-02-29T23:59:59Z", 951_868_799, 0),
            ("2025-03-01T12:00:00Z", 1_740_830_400, 0),
            ("2025-03-01T14:00:00+02:00", 1_740_830_400, 0), ("2025-03-01T06:30:00-05:30", 1_740_830_400, 0),
            ("2025-03-01T12:00:00.5Z", 1_740_830_400, 500_000_000),
            ("2025-03-01t12:00:00.123456z", 1_740_830_400, 123_456_000),
            ("2025-03-01T12:00:00.1234567891Z", 1_740_830_400, 123_456_789), ("1969-12-31T23:59:59Z", -1, 0),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
        ] as [(String, Int64, Int32)]
    )
    func parse(text: String, seconds: Int64, nanoseconds: Int32) throws {
        let time = try #require(Time(text))
        #expect(time == Time(seconds: seconds, nanoseconds: nanoseconds))
        #expect(Time(time.description) == time.wholeSeconds)
    }

    @Test(
        "Anything else is not",
        arguments: [
            "", "2025-03-01", "2025-03-01 12:00:00Z", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-03-01T24:00:00Z", "2025-03-01T12:60:00Z", "2025-03-01T12:00:00", "2025-03-01T12:00:00.Z",
            "2025-03-01T12:00:00ZZ", "2025-03-01T12:00:00+0200", "2025-03-01T12:00:00+25:00", "20250301T120000Z",
            "２025-03-01T12:00:00Z",
        ]
    )
    func refuse(text: String) {
        #expect(Time(text) == nil)
    }

    @Test("Every day of four centuries survives")
    func roundTrip() {
        var seconds: Int64 = -6_000_000_000
        while seconds < 12_000_000_000 {
            let time = Time(seconds: seconds)
            if Time(time.description) != time { Issue.record("\(time)") }
            seconds += 86_399 * 7
        }
    }

    @Test("Microseconds are written in full")
    func microseconds() {
        #expect(Time(seconds: 0, nanoseconds: 1999).microseconds == "1970-01-01T00:00:00.000001Z")
        #expect(Time(seconds: 0).microseconds == "1970-01-01T00:00:00.000000Z")
    }

    @Test("Arithmetic carries")
    func arithmetic() {
        let time = Time(seconds: 10, nanoseconds: 900_000_000)
        #expect(time.advanced(by: .milliseconds(200)) == Time(seconds: 11, nanoseconds: 100_000_000))
        #expect(time.advanced(by: .milliseconds(-1900)) == Time(seconds: 9))
        #expect(Time(seconds: 11, nanoseconds: 100_000_000).since(time) == .milliseconds(200))
    }
}
