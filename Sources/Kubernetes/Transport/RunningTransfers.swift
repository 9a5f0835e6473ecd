import CCurl
import Glibc

/// The transfers that libcurl works on; used on the engine's thread only.
struct RunningTransfers {
    private struct Running {
        let transfer: Transfer
        let handle: UnsafeMutableRawPointer
        let context: Context
        let headers: UnsafeMutablePointer<curl_slist>?
        let connectTo: UnsafeMutablePointer<curl_slist>?
    }

    /// What libcurl's callbacks get.
    final class Context {
        let transfer: Transfer
        var lastActivity = ContinuousClock.now
        var isRefused = false
        /// Bytes of a stream came that nobody has been told of.
        var hasNews = false
        /// libcurl writes its messages here; it keeps the address as long as the handle lives.
        let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

        init(_ transfer: Transfer) {
            self.transfer = transfer
            message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        }

        deinit { message.deallocate() }
    }

    private let multi: UnsafeMutableRawPointer
    private var running: [ObjectIdentifier: Running] = [:]

    init(multi: UnsafeMutableRawPointer) {
        self.multi = multi
        // Idle connections are kept for reuse up to this number.
        xdb_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 32)
    }

    var isEmpty: Bool { running.isEmpty }

    mutating func start(_ transfer: Transfer) {
        if transfer.isFinished { return }
        let server = transfer.request.url
        guard let handle = curl_easy_init() else {
            return transfer.finish(.failure(TransportError(.other, "out of memory", server: server)))
        }
        let context = Context(transfer)
        var headers: UnsafeMutablePointer<curl_slist>?
        var connectTo: UnsafeMutablePointer<curl_slist>?
        let failure = EasyOptions(handle).set(transfer.request, context, headers: &headers, connectTo: &connectTo)
        let entry = Running(
            transfer: transfer,
            handle: handle,
            context: context,
            headers: headers,
            connectTo: connectTo
        )
        if let failure {
            Self.free(entry)
            return transfer.finish(.failure(failure))
        }
        let code = curl_multi_add_handle(multi, handle)
        guard code == CURLM_OK else {
            Self.free(entry)
            let message = String(cString: curl_multi_strerror(code))
            return transfer.finish(.failure(TransportError(.other, message, server: server)))
        }
        running[ObjectIdentifier(transfer)] = entry
    }

    mutating func stop(_ transfer: Transfer) {
        guard let entry = running.removeValue(forKey: ObjectIdentifier(transfer)) else { return }
        curl_multi_remove_handle(multi, entry.handle)
        Self.free(entry)
    }

    func resume(_ transfer: Transfer) {
        guard let entry = running[ObjectIdentifier(transfer)] else { return }
        entry.context.lastActivity = .now
        curl_easy_pause(entry.handle, CURLPAUSE_CONT)
    }

    mutating func stopAll() {
        for entry in running.values {
            curl_multi_remove_handle(multi, entry.handle)
            Self.free(entry)
            entry.transfer.finish(.failure(TransportError(.closed, "the transport is closed")))
        }
        running = [:]
    }

    /// Moves bytes, ends what is finished or silent for too long, and waits for more.
    mutating func perform() {
        var count: Int32 = 0
        curl_multi_perform(multi, &count)
        // A server sends each event of a watch by itself: whoever looks again a moment later finds several.
        if deliverNews() { usleep(Self.gathering) }
        var left: Int32 = 0
        repeat {
            var result = CURLE_OK
            if let handle = xdb_curl_finished(multi, &result, &left) { finish(handle, result) }
        } while left > 0
        curl_multi_poll(multi, nil, 0, stopSilent(), nil)
    }

    /// How long bytes of streams are gathered after some have been delivered, in microseconds.
    private static let gathering: UInt32 = 1000

    /// Tells the readers of streams what has come; true when something has.
    private func deliverNews() -> Bool {
        var hasNews = false
        for entry in running.values {
            // What was held back by a pause comes at once when it ends.
            while entry.context.hasNews {
                entry.context.hasNews = false
                hasNews = true
                if entry.transfer.deliver() { curl_easy_pause(entry.handle, CURLPAUSE_CONT) }
            }
        }
        return hasNews
    }

    /// Ends the transfers whose idle timeout has passed, and returns the milliseconds until the next one may.
    private mutating func stopSilent() -> Int32 {
        // libcurl may hold bytes that its socket does not announce any more; looking once a second bounds what that costs.
        var wait = running.isEmpty ? Duration.seconds(60) : .seconds(1)
        let now = ContinuousClock.now
        for entry in running.values {
            guard let limit = entry.transfer.request.idleTimeout else { continue }
            if entry.transfer.isPaused {
                entry.context.lastActivity = now
                continue
            }
            let rest = entry.context.lastActivity + limit - now
            if rest > .zero {
                wait = min(wait, rest)
            } else {
                let server = entry.transfer.request.url
                stop(entry.transfer)
                let message = "nothing came for \(limit)"
                entry.transfer.finish(.failure(TransportError(.idleTimeout, message, server: server)))
            }
        }
        return Int32(wait / .milliseconds(1)) + 1
    }

    private mutating func finish(_ handle: UnsafeMutableRawPointer, _ result: CURLcode) {
        var pointer: UnsafeMutableRawPointer?
        xdb_curl_get_pointer(handle, CURLINFO_PRIVATE, &pointer)
        guard let pointer else { return }
        let context = Unmanaged<Context>.fromOpaque(pointer).takeUnretainedValue()
        let error = context.error(result, handle)
        stop(context.transfer)
        context.transfer.finish(error.map { .failure($0) } ?? .success(()))
    }

    private static func free(_ entry: Running) {
        curl_easy_cleanup(entry.handle)
        curl_slist_free_all(entry.headers)
        curl_slist_free_all(entry.connectTo)
    }
}

