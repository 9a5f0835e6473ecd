import Glibc
public import KubernetesModel

extension Time {
    /// The moment by this machine's clock.
    public static var now: Time {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Time(seconds: Int64(now.tv_sec), nanoseconds: Int32(now.tv_nsec))
    }
}
