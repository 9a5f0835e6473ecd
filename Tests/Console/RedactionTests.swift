import KubernetesModel
import Testing

@testable import Console

@Suite struct RedactionTests {
    @Test(arguments: [
        ("CREATE USER x IDENTIFIED BY 'hunter2' REQUIRE SSL", "CREATE USER x IDENTIFIED BY 'REDACTED' REQUIRE SSL"),
        (
            "ALTER USER x IDENTIFIED VIA mysql_native_password USING '*AB12'",
            "ALTER USER x IDENTIFIED VIA mysql_native_password USING 'REDACTED'"
        ),
        ("dsn mysql://app:hunter2@orders:3306/app", "dsn mysql://app:REDACTED@orders:3306/app"),
        ("started with password=hunter2, port=1", "started with password=REDACTED, port=1"),
        (#"{"password":"hunter2","level":"info"}"#, #"{"password":REDACTED,"level":"info"}"#),
        ("https://example.com/path: 3 errors", "https://example.com/path: 3 errors"),
        ("the Secret 'orders-app' is gone", "the Secret 'orders-app' is gone"),
        ("epoch 3 begins at 2/17", "epoch 3 begins at 2/17"),
    ])
    func passwordsAreTakenOutOfText(_ text: String, _ redacted: String) {
        #expect(Redaction.text(text) == redacted)
    }

    @Test func optionsAndVariablesWithTheNameOfASecretAreTakenOut() {
        let object: JSONValue = [
            "metadata": [
                "managedFields": [["manager": "x"]],
                "annotations": ["kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "kept"],
            ],
            "spec": [
                "configuration": ["file_key_management_password": "hunter2", "innodb_buffer_pool_size": "64M"],
                "env": [["name": "API_TOKEN", "value": "hunter2"], ["name": "PORT", "value": "1"]],
                "secretName": "orders-app",
                "automountServiceAccountToken": false,
            ],
        ]
        let redacted = Redaction.object(object)
        #expect(!redacted.description.contains("hunter2"))
        #expect(redacted["metadata"] == ["annotations": ["note": "kept"]])
        #expect(redacted[path: "spec", "configuration", "innodb_buffer_pool_size"] == "64M")
        #expect(redacted[path: "spec", "env"]?[1] == ["name": "PORT", "value": "1"])
        #expect(redacted[path: "spec", "secretName"] == "orders-app")
    }
}
