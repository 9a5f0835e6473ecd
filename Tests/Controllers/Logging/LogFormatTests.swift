import KubernetesModel
import Logging
import Testing

@testable import Controllers

@Suite struct LogFormatTests {
    private func line(_ format: LogFormat, _ log: (Logger) -> Void) -> String {
        let lines = Shared("")
        let logger = Logger(label: "xdb") { label in
            LineLogHandler(
                format: format,
                label: label,
                level: .info,
                metadataProvider: .reconcile,
                now: { Time(seconds: 1_700_000_000, nanoseconds: 42_000_000) },
                write: { line in lines.change { $0 += line } }
            )
        }
        log(logger)
        return lines.value
    }

    @Test func `one JSON object per line`() {
        let line = line(.json) {
            $0.warning(
                "said \"no\"\n",
                metadata: ["count": .stringConvertible(3), "msg": "own", "list": ["a", "b"], "map": ["k": "v\u{1}"]]
            )
        }
        let expected =
            #"{"ts":"2023-11-14T22:13:20.042000Z","level":"warning","logger":"xdb","msg":"said \"no\"\n","count":3,"#
            + #""list":["a","b"],"map":{"k":"v\u0001"},"msg_":"own"}"# + "\n"
        #expect(line == expected)
    }

    @Test func `text for people`() {
        let line = line(.text) { $0.info("started", metadata: ["name": "a b", "port": "8080"]) }
        #expect(line == "2023-11-14T22:13:20.042000Z INFO     xdb: started name=\"a b\" port=8080\n")
    }

    @Test func `levels below are not written`() {
        #expect(line(.text) { $0.debug("hidden") } == "")
    }

    @Test func `records of a reconcile carry its id`() {
        let context = ReconcileContext(controller: "groups", key: "ns/orders")
        let line = line(.json) { logger in
            ReconcileContext.$current.withValue(context) { logger.info("working") }
        }
        #expect(line.contains("\"reconcileID\":\"\(context.id)\""))
        #expect(line.contains("\"controller\":\"groups\",\"object\":\"ns/orders\""))
        #expect(context.id.count == 16)
    }
}
