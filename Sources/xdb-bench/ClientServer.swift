import ArgumentParser
import Foundation
import Glibc

/// The other side of `Client`: an API server that knows one list of pods and one watch.
struct ClientServer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client-server",
        abstract: "Serves pods to the client bench.",
        shouldDisplay: false
    )

    @Option(help: "How many pods.")
    var objects: Int

    func run() throws {
        let pods = (0..<objects).map { Self.pod($0, generation: 1) }
        let events = Self.events(objects)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 16)
                _ = getsockname(listener, $0, &length)
            }
        }
        print(UInt16(bigEndian: address.sin_port))
        fflush(nil)
        Thread.detachNewThread {
            // The end of our input is the end of the bench.
            _ = FileHandle.standardInput.readDataToEndOfFile()
            Glibc.exit(0)
        }
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 { return }
            Thread.detachNewThread {
                Self.serve(connection, pods, events)
                close(connection)
            }
        }
    }

    private static func serve(_ connection: Int32, _ pods: [[UInt8]], _ events: [UInt8]) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            let target = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ").dropFirst().first ?? ""
            if target.hasPrefix("/version") {
                answer(connection, Array(#"{"major":"1","minor":"20","gitVersion":"v1.20.0"}"#.utf8))
            } else if target.contains("watch=true") {
                _ = send(connection, Array("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".utf8))
                sleep(1)
                _ = send(connection, events)
                _ = recv(connection, &buffer, buffer.count, 0)
                return
            } else {
                answer(connection, page(target, pods))
            }
        }
    }

    private static func page(_ target: Substring, _ pods: [[UInt8]]) -> [UInt8] {
        func parameter(_ name: String) -> Int? {
            target.split(whereSeparator: { "?&".contains($0) }).first { $0.hasPrefix("\(name)=") }
                .flatMap { Int($0.dropFirst(name.count + 1)) }
        }
        let start = parameter("continue") ?? 0
        let end = min(pods.count, start + (parameter("limit").flatMap { $0 > 0 ? $0 : nil } ?? pods.count))
        let next = end < pods.count ? String(end) : ""
        var body = Array(#"{"kind":"PodList","metadata":{"resourceVersion":"1","continue":"\#(next)"},"items":["#.utf8)
        body += pods[start..<end].joined(separator: [UInt8(ascii: ",")])
        body += Array("]}".utf8)
        return body
    }

    private static func answer(_ connection: Int32, _ body: [UInt8]) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        _ = send(connection, Array(head.utf8) + body)
    }

    private static func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                let count = Glibc.send(connection, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count <= 0 { return false }
                sent += count
            }
            return true
        }
    }

    private static func events(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in 0..<count {
            bytes += Array(#"{"type":"MODIFIED","object":"#.utf8) + pod(index, generation: 2) + Array("}\n".utf8)
        }
        return bytes
    }

    /// A pod as a cluster with a service mesh has them: 8 KB, a third of it managed fields.
    private static func pod(_ index: Int, generation: Int) -> [UInt8] {
        func repeated(_ count: Int, _ text: (Int) -> String) -> String { (0..<count).map(text).joined(separator: ",") }
        let variables = repeated(24) { #"{"name":"VARIABLE_\#($0)","value":"some value of the variable \#($0)"}"# }
        let mounts = repeated(8) { #"{"name":"volume-\#($0)","mountPath":"/var/lib/data/\#($0)","readOnly":true}"# }
        let volumes = repeated(8) { #"{"name":"volume-\#($0)","configMap":{"name":"map-\#($0)","defaultMode":420}}"# }
        let fields = repeated(40) {
            #""k:{\"name\":\"VARIABLE_\#($0)\"}":{".":{},"f:name":{},"f:value":{}}"#
        }
        let conditions = repeated(4) {
            #"{"type":"\#(["Initialized", "Ready", "ContainersReady", "PodScheduled"][$0])","status":"True","#
                + #""lastProbeTime":null,"lastTransitionTime":"2025-03-01T12:00:0\#($0)Z"}"#
        }
        let text =
            #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"pod-\#(index)","generateName":"pod-","namespace":"#
            + #""default","uid":"7f5f8f6e-0000-4000-8000-\#(100_000_000_000 + index)","resourceVersion":"#
            + #""\#(generation * 1_000_000 + index)","generation":\#(generation),"#
            + #""creationTimestamp":"2025-03-01T12:00:00Z","labels":{"app":"service-\#(index % 100)","#
            + #""pod-template-hash":"7d4b9c8f6","version":"v1","tier":"backend"},"annotations":{"#
            + #""prometheus.io/scrape":"true","kubernetes.io/config.source":"api"},"ownerReferences":[{"apiVersion":"#
            + #""apps/v1","kind":"ReplicaSet","name":"service-\#(index % 100)-7d4b9c8f6","uid":"#
            + #""11111111-2222-3333-4444-555555555555","controller":true,"blockOwnerDeletion":true}],"managedFields":"#
            + #"[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"#
            + #""2025-03-01T12:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:containers":{"#
            + #""k:{\"name\":\"main\"}":{"f:env":{\#(fields)}}}}}}]},"spec":{"volumes":[\#(volumes)],"containers":[{"name":"#
            + #""main","image":"registry.example.com/team/service:1.2.\#(index % 10)","command":["/bin/service"],"#
            + #""args":["--config=/etc/service/config.yaml","--log=info"],"ports":[{"containerPort":8080,"protocol":"TCP"}],"#
            + #""env":[\#(variables)],"resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"100m","memory":"#
            + #""128Mi"}},"volumeMounts":[\#(mounts)],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080},"#
            + #""periodSeconds":10},"imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","nodeName":"#
            + #""node-\#(index % 50)","serviceAccountName":"default","schedulerName":"default-scheduler","tolerations":[{"#
            + #""key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}]},"#
            + #""status":{"phase":"Running","conditions":[\#(conditions)],"hostIP":"10.0.0.\#(index % 50)","podIP":"#
            + #""10.1.\#(index / 250).\#(index % 250)","startTime":"2025-03-01T12:00:00Z","containerStatuses":[{"name":"main","#
            + #""state":{"running":{"startedAt":"2025-03-01T12:00:02Z"}},"lastState":{},"ready":true,"restartCount":0,"#
            + #""image":"registry.example.com/team/service:1.2.3","imageID":"docker-pullable://registry@sha256:0123456789","#
            + #""containerID":"containerd://0123456789abcdef0123456789abcdef","started":true}],"qosClass":"Burstable"}}"#
        // Filled up to 8 KB with what nobody reads.
        var bytes = Array(text.utf8)
        let rest = 8192 - bytes.count - 16
        if rest > 0, bytes.popLast() != nil {
            bytes +=
                Array(#","padding":""#.utf8) + Array(repeating: UInt8(ascii: "x"), count: rest) + Array(#""}"#.utf8)
        }
        return bytes
    }
}