extension RunningTransfers.Context {
    /// The typed error of libcurl's result; nil when all went well.
    func error(_ result: CURLcode, _ handle: UnsafeMutableRawPointer) -> TransportError? {
        if result == CURLE_OK { return nil }
        let text = String(cString: message)
        let reason: TransportError.Reason
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: reason = .unresolved
        case CURLE_COULDNT_CONNECT: reason = .unreachable
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR: reason = .untrusted
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_CLIENTCERT: reason = .tls
        case CURLE_OPERATION_TIMEDOUT: reason = Self.hasConnected(handle) ? .timeout : .connectTimeout
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_SEND_FAIL_REWIND:
            reason = .connectionLost
        case CURLE_UNSUPPORTED_PROTOCOL where Self.hasConnected(handle), CURLE_WEIRD_SERVER_REPLY,
            CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP_POST_ERROR:
            reason = .malformed
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_BAD_FUNCTION_ARGUMENT:
            reason = .invalidRequest
        case CURLE_WRITE_ERROR where isRefused:
            return TransportError(
                .tooLarge,
                "the body is larger than \(transfer.request.maximumBodySize) bytes",
                server: transfer.request.url
            )
        default: reason = .other
        }
        let description = text.isEmpty ? String(cString: curl_easy_strerror(result)) : text
        return TransportError(reason, description, server: transfer.request.url)
    }

    /// True when a connection stood for the transfer, TLS included.
    private static func hasConnected(_ handle: UnsafeMutableRawPointer) -> Bool {
        var microseconds: curl_off_t = 0
        xdb_curl_get_size(handle, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
        return microseconds > 0
    }
}

/// Sets the options of one easy handle.
private struct EasyOptions {
    private let handle: UnsafeMutableRawPointer

    init(_ handle: UnsafeMutableRawPointer) {
        self.handle = handle
    }

