import ClusterFixture
import Foundation
import KubernetesModel

/// The group that is filled and rebuilt, and what is done to it.
struct RebuildRig {
    /// What a copy is made of.
    enum Source: String, CaseIterable {
        /// A member that has no clients: what the operator chooses when there is one.
        case learner
        /// The member that has the clients: the only one in a group of two candidates.
        case leader
    }

    let megabytes: Int
    let group = LabGroup(name: "bench-rebuild")

    private static let writerPause = Duration.milliseconds(2)

    func build() async throws {
        try await group.apply(
            LabGroup.Shape(
                learners: "[{name: reader, replicas: 1}]",
                configuration: Filler.configuration,
                repair: "{graceSeconds: 10}",
                resources: Filler.resources
            )
        )
        try await group.wait(for: "FullyRedundant")
        try await Filler(group: group, megabytes: megabytes).fill()
    }

    func remove() async throws { try await group.delete() }

    private func member(_ role: String) async throws -> LabGroup.Member {
        guard let member = try await group.member(in: role) else {
            throw NotInTime(what: "a \(role)", last: "no member is one")
        }
        return member
    }

    // MARK: What is measured

    /// What a copy took, and what the client noticed.
    struct Copy {
        var bytes = 0
        /// From the source's answer until everything was on the disk.
        var seconds = 0.0
        /// The steps of the operation, in milliseconds.
        var phases: [String: Double] = [:]
        var writes = Writes()

        var rate: Double { Double(bytes) / seconds / 1_048_576 }
    }

    /// The client alone.
    func writes(for time: Duration) async throws -> Writes {
        let writer = try await Writer.start(group, patience: 5, pause: Self.writerPause)
        try await writer.progress(by: 50)
        let begin = Moment.now
        try await Task.sleep(for: time)
        let writes = Writes(writer, since: begin)
        try await group.expectSame(as: writer)
        return writes
    }

    /// MiB per second of `mariabackup`, a TCP connection and `mbstream`, from the learner to the disk of the follower's
    /// node, while a client writes.
    func pipeline() async throws -> (rate: Double, writes: Writes) {
        let (source, target) = (try await member("Learner"), try await member("Follower"))
        guard let node = target.node else { throw NotInTime(what: "\(target.name)", last: "it has no node") }
        let address = try await Lab.kubectl(
            "get",
            "pod",
            target.life,
            "-n",
            group.namespace,
            "-o",
            "jsonpath={.status.hostIP}"
        )
        let writer = try await Writer.start(group, patience: 5, pause: Self.writerPause)
        try await writer.progress(by: 50)
        let begin = Moment.now
        let folder = "/var/lib/xdb/raw"
        // The last two lines are the bytes that came, and the nanoseconds from the first of them to the end.
        let receive = """
            set -e; rm -rf \(folder); mkdir -p \(folder); cd \(folder)
            perl -MIO::Socket::INET -e '
            my $s = IO::Socket::INET->new(LocalPort => 7777, Listen => 1, ReuseAddr => 1) or die $!;
            my $c = $s->accept; my ($n, $b) = (0);
            while (my $k = sysread $c, $b, 1 << 20) {
                system "date +%s%N >../raw.begin" unless $n;
                $n += $k; my $w = 0;
                while ($w < $k) { $w += syswrite(STDOUT, $b, $k - $w, $w) // die $! }
            }
            print STDERR $n' 2>../raw.bytes | mbstream -x
            end=$(date +%s%N)
            cat ../raw.bytes; echo; echo $((end - $(cat ../raw.begin)))
            cd ..; rm -rf raw raw.bytes raw.begin
            """
        let send = """
            until exec 3<>/dev/tcp/\(address)/7777; do sleep 0.1; done
            mkdir -p /tmp/raw
            nice -n 19 mariabackup --no-defaults --backup --stream=mbstream --log-copy-interval=20 \
            --datadir=/var/lib/xdb/data --target-dir=/tmp/raw --socket=/run/xdb/mysqld.sock --user=mysql \
            >&3 2>/tmp/raw.log || { tail -5 /tmp/raw.log >&2; exit 1; }
            """
        async let received = Lab.inside(node, "bash", "-c", receive)
        try await Lab.kubectl("exec", source.life, "-n", group.namespace, "--", "bash", "-c", send)
        let figures = try await received.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        let writes = Writes(writer, since: begin)
        try await group.expectSame(as: writer)
        guard figures.count == 2 else { throw NotInTime(what: "the raw pipeline", last: "\(figures)") }
        return (figures[0] / 1_048_576 / (figures[1] / 1e9), writes)
    }

