import KubernetesModel
import Testing

@testable import Operator

@Suite struct GroupServicesTests {
    @Test func services() throws {
        try expectGolden(.array([orders.leaderServiceBody, orders.followersServiceBody]), "services")
    }

    @Test func aDrainLeavesAllVotersButOne() {
        let body = orders.disruptionBudgetBody(apiVersion: "policy/v1", minimumAvailable: 2)
        #expect(body[path: "spec", "minAvailable"] == 2)
    }

    @Test func optionsAreQuotedWhereMariaDBWouldReadThemOtherwise() {
        let body = orders.configurationBody([
            "innodb_buffer_pool_size": .string("1G"),
            "init_connect": .string("SET NAMES 'utf8' # \"all\"\nuser=root"),
            "skip_name_resolve": .string(""),
        ])
        #expect(
            body[path: "data", "user.cnf"]?.stringValue == #"""
                # Written by xdb-operator from spec.configuration; changes here are undone.
                [mariadbd]
                init_connect = "SET NAMES 'utf8' # \"all\"\nuser=root"
                innodb_buffer_pool_size = 1G
                skip_name_resolve

                """#
        )
    }
}