    /// Sets everything; the lists live until the handle is cleaned up.
    func set(
        _ request: HTTPRequest,
        _ context: RunningTransfers.Context,
        headers: inout UnsafeMutablePointer<curl_slist>?,
        connectTo: inout UnsafeMutablePointer<curl_slist>?
    ) -> TransportError? {
        let pointer = Unmanaged.passUnretained(context).toOpaque()
        set(CURLOPT_PRIVATE, pointer)
        set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(context.message))
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_WRITEDATA, pointer)
        set(CURLOPT_HEADERDATA, pointer)
        xdb_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, receiveBody)
        xdb_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
        xdb_curl_watch_socket(handle, 15_000)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout))
        if let timeout = request.timeout { set(CURLOPT_TIMEOUT_MS, milliseconds(timeout)) }
        // An empty proxy keeps libcurl from asking the environment.
        set(CURLOPT_PROXY, request.proxy ?? "")
        set(CURLOPT_NOPROXY, "")

        switch request.connection {
        case .shared:
            // Not HTTP/2: with libcurl 7.88 a request on a connection on which little goes on was seen to get no answer
            // for a minute, twice in a row, while the server had sent it.
            set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            // An API server closes connections that are idle for 90 s; none is used again shortly before that.
            set(CURLOPT_MAXAGE_CONN, 60)
        case .own:
            set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            set(CURLOPT_FRESH_CONNECT, 1)
            set(CURLOPT_FORBID_REUSE, 1)
        case .exclusive: set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        }
        if let endpoint = request.connectTo {
            connectTo = curl_slist_append(connectTo, "::\(endpoint)")
            xdb_curl_set_list(handle, CURLOPT_CONNECT_TO, connectTo)
        }

        guard set(CURLOPT_URL, request.url) else {
            return TransportError(.invalidRequest, "not a URL", server: request.url)
        }
        if let body = request.body {
            let code = body.withUnsafeBytes {
                xdb_curl_set_body(handle, $0.baseAddress ?? UnsafeRawPointer(pointer), $0.count)
            }
            guard code == CURLE_OK else { return TransportError(.other, "out of memory", server: request.url) }
        }
        if request.method != "GET" || request.body != nil { set(CURLOPT_CUSTOMREQUEST, request.method) }
        // Without this libcurl waits for a "100 Continue" before larger bodies.
        headers = curl_slist_append(headers, "Expect:")
        for header in request.headers {
            guard !header.value.contains(where: \.isNewline), !header.name.contains(where: \.isNewline) else {
                return TransportError(.invalidRequest, "a line end in the header \(header.name)", server: request.url)
            }
            headers = curl_slist_append(headers, "\(header.name): \(header.value)")
        }
        xdb_curl_set_list(handle, CURLOPT_HTTPHEADER, headers)
        return setTLS(request.tls ?? TLSSettings(), request.url)
    }

    private func setTLS(_ tls: TLSSettings, _ url: String) -> TransportError? {
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if !tls.verifiesServer {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let authority = tls.certificateAuthority {
            set(CURLOPT_CAINFO_BLOB, authority)
            // Some builds of libcurl, Debian's among them, would trust the system's folder of certificates besides.
            xdb_curl_set_string(handle, CURLOPT_CAPATH, nil)
        }
        if let identity = tls.identity {
            set(CURLOPT_SSLCERT_BLOB, identity.certificate)
            set(CURLOPT_SSLCERTTYPE, "PEM")
            set(CURLOPT_SSLKEY_BLOB, identity.key)
            set(CURLOPT_SSLKEYTYPE, "PEM")
        }
        return nil
    }

    private func milliseconds(_ duration: Duration) -> Int {
        max(1, Int(duration / .milliseconds(1)))
    }

    private func set(_ option: CURLoption, _ value: Int) { xdb_curl_set_long(handle, option, value) }
    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) {
        xdb_curl_set_pointer(handle, option, value)
    }
    private func set(_ option: CURLoption, _ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { xdb_curl_set_blob(handle, option, $0.baseAddress, $0.count) }
    }
    @discardableResult
    private func set(_ option: CURLoption, _ value: String) -> Bool {
        xdb_curl_set_string(handle, option, value) == CURLE_OK
    }
}

private func receiveHeader(
    _ data: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let data, let pointer else { return 0 }
    let context = Unmanaged<RunningTransfers.Context>.fromOpaque(pointer).takeUnretainedValue()
    context.lastActivity = .now
    data.withMemoryRebound(to: UInt8.self, capacity: size * count) {
        context.transfer.receive(headerLine: UnsafeBufferPointer(start: $0, count: size * count))
    }
    return size * count
}

private func receiveBody(
    _ data: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ pointer: UnsafeMutableRawPointer?
) -> Int {
    guard let data, let pointer else { return 0 }
    let context = Unmanaged<RunningTransfers.Context>.fromOpaque(pointer).takeUnretainedValue()
    context.lastActivity = .now
    return data.withMemoryRebound(to: UInt8.self, capacity: size * count) {
        switch context.transfer.receive(body: UnsafeBufferPointer(start: $0, count: size * count)) {
        case .accepted:
            context.hasNews = context.transfer.isStream
            return size * count
        case .paused: return Int(CURL_WRITEFUNC_PAUSE)
        case .refused:
            context.isRefused = true
            return 0
        }
    }
}
