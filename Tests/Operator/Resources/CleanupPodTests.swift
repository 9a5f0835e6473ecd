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

    /// The script itself, with names that a shell could misread, files of several pieces, and what has to stay.
    ///
    /// Its pauses are a program that notes how large the files are then.
    @Test func theScriptRemovesWhatIsLargeAndKeepsWhatIsNotTheDirectorys() throws {
        let files = FileManager.default
        let host = files.temporaryDirectory.appending(path: "cleanup-\(UUID())")
        defer { try? files.removeItem(at: host) }
        let data = host.appending(path: "-shop/$(orders) 'x'/data")
        let (kept, programs) = (host.appending(path: "kept"), host.appending(path: "programs"))
        for directory in [data, kept, programs] {
            try files.createDirectory(at: directory, withIntermediateDirectories: true)
        }
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

        let sleep = programs.appending(path: "sleep")
        try "#!/bin/sh\nstat -c %s \"$large\" \"$exact\" | xargs >>\"$0.log\"\n".write(
            to: sleep,
            atomically: true,
            encoding: .utf8
        )
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sleep.path)

        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.environment = [
            "PATH": "\(programs.path):/usr/bin:/bin", "large": data.appending(path: "large one").path,
            "exact": data.appending(path: "exact").path,
        ]
        let script = CleanupPod.script.replacing("cd /host", with: "cd '\(host.path)'")
        shell.arguments = ["-c", script, "cleanup", "-shop", "$(orders) 'x'"]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(try files.contentsOfDirectory(atPath: host.path).sorted() == ["kept", "programs"])
        let sizes = try String(contentsOf: programs.appending(path: "sleep.log"), encoding: .utf8)
            .split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) }.reduce(0, +) >> 20 }
        // 128 MiB less each time, whichever file comes first, until no file has more than a piece.
        #expect(sizes == [828, 700, 572, 444, 316, 188])
        let backup = try files.attributesOfItem(atPath: kept.appending(path: "backup").path)
        #expect(backup[.size] as? Int == 300 << 20)
    }
}