    /// The follower anew from a source, under a writing client.
    func rebuild(from source: Source) async throws -> Copy {
        let (follower, from) = (
            try await member("Follower"), try await member(source == .leader ? "Leader" : "Learner")
        )
        let writer = try await Writer.start(group, patience: 5, pause: Self.writerPause)
        try await writer.progress(by: 50)
        let begin = Moment.now
        let name = try await group.rebuild(member: follower.name, mode: "Local", source: from.name)
        var copy = Copy()
        let stream = try await stream(of: name)
        (copy.bytes, copy.seconds) = (stream.bytes, stream.seconds)
        copy.phases = try await group.operation(name, reaches: "Succeeded").phases
        copy.writes = Writes(writer, since: begin)
        try await group.settle(writer)
        try await group.owesNothing()
        return copy
    }

    /// Waits until a copy is over, and reads from its Job's log how long it took: from the source's answer until everything
    /// was on the disk.
    private func stream(of operation: String) async throws -> (bytes: Int, seconds: Double) {
        while true {
            try await Task.sleep(for: .milliseconds(200))
            let status = try await group.operation(operation)["status"]
            if let state = status?["state"]?.stringValue, state == "Failed" || state == "Cancelled" {
                throw NotInTime(what: operation, last: try await group.message(of: operation))
            }
            let bytes = Int(status?[path: "progress", "bytesDone"]?.integerValue ?? 0)
            guard bytes > 0, status?["task"]?.stringValue != "Copy" else { continue }
            let jobs = try await Lab.kubectl("-n", group.namespace, "get", "jobs", "-o", "name")
            guard let job = jobs.split(separator: "\n").first(where: { $0.hasSuffix("-copy") }) else {
                throw NotInTime(what: "the Job of the copy", last: jobs)
            }
            let log = try await Lab.kubectl("-n", group.namespace, "logs", String(job))
            guard let begin = Self.time(of: "copying", in: log), let end = Self.time(of: "Done", in: log) else {
                throw NotInTime(what: "the begin and the end of the copy", last: log)
            }
            return (bytes, end.timeIntervalSince(begin))
        }
    }

    /// When a Job wrote a line with such a message or reason to its log.
    private static func time(of word: String, in log: String) -> Date? {
        for line in log.split(separator: "\n") {
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                [object["message"], object["reason"]].contains(where: { $0 as? String == word }),
                let time = object["time"] as? String
            else { continue }
            let formatter = ISO8601DateFormatter()
            formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
            return formatter.date(from: time)
        }
        return nil
    }

    /// How well a limit is kept.
    struct Limited {
        /// In MiB per second.
        var limit = 0
        /// Of the limit, over ten seconds.
        var share = 0.0
        /// What a client noticed in these.
        var writes = Writes()
        /// Until the rate over half a second is within 5 % of a new limit, in seconds.
        var secondsToChange = 0.0
    }

