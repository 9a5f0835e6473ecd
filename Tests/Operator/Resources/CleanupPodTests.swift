import Foundation
import KubernetesModel
import Testing

@testable import Operator

@Suite struct CleanupPodTests {
    @Test func removesTheGroupsDirectoryOnly() throws {
        let pod = CleanupPod(
            group: orders,
            namespace: "xdb-cleanup",
            name: "orders-cleanup",
            node: "node1",
            directory: "/var/lib/xdb/default/orders",
            image: "localhost/xdb-engine:dev"
        )
        try expectGolden(#require(pod.json), "cleanup")
    }

    @Test(arguments: ["/", "/etc", "/var/lib", "relative/a/b/c", "/var/lib/xdb/../../etc"])
    func refusesPathsThatAreNoGroups(directory: String) {
        #expect(
            CleanupPod(
                group: orders,
                namespace: "default",
                name: "orders-cleanup",
                node: "node1",
                directory: directory,
                image: "x"
            ).json == nil
        )
    }

    /// The script itself, with names that a shell could misread, a file of many pieces, and what has to stay.
    @Test func theScriptRemovesWhatIsLargeAndKeepsWhatIsNotTheDirectorys() throws {
        let files = FileManager.default
        let host = files.temporaryDirectory.appending(path: "cleanup-\(UUID())")
        defer { try? files.removeItem(at: host) }
        let data = host.appending(path: "-shop/$(orders) 'x'/data")
        let kept = host.appending(path: "kept")
        for directory in [data, kept] { try files.createDirectory(at: directory, withIntermediateDirectories: true) }
        for (path, size) in [
            (data.appending(path: "large one"), UInt64(700 << 20)), (data.appending(path: "exact"), 256 << 20),
            (data.appending(path: "small"), 1), (kept.appending(path: "backup"), 300 << 20),
        ] {
            #expect(files.createFile(atPath: path.path, contents: nil))
            let file = try FileHandle(forWritingTo: path)
            try file.truncate(atOffset: size)
            try file.close()
        }
        try files.linkItem(at: kept.appending(path: "backup"), to: data.appending(path: "linked"))
        try files.createSymbolicLink(at: data.appending(path: "symbolic"), withDestinationURL: kept)

        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        let script = CleanupPod.script.replacing("cd /host", with: "cd '\(host.path)'")
        shell.arguments = ["-c", script, "cleanup", "-shop", "$(orders) 'x'"]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(try files.contentsOfDirectory(atPath: host.path) == ["kept"])
        let backup = try files.attributesOfItem(atPath: kept.appending(path: "backup").path)
        #expect(backup[.size] as? Int == 300 << 20)
    }
}
