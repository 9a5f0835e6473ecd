import CCurl
import Glibc
import Synchronization

/// The thread that owns libcurl's multi handle and every easy handle.
///
/// Others post what they want and wake it.
final class Engine: Sendable {
    private enum Command {
        case start(Transfer)
        case stop(Transfer)
        case resume(Transfer)
    }

    private struct Mailbox {
        var commands: [Command] = []
        /// No new transfers come; the thread ends with the last one.
        var isRetired = false
        var isClosed = false
    }

    /// libcurl documents `curl_multi_wakeup` as the one function that any thread may call; it is called under the
    /// mailbox's lock, and the handle is destroyed under that lock too, after the mailbox is closed.
    private struct Multi: @unchecked Sendable {
        let handle: UnsafeMutableRawPointer?
    }

    private let mailbox = Mutex(Mailbox())
    private let multi: Multi

    init() {
        _ = Self.prepareLibrary
        multi = Multi(handle: curl_multi_init())
        Self.joinEnded()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // libcurl and OpenSSL need far less than the 8 MiB that a thread gets otherwise.
        pthread_attr_setstacksize(&attributes, 512 << 10)
        // Under the lock, so that the thread does not end before it is known.
        let isRunning = Self.threads.withLock { threads in
            let box = Unmanaged.passRetained(self)
            var thread = pthread_t()
            guard pthread_create(&thread, &attributes, runEngine, box.toOpaque()) == 0 else {
                box.release()
                return false
            }
            threads.running[thread] = self
            return true
        }
        pthread_attr_destroy(&attributes)
        if !isRunning { mailbox.withLock { $0.isClosed = true } }
    }

    private static let prepareLibrary: Void = {
        // The write to a connection that the other side has closed must be an error, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        // Registered after OpenSSL's own handler, so that it is called before that.
        atexit { Engine.endAll() }
    }()

    // MARK: The threads of all engines

    private struct Threads {
        var running: [pthread_t: Engine] = [:]
        /// At their ends, or past them; to be joined.
        var ended: [pthread_t] = []
    }

    private static let threads = Mutex(Threads())

    /// Waits for threads that have nothing left to do but what OpenSSL does at the end of each.
    private static func joinEnded() {
        let ended = threads.withLock { threads in
            defer { threads.ended = [] }
            return threads.ended
        }
        for thread in ended { pthread_join(thread, nil) }
    }

    /// Closes all engines, and waits for the ends of their threads, but not for long.
    ///
    /// At its end a process takes OpenSSL down, and a thread that is still closing a connection then, or is at its own
    /// end, could make that a segmentation fault.
    private static func endAll() {
        for engine in threads.withLock({ $0.running.values.map(\.self) }) { engine.close() }
        for _ in 0..<1000 where threads.withLock({ !$0.running.isEmpty }) { usleep(1000) }
        joinEnded()
    }

    // MARK: Called by anyone

    func start(_ transfer: Transfer) {
        if !post(.start(transfer)) { transfer.finish(.failure(TransportError(.closed, "the transport is closed"))) }
    }

    func stop(_ transfer: Transfer) { post(.stop(transfer)) }

    func resume(_ transfer: Transfer) { post(.resume(transfer)) }

    /// Ends the thread; what is under way fails.
    func close() {
        mailbox.withLock { mailbox in
            if mailbox.isClosed { return }
            mailbox.isClosed = true
            curl_multi_wakeup(multi.handle)
        }
    }

    /// Ends the thread when the last transfer has ended.
    func retire() {
        mailbox.withLock { mailbox in
            if mailbox.isClosed { return }
            mailbox.isRetired = true
            curl_multi_wakeup(multi.handle)
        }
    }

    @discardableResult
    private func post(_ command: Command) -> Bool {
        mailbox.withLock { mailbox in
            if mailbox.isClosed { return false }
            mailbox.commands.append(command)
            curl_multi_wakeup(multi.handle)
            return true
        }
    }

    // MARK: On the thread

    fileprivate func run() {
        defer {
            Self.threads.withLock { threads in
                threads.running[pthread_self()] = nil
                threads.ended.append(pthread_self())
            }
        }
        guard let handle = multi.handle else { return mailbox.withLock { $0.isClosed = true } }
        var transfers = RunningTransfers(multi: handle)
        while true {
            let isEmpty = transfers.isEmpty
            let (commands, isClosed) = mailbox.withLock { mailbox in
                let commands = mailbox.commands
                mailbox.commands = []
                if mailbox.isRetired, isEmpty, commands.isEmpty { mailbox.isClosed = true }
                return (commands, mailbox.isClosed)
            }
            for command in commands {
                switch command {
                case .start(let transfer): transfers.start(transfer)
                case .stop(let transfer): transfers.stop(transfer)
                case .resume(let transfer): transfers.resume(transfer)
                }
            }
            if isClosed { break }
            transfers.perform()
        }
        transfers.stopAll()
        mailbox.withLock { _ in _ = curl_multi_cleanup(handle) }
    }
}

private func runEngine(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Engine>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