    func limited(megabytesPerSecond limit: Int) async throws -> Limited {
        let follower = try await member("Follower")
        let source = try await member("Learner")
        let name = try await group.rebuild(
            member: follower.name,
            mode: "Local",
            source: source.name,
            bytesPerSecond: "\(limit)Mi"
        )
        let writer = try await Writer.start(group, patience: 5, pause: Self.writerPause)
        try await writer.progress(by: 50)
        try await group.copies(name)
        var limited = Limited()
        limited.limit = limit
        let (before, begin) = try await sent(by: source)
        try await Task.sleep(for: .seconds(10))
        let (after, end) = try await sent(by: source)
        limited.writes = Writes(writer, since: begin)
        limited.share = Double(after - before) / (end.since(begin) / .seconds(1)) / Double(limit << 20)
        try await group.limit(name, to: "\(limit * 2)Mi")
        let edited = Moment.now
        var last = try await sent(by: source)
        limited.secondsToChange = try await eventually("the new limit", every: .milliseconds(500)) { () -> Double? in
            let now = try await sent(by: source)
            let rate = Double(now.bytes - last.bytes) / (now.at.since(last.at) / .seconds(1))
            let began = last.at
            last = now
            guard abs(rate / Double(limit << 21) - 1) < 0.05 else { return nil }
            // The rate was the new one from the beginning of this stretch on.
            return max(0, began.since(edited) / .seconds(1))
        }
        try await group.cancel(name)
        _ = try await group.ends(name)
        try await group.expectSame(as: writer)
        try await group.owesNothing()
        return limited
    }

    /// What the source's node has sent, by its network's counters: the copy is nearly all of it.
    private func sent(by source: LabGroup.Member) async throws -> (bytes: Int, at: Moment) {
        let table = try await Lab.inside(source.node ?? "", "cat", "/proc/net/dev")
        // "eth0: " and the eight figures of what was received come before the first of what was sent.
        let line = table.split(separator: "\n").first { $0.contains("eth0:") }
        let words = line?.split(whereSeparator: \.isWhitespace) ?? []
        guard words.count > 9, let bytes = Int(words[9]) else {
            throw NotInTime(what: "the counters of \(source.name)", last: table)
        }
        return (bytes, .now)
    }

    /// Seconds from the request until the new life of the logger votes.
    func logger() async throws -> Double {
        let logger = try await member("Logger")
        let begin = Moment.now
        let name = try await group.rebuild(member: logger.name, mode: "Local")
        let seconds = try await eventually("the logger votes", every: .milliseconds(50)) { () -> Double? in
            let task = try await group.operation(name)[path: "status", "task"]?.stringValue
            return task == "Clean" ? Moment.now.since(begin) / .seconds(1) : nil
        }
        _ = try await group.ends(name)
        try await group.owesNothing()
        return seconds
    }

    /// From the power cut to a group that is whole on other nodes.
    struct PowerCut {
        var seconds = 0.0
        /// Before the repair began: the node was found dead, and given time to come back.
        var waited = 0.0
        var phases: [String: Double] = [:]
    }

    func powerCut() async throws -> PowerCut {
        let follower = try await member("Follower")
        guard let node = follower.node, let zone = follower.zone else {
            throw NotInTime(what: "\(follower.name)", last: "it has no node")
        }
        let before = try await Lab.kubectl("get", "xop", "-n", group.namespace, "-o", "name")
        try await Lab.power(off: node)
        let begin = Moment.now
        var cut = PowerCut()
        let name = try await eventually("the repair begins", every: .milliseconds(100)) { () -> String? in
            try await Lab.kubectl("get", "xop", "-n", group.namespace, "-o", "name").split(separator: "\n")
                .first { $0.contains("\(follower.name)-repair-") && !before.contains($0) }
                .map { String($0.split(separator: "/")[1]) }
        }
        cut.waited = Moment.now.since(begin) / .seconds(1)
        cut.phases = try await group.operation(name, reaches: "Succeeded").phases
        try await group.wait(for: "FullyRedundant")
        cut.seconds = Moment.now.since(begin) / .seconds(1)
        try await Lab.power(on: node, zone: zone)
        try await group.owesNothing()
        return cut
    }
}
