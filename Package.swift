// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

extension Target {
    /// A library module of this package; every one has the same strict settings.
    static func module(_ name: String, _ dependencies: [Dependency] = []) -> Target {
        .target(name: name, dependencies: dependencies, swiftSettings: settings)
    }

    /// The tests of one module, in a folder of the same name.
    ///
    /// Most are not optimized, unlike what they test: that takes the compiler twice as long, and they spend no time in
    /// their own code. What is in `files` they read at its place.
    static func tests(
        _ module: String,
        _ dependencies: [Dependency] = [],
        files: [String] = [],
        optimized: Bool = false
    ) -> Target {
        .testTarget(
            name: "\(module)Tests",
            dependencies: [.byName(name: module)] + dependencies,
            path: "Tests/\(module)",
            exclude: files,
            swiftSettings: settings + (optimized ? [] : [.unsafeFlags(["-Onone"])])
        )
    }

    static func program(_ name: String, _ dependencies: [Dependency]) -> Target {
        .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
    }
}

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    /// Its server without the framework on top, which would load all of Foundation and ICU.
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let log = product(name: "Logging", package: "swift-log")
    static let nio = product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioTLS = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let x509 = product(name: "X509", package: "swift-certificates")
}

let package = Package(
    name: "xdb-operator",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "xdb-operator", targets: ["xdb-operator"]),
        .executable(name: "xdb-agent", targets: ["xdb-agent"]),
        .executable(name: "kubectl-xdb", targets: ["kubectl-xdb"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // System libraries; each shim.h adds the typed functions that Swift needs for the variadic ones.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Values and decisions: no I/O, no clock.
        .module("KubernetesModel"),
        .module("XDB", ["KubernetesModel"]),
        .module("Planning", ["KubernetesModel", "XDB"]),
        .module("BinaryLog", ["CDeflate", "XDB", .crypto]),

        // The way to the API server.
        .module("YAML", ["CYAML", "KubernetesModel"]),
        .module("Kubernetes", ["CCurl", "KubernetesModel", "YAML", .log]),
        .module(
            "Controllers",
            [
                "CMalloc", "Kubernetes", "KubernetesModel", .httpTypes, .hummingbirdCore, .log, .nio, .nioPosix,
                .serviceLifecycle, .unixSignals,
            ]
        ),

        // What people see of it.
        .module("Console", ["CZlib", "Kubernetes", "KubernetesModel", "Planning", "XDB", "YAML"]),

        // The two programs, which live beside databases that want the memory.
        .module("ProcessMemory", [.serviceLifecycle]),
        .module(
            "Agent",
            [
                "BinaryLog", "CMariaDB", "ProcessMemory", "XDB", .crypto, .httpTypes, .hummingbirdCore, .log, .nio,
                .nioHTTP1, .nioPosix,
                .nioTLS, .serviceLifecycle,
            ]
        ),
        .module(
            "Operator",
            [
                "Controllers", "Kubernetes", "KubernetesModel", "Planning", "ProcessMemory", "XDB", .asn1, .crypto,
                .log, .serviceLifecycle, .x509,
            ]
        ),
        .program("xdb-agent", ["Agent", "XDB", .argumentParser, .log, .serviceLifecycle]),
        .program(
            "xdb-operator",
            ["Operator", "Controllers", "Kubernetes", "XDB", .argumentParser, .log, .serviceLifecycle]
        ),
        .program(
            "kubectl-xdb",
            ["Console", "Kubernetes", "KubernetesModel", "Planning", "XDB", "YAML", .argumentParser, .log]
        ),

        // A real API server for tests and for hack/bench client.
        .target(
            name: "APIServerFixture",
            dependencies: ["Kubernetes"],
            path: "Tests/APIServerFixture",
            swiftSettings: settings
        ),
        .tests("KubernetesModel"),
        .tests("ProcessMemory"),
        .tests("YAML", ["KubernetesModel"]),
        .tests("Kubernetes", ["APIServerFixture", "KubernetesModel", .log]),
        .tests("Agent", ["BinaryLog", "CMariaDB", "XDB", .log, .nio, .nioPosix, .nioTLS]),
        .tests("BinaryLog", ["XDB"]),
        .tests("XDB", ["KubernetesModel"]),
        // They play a whole world, many times.
        .tests("Planning", ["KubernetesModel", "XDB"], optimized: true),
        .tests(
            "Operator",
            ["Controllers", "Kubernetes", "KubernetesModel", "Planning", "XDB", .asn1, .log, .x509],
            files: ["Golden"]
        ),
        // The local cluster, for tests, measurements and chaos, and the client that writes under all of them.
        .target(
            name: "ClusterFixture",
            dependencies: ["CMariaDB", "Kubernetes", "KubernetesModel", "XDB"],
            path: "Tests/ClusterFixture",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "xdb-ledger",
            dependencies: ["ClusterFixture"],
            path: "Tests/LedgerClient",
            swiftSettings: settings
        ),
        .executableTarget(name: "xdb-wire", path: "Tests/FaultyWire", swiftSettings: settings),
        .executableTarget(
            name: "xdb-chaos",
            dependencies: ["ClusterFixture"],
            path: "Tests/Chaos",
            swiftSettings: settings
        ),
        .testTarget(
            name: "ClusterTests",
            dependencies: ["ClusterFixture", "KubernetesModel", "xdb-ledger", "xdb-wire"],
            path: "Tests/Cluster",
            swiftSettings: settings
        ),
        .tests("Console", ["Kubernetes", "KubernetesModel", "Planning", "XDB", "YAML"], files: ["Golden"]),
        .tests("kubectl-xdb", ["KubernetesModel", .argumentParser]),
        .tests("Controllers", ["APIServerFixture", "Kubernetes", "KubernetesModel", .log, .serviceLifecycle]),
        .program(
            "xdb-bench",
            [
                "APIServerFixture", "ClusterFixture", "Controllers", "Kubernetes", "KubernetesModel", "XDB",
                .argumentParser, .log,
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
