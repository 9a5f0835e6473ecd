/// The certificates of a member: `ca.crt`, `tls.crt` and `tls.key` in one directory, reread when they change.
public final class TLSMaterial: Sendable {
    let directory: String

    public init(directory: String) {
        self.directory = directory
    }
}
