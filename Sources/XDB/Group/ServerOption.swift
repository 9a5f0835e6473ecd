/// Placeholder until the table below it is written.
public enum ServerOption {
    /// Why an option of the server must not be set by users; nil when it may.
    public static func refusal(of option: String, value: String) -> String? { nil }
}
