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

    @Test func bothAreTakenOverAtOnce() {
        #expect(settings.take(["rebuildLimit": "3", "failover": "Manual"], isInitial: false))
        #expect(settings.rebuildLimit == 3)
        #expect(settings.failoverMode == .manual)
        #expect(settings.take(nil, isInitial: false))
        #expect(settings.rebuildLimit == 2)
        #expect(settings.failoverMode == .automatic)
    }
}
