import Testing
import XDB

@testable import Console

/// What is said of an election, and that nothing is called proven that is not.
@Suite struct ElectionAccountTests {
    private static let record = """
        epochs:
        - epoch: 4
          leader: orders-1
          voters: [orders-0, orders-1, orders-2]
          start: 3/120
          source: orders-2
          cause: Failover
          verdict: NodeGone
          rule: mostAdvanced
          reason: 'nothing was heard of orders-0 for 3 s: orders-1 leads epoch 4 from 3/120: its log is …'
          answers: [{voter: orders-1, position: 3/118}, {voter: orders-2, position: 3/120}]
          refusals: [{member: orders-0, reason: its agent is not heard}]
        """

    private func account(_ status: String) throws -> ElectionAccount {
        ElectionAccount(try #require(Samples.group(status).status.epochs.first), after: nil)
    }

    @Test func theProofCountsAnswers() throws {
        let account = try account(Self.record)
        #expect(account.occasion == "nothing was heard of orders-0 for 3 s")
        #expect(
            account.choice
                == "orders-1, because its log is the most advanced of the candidates'; it completed its log from orders-2"
        )
        #expect(account.proof.hasPrefix("a commit that a client saw is on 2 of the 3 voters, and 2 answered"))
        #expect(account.proof.contains("3/120"))
    }

    @Test func withoutAMajorityOfAnswersNothingIsProven() throws {
        let one = Self.record.replacing("{voter: orders-1, position: 3/118}, ", with: "")
        #expect(try account(one).proof == "1 of 3 voters answered")
    }

    @Test func aForcedLeaderIsNotProven() throws {
        let forced = try account(
            Self.record + "\n  missing: [{voter: orders-0, position: 3/130}]\n  loss: Forced without orders-0"
        )
        #expect(forced.proof.hasPrefix("not proven"))
        #expect(forced.proof.hasSuffix("Forced without orders-0"))
        var screen = Screen(Style())
        CertificateScreen.add(forced, to: &screen)
        #expect(screen.text.contains("orders-0  silent    passed over: its agent is not heard"))
        #expect(screen.text.contains("left out  last seen at 3/130"))
    }

    /// Newer operators may have rules that this plugin does not know.
    @Test func aRuleThatIsNotKnownIsShownAsItIs() throws {
        let text = Self.record.replacing("rule: mostAdvanced", with: "rule: byMoonlight")
        #expect(try account(text).choice.contains("because byMoonlight"))
    }
}
