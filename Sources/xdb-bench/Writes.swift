import ClusterFixture

/// The times between a client's acknowledgements, in milliseconds.
struct Writes {
    var longest = 0.0
    var p99 = 0.0

    init() {}

    init(_ writer: Writer, since begin: Moment) {
        longest = writer.longestPause(since: begin) / .milliseconds(1)
        var pauses = Samples()
        for pause in writer.pauses(since: begin) { pauses.add(pause / .milliseconds(1)) }
        p99 = pauses.percentile(99)
    }
}
