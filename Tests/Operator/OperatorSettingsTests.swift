import Logging
import Testing
import XDB

@testable import Operator

@Suite struct OperatorSettingsTests {
    private let settings = OperatorSettings(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test(
        arguments: [
            (nil, 2), (["rebuildLimit": "5"], 5), (["rebuildLimit": "0"], 0), (["rebuildLimit": "many"], 2),
            (["rebuildLimit": "-1"], 2), (["failover": "Manual"], 2),
        ] as [([String: String]?, Int)]
    )
    func howManyRebuildsAtOnce(_ data: [String: String]?, _ limit: Int) {
        let isNews = settings.take(data, isInitial: true)
        #expect(settings.rebuildLimit == limit)
        #expect(isNews == (limit != 2 || data?["failover"] != nil))
    }

    @Test(
        arguments: [
            (nil, nil), ("0", nil), ("200Mi", 200 << 20), ("1.5k", 1500), ("-1", nil), ("fast", nil), ("", nil),
        ] as [(String?, UInt64?)]
    )
    func whatAllCopiesMaySend(_ text: String?, _ budget: UInt64?) {
        let isNews = settings.take(text.map { ["transferBytesPerSecond": $0] }, isInitial: true)
        #expect(settings.transferBudget == budget)
        #expect(isNews == (budget != nil))
        // What cannot be read leaves what there was.
        _ = settings.take(["transferBytesPerSecond": "7"], isInitial: false)
        _ = settings.take(["transferBytesPerSecond": "seven"], isInitial: false)
        #expect(settings.transferBudget == 7)
    }

    @Test func allAreTakenOverAtOnce() {
        let data = ["rebuildLimit": "3", "failover": "Manual", "transferBytesPerSecond": "1Mi"]
        #expect(settings.take(data, isInitial: false))
        #expect(settings.rebuildLimit == 3)
        #expect(settings.transferBudget == 1 << 20)
        #expect(settings.failoverMode == .manual)
        #expect(settings.take(nil, isInitial: false))
        #expect(settings.rebuildLimit == 2)
        #expect(settings.transferBudget == nil)
        #expect(settings.failoverMode == .automatic)
    }
}
