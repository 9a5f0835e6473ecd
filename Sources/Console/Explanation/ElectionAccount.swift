import KubernetesModel
import Planning
import XDB

/// An election as it is told: from the certificate of an operation, or from a group's record of the epoch.
struct ElectionAccount {
    var epoch: Epoch
    var leader: String
    var previousLeader: String?
    var start: Position
    var source: String?
    var rule: String?
    var cause: XDBGroup.ElectionCause?
    var verdict: XDBGroup.LeaderVerdict?
    var reason: String
    var voters: [String]
    var answers: [XDBGroup.ElectionAnswer]
    var refusals: [XDBGroup.ElectionRefusal]
    var missing: [XDBGroup.MissingVoter]
    var committed: Position?
    var loss: String?

    init(_ certificate: XDBOperation.Certificate) {
        epoch = certificate.epoch
        leader = certificate.leader
        previousLeader = certificate.previousLeader
        start = certificate.start
        source = certificate.source
        rule = certificate.rule
        verdict = certificate.verdict
        reason = certificate.reason
        voters = certificate.voters
        answers = certificate.answers
        refusals = certificate.refusals
        missing = certificate.missing
        committed = certificate.committed
        loss = certificate.loss
    }

    init(_ record: XDBGroup.EpochRecord, after previous: XDBGroup.EpochRecord?) {
        epoch = record.epoch
        leader = record.leader
        previousLeader = previous?.leader
        start = record.start
        source = record.source
        rule = record.rule
        cause = record.cause
        verdict = record.verdict
        reason = record.reason
        voters = record.voters
        answers = record.answers
        refusals = record.refusals
        missing = record.missing
        committed = record.committed
        loss = record.loss
    }

    /// Why there was an election, without the choice that the recorded reason ends with.
    var occasion: String {
        reason.firstRange(of: ": \(leader) leads epoch").map { String(reason[..<$0.lowerBound]) } ?? reason
    }

    /// True when it was a person's decision that the answers do not cover.
    var isForced: Bool { !missing.isEmpty || loss != nil }

    /// Why no commit that a client saw is lost by it.
    var proof: String {
        if isForced {
            return "not proven: the leader was forced without a majority of the voters before. \(loss ?? "")"
        }
        guard answers.count >= majority(of: voters.count) else {
            return "\(answers.count) of \(voters.count) voters answered"
        }
        return
            "a commit that a client saw is on \(majority(of: voters.count)) of the \(voters.count) voters, and "
            + "\(answers.count) answered, so at least one of these has it. The epoch starts with the most advanced answer, "
            + "\(start), and the leader leads only with all of that"
    }

    /// Why this candidate and no other.
    var choice: String {
        let why = rule.map { ElectionRule(rawValue: $0)?.sentence ?? $0 } ?? "its answer was the best"
        let pull = source.map { "; it completed its log from \($0)" } ?? ""
        return "\(leader), because \(why)\(pull)"
    }
}

/// The account of an election.
enum CertificateScreen {
    static func add(_ election: ElectionAccount, to screen: inout Screen) {
        screen.paragraphs("Why", [Cell(why(election))])
        screen.paragraphs("Chosen", [Cell(election.choice)])
        screen.paragraphs("Safe", [Cell(election.proof, election.isForced ? .bad : .plain)])
        screen.gap()
        var table = Table(["VOTER", "ANSWER", ""])
        table.rows = election.voters.map { voter in
            let answer = election.answers.first { $0.voter == voter }
            return [
                Cell(voter, voter == election.leader ? .strong : .plain),
                answer.map { Cell($0.position.description) } ?? Cell("silent", .warning),
                Cell(remark(on: voter, election)),
            ]
        }
        table.rows += election.missing.map { missing in
            let seen = missing.position.map { "last seen at \($0)" } ?? "never seen"
            return [Cell(missing.voter), Cell("left out", .bad), Cell("\(seen). \(missing.message ?? "")")]
        }
        let listed = Set(election.voters)
        table.rows += election.refusals.filter { !listed.contains($0.member) }
            .map { [Cell($0.member), "", Cell("passed over: \($0.reason)")] }
        screen.table(table)
    }

    private static func why(_ election: ElectionAccount) -> String {
        let verdict = election.verdict.map { " (\($0.rawValue))" } ?? ""
        let before = election.previousLeader.map { ", after \($0)" } ?? ""
        return "epoch \(election.epoch), led by \(election.leader)\(before)\(verdict): \(election.occasion)"
    }

    private static func remark(on voter: String, _ election: ElectionAccount) -> String {
        if let refusal = election.refusals.first(where: { $0.member == voter }) {
            return "passed over: \(refusal.reason)"
        }
        return voter == election.leader ? "leads" : ""
    }
}
