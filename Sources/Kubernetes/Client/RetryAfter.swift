import CCurl
import KubernetesModel

/// The value of a `Retry-After` header: seconds, or the date of a proxy that prefers dates.
enum RetryAfter {
    /// The seconds to wait from now on; nil when the value is neither a number nor a date.
    static func seconds(_ value: String, now: Time) -> Int? {
        if let seconds = Int(value) { return seconds >= 0 ? seconds : nil }
        let date = curl_getdate(value, nil)
        return date < 0 ? nil : max(0, date - Int(now.seconds))
    }
}
