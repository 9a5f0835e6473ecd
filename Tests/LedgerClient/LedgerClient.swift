import ClusterFixture
import Foundation

/// A client that writes rows without a pause and tells of each one that was acknowledged, when it was.
///
/// A process of its own, since it runs where clients run (`hack/cluster client`): it reaches the group through its
/// Service. It ends when its standard input does, and so with whoever started it. One line of output for each event:
///
///     ready                     the table is there
///     ack ID MICROSECONDS       a row was acknowledged
///     error MICROSECONDS TEXT   a connection or a statement failed; the row of that moment may be there or not
///
/// The clock is CLOCK_MONOTONIC, the same for every process of the machine.
@main
enum LedgerClient {
    static let usage =
        "usage: XDB_PASSWORD=... xdb-ledger HOST DATABASE TABLE FIRST-ID PATIENCE-SECONDS PAUSE-MICROSECONDS"

    static func main() {
        let words = CommandLine.arguments.dropFirst()
        guard words.count == 6, let password = ProcessInfo.processInfo.environment["XDB_PASSWORD"] else { stop(usage) }
        let texts = Array(words)
        guard let first = Int(texts[3]), let patience = UInt32(texts[4]), let pause = UInt32(texts[5]) else {
            stop(usage)
        }
        let ledger = Ledger(
            host: texts[0],
            database: texts[1],
            table: texts[2],
            password: password,
            patience: patience,
            pause: pause
        )
        Thread.detachNewThread { ledger.write(from: first) }
        while readLine() != nil {}
    }

    private static func stop(_ words: String) -> Never {
        FileHandle.standardError.write(Data("\(words)\n".utf8))
        exit(2)
    }
}

struct Ledger: Sendable {
    let host: String
    let database: String
    let table: String
    let password: String
    let patience: UInt32
    let pause: UInt32

    /// A line at once: standard output is a pipe, and C would keep it back.
    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }

    func write(from first: Int) {
        var isReady = false
        var next = first
        while true {
            do {
                let connection = try Database(
                    host: host,
                    user: "app",
                    password: password,
                    database: database,
                    timeout: patience
                )
                if !isReady {
                    try connection.query("CREATE TABLE IF NOT EXISTS \(table) (id INT PRIMARY KEY, note VARCHAR(100))")
                    isReady = true
                    say("ready")
                }
                while true {
                    let id = next
                    // Whatever becomes of it, this number is not used again.
                    next += 1
                    try connection.query("INSERT INTO \(table) VALUES (\(id), 'row \(id)')")
                    say("ack \(id) \(Moment.now.microseconds)")
                    usleep(pause)
                }
            } catch {
                say("error \(Moment.now.microseconds) \(error)")
                usleep(20_000)
            }
        }
    }
}
