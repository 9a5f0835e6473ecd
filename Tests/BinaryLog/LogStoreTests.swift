import BinaryLog
import Testing
import XDB

struct LogStoreTests {
    static let options = LogOptions(segmentBytes: 4000, indexBytes: 500)

    /// A log with groups of two epochs, and what it must have.
    private func filled(
        _ count: Int,
        seed: UInt64 = 1,
        options: LogOptions = LogStoreTests.options
    ) throws -> (LogStore, MemoryStorage, [RecordedGroup]) {
        var maker = GroupMaker(seed: seed)
        let storage = MemoryStorage()
        let store = try LogStore.open(storage, options: options)
        var groups: [RecordedGroup] = []
        for number in 0..<count {
            let group = maker.next(newEpoch: number == count / 2)
            groups.append(group)
            try store.append { try $0.append(group.events) }
            if number % 3 == 0 { try store.write() }
        }
        try store.commit()
        return (store, storage, groups)
    }

    @Test("what is appended is what is read, from every position and up to every limit, before and after opening anew")
    func reading() throws {
        let (store, storage, groups) = try filled(60)
        #expect(store.snapshot.segments > 3)
        for opened in [store, try LogStore.open(storage, options: Self.options)] {
            #expect(opened.snapshot.written == groups.last?.gtid.position)
            #expect(opened.snapshot.durable == groups.last?.gtid.position)
            #expect(opened.snapshot.state == store.snapshot.state)
            #expect(try opened.groups(after: .zero) == groups)
            for index in groups.indices {
                let position = groups[index].gtid.position
                #expect(try opened.groups(after: position) == Array(groups[(index + 1)...]))
                #expect(try opened.groups(after: .zero, upTo: position) == Array(groups[...index]))
            }
        }
    }

    @Test("positions that are not in the log are refused")
    func notFound() throws {
        let (store, _, groups) = try filled(20)
        let last = try #require(groups.last?.gtid.position)
        for position in [
            Position(epoch: last.epoch, sequence: last.sequence + 1),
            Position(epoch: last.epoch.next, sequence: 1),
            Position(epoch: last.epoch, sequence: 1),
            Position(epoch: .none, sequence: 3),
        ] {
            #expect(throws: BinaryLogError.self) { try store.reader(after: position) }
            #expect(throws: BinaryLogError.self) { try store.truncate(after: position) }
        }
        #expect(try store.groups(after: .zero) == groups)
    }

    @Test("an empty log: readers wait, and see what comes")
    func empty() throws {
        let store = try LogStore.open(MemoryStorage(), options: Self.options)
        #expect(store.snapshot.first == .zero)
        #expect(store.snapshot.durable == .zero)
        var reader = try store.reader(after: .zero)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 16)
        defer { buffer.deallocate() }
        let limit = Position(epoch: .max, sequence: .max)
        #expect(try reader.next(upTo: limit, into: buffer) == nil)
        try store.truncate(after: .zero)
        var maker = GroupMaker(seed: 4)
        let group = maker.next()
        try store.append { try $0.append(group.events) }
        #expect(try reader.next(upTo: limit, into: buffer) == nil, "it is not written yet")
        try store.write()
        let batch = try #require(try reader.next(upTo: limit, into: buffer))
        #expect(batch.last == group.gtid)
        #expect(batch.header?.number == 1)
        #expect(store.snapshot.durable == .zero)
        #expect(try store.synchronize() == group.gtid.position)
    }

    @Test("a log can begin in the middle, after what a backup has")
    func beginning() throws {
        let storage = MemoryStorage()
        let store = try LogStore.open(storage, options: Self.options)
        let base = try LogState([try #require(GTID("0-16-40")), try #require(GTID("0-35-99"))])
        try store.begin(after: base, format: FormatDescription(timestamp: 5, serverID: 35))
        for opened in [store, try LogStore.open(storage, options: Self.options)] {
            #expect(opened.snapshot.first == Position(epoch: Epoch(rawValue: 2), sequence: 99))
            #expect(opened.snapshot.durable == opened.snapshot.first)
            #expect(opened.snapshot.state == base)
            #expect(try opened.groups(after: opened.snapshot.first) == [])
            #expect(throws: BinaryLogError.self) { try opened.reader(after: .zero) }
        }
        #expect(throws: BinaryLogError.self) {
            try store.begin(after: base, format: FormatDescription(timestamp: 5, serverID: 35))
        }
        let gtid = GTID(serverID: ServerID(rawValue: 35), sequence: 100)
        let group = SynthesizedGroup(gtid: gtid, content: .changes(["DELETE FROM t"]), timestamp: 6)
        try store.append { try $0.append(group.events) }
        #expect(try store.commit() == gtid.position)
        #expect(try store.groups(after: store.snapshot.first).map(\.gtid) == [gtid])
    }

    @Test("truncation leaves exactly what is before it, on disk and in memory", arguments: 0..<40)
    func truncation(keep: Int) throws {
        let (store, storage, groups) = try filled(40, seed: UInt64(keep))
        var stale = try store.reader(after: .zero)
        let position = keep == 0 ? .zero : groups[keep - 1].gtid.position
        // With an open group and unwritten ones behind.
        #expect(throws: BinaryLogError.self) { try store.append { try $0.append([groups[0].events[0]]) } }
        try store.truncate(after: position)
        #expect(store.snapshot.written == position)
        #expect(store.snapshot.durable == position)
        #expect(try store.groups(after: .zero) == Array(groups[..<keep]))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 16)
        defer { buffer.deallocate() }
        #expect(throws: BinaryLogError.truncated) {
            try stale.next(upTo: Position(epoch: .max, sequence: .max), into: buffer)
        }
        #expect(try LogStore.open(storage, options: Self.options).groups(after: .zero) == Array(groups[..<keep]))
        // The next epoch goes on.
        let gtid = GTID(serverID: ServerID(epoch: Epoch(rawValue: 9), ordinal: 1), sequence: UInt64(keep) + 1)
        let group = SynthesizedGroup(gtid: gtid, content: .definition("DROP TABLE t"), timestamp: 7)
        try store.append { try $0.append(group.events) }
        #expect(try store.commit() == gtid.position)
        let reopened = try LogStore.open(storage, options: Self.options)
        #expect(try reopened.groups(after: .zero).map(\.gtid) == groups[..<keep].map(\.gtid) + [gtid])
    }

    @Test("purging frees whole segments, and never one with a group that is still wanted")
    func purging() throws {
        let (store, storage, groups) = try filled(60)
        let segments = store.snapshot.segments
        for index in groups.indices {
            let position = groups[index].gtid.position
            try store.purge(through: position)
            #expect(store.snapshot.first <= position)
            #expect(try store.groups(after: position) == Array(groups[(index + 1)...]))
        }
        #expect(store.snapshot.segments == 1)
        #expect(try storage.names().count == 1)
        #expect(segments > 3)
        let reopened = try LogStore.open(storage, options: Self.options)
        #expect(reopened.snapshot.first == store.snapshot.first)
        #expect(reopened.snapshot.state == store.snapshot.state, "servers of purged segments are still known")
    }

    @Test("a time finds the last group before the first that is later")
    func time() throws {
        let (store, _, groups) = try filled(60)
        func timestamp(_ group: RecordedGroup) -> UInt32 { group.events[0].header.timestamp }
        let times = groups.map(timestamp)
        for time in (times[0] - 1)...(times[59] + 1) {
            let expected = groups.prefix { timestamp($0) <= time }.last?.gtid
            #expect(try store.lastGroup(atOrBefore: time) == expected)
        }
    }

    @Test("what does not continue the log is refused, and the log goes on after the open group was discarded")
    func refusals() throws {
        let (store, storage, groups) = try filled(4)
        let last = try #require(groups.last)
        var damaged = last.events
        let server = ServerID(epoch: last.gtid.serverID.epoch, ordinal: last.gtid.serverID.ordinal)
        func begin(_ sequence: UInt64, _ serverID: ServerID = server) -> Event {
            GTIDEvent(gtid: GTID(serverID: serverID, sequence: sequence), flags: [.transactional], timestamp: 1).event()
        }
        let gap = begin(last.gtid.sequence + 2)
        let old = begin(last.gtid.sequence + 1, ServerID(rawValue: 16))
        let row = Event(type: .writeRows, timestamp: 1, serverID: 1, body: [1, 2, 3])
        var torn = row.bytes
        torn[20] ^= 1
        damaged = [begin(last.gtid.sequence + 1), row]
        for events in [last.events, [gap], [old], [row]] {
            #expect(throws: BinaryLogError.self) { try store.append { try $0.append(events) } }
            #expect(throws: BinaryLogError.failed("the last group was refused")) {
                try store.append { try $0.append(events) }
            }
            try store.discardOpenGroup()
        }
        // A damaged event in the middle of a group of which a part is already in the file.
        try store.append { try $0.append(damaged) }
        try store.write()
        #expect(throws: BinaryLogError.self) {
            try store.append { appender in try torn.withUnsafeBytes { try appender.append(EventPiece(whole: $0)) } }
        }
        try store.discardOpenGroup()
        let xid = Event(type: .xid, timestamp: 1, serverID: 1, body: [UInt8](repeating: 0, count: 8))
        try store.append { try $0.append(damaged + [xid]) }
        #expect(try store.commit().sequence == last.gtid.sequence + 1)
        #expect(try LogStore.open(storage, options: Self.options).groups(after: .zero).count == 5)
        // Gaps are taken where they are allowed.
        let lenient = try LogStore.open(storage, options: LogOptions(segmentBytes: 4000, allowsGaps: true))
        try lenient.append { try $0.append([begin(last.gtid.sequence + 5), xid]) }
        #expect(try lenient.commit().sequence == last.gtid.sequence + 5)
    }

    @Test("a server with another format gets a segment of its own; the same format does not")
    func formats() throws {
        let (store, _, groups) = try filled(4, options: LogOptions())
        let last = try #require(groups.last?.gtid)
        func append(_ version: String, _ sequence: UInt64) throws {
            let format = FormatDescription(serverVersion: version, timestamp: 1, serverID: 1)
            let gtid = GTID(serverID: last.serverID, sequence: sequence)
            let group = SynthesizedGroup(gtid: gtid, content: .changes([]), timestamp: 1)
            try store.append { _ = try $0.append([format.event] + group.events) }
            try store.commit()
        }
        try append("10.11.0-MariaDB-log", last.sequence + 1)
        #expect(store.snapshot.segments == 1)
        try append("10.11.19-MariaDB-log", last.sequence + 2)
        #expect(store.snapshot.segments == 2)
        try append("10.11.19-MariaDB-log", last.sequence + 3)
        #expect(store.snapshot.segments == 2)
        #expect(try store.groups(after: .zero).count == 7)
    }

    @Test("a log that lost what was promised is not opened")
    func lost() throws {
        let (_, storage, groups) = try filled(30)
        let last = try #require(groups.last?.gtid.position)
        let name = try #require(try storage.names().max())
        _ = try LogStore.open(storage, options: Self.options, required: last)
        storage.corrupt(name) { $0.removeLast() }
        #expect(throws: BinaryLogError.self) { try LogStore.open(storage, options: Self.options, required: last) }
        let opened = try LogStore.open(storage, options: Self.options)
        #expect(try opened.groups(after: .zero) == Array(groups.dropLast()))
        #expect(throws: BinaryLogError.lostTail(end: .zero, required: last)) {
            try LogStore.open(MemoryStorage(), required: last)
        }
    }

    @Test("damage where no crash can have done it is an error that names the file")
    func damage() throws {
        let (_, storage, _) = try filled(40)
        let names = try storage.names().sorted()
        #expect(names.count > 2)
        storage.corrupt(names[1]) { $0[30] ^= 1 }
        #expect(throws: BinaryLogError.self) { try LogStore.open(storage, options: Self.options) }
        storage.corrupt(names[1]) { $0[30] ^= 1 }
        _ = try LogStore.open(storage, options: Self.options)
        try storage.delete(names[1])
        #expect(throws: BinaryLogError.corrupt(file: names[1], offset: 0, detail: "the file is missing")) {
            try LogStore.open(storage, options: Self.options)
        }
    }

    @Test("after a failed write nothing is believed until the log is opened again")
    func failure() throws {
        let (store, storage, groups) = try filled(5)
        storage.cutPower(after: 0)
        let last = try #require(groups.last?.gtid)
        let gtid = GTID(serverID: last.serverID, sequence: last.sequence + 1)
        let group = SynthesizedGroup(gtid: gtid, content: .definition("DROP TABLE t"), timestamp: 7)
        try store.append { try $0.append(group.events) }
        #expect(throws: MemoryStorage.PowerCut.self) { try store.commit() }
        #expect(throws: BinaryLogError.self) { try store.commit() }
        #expect(throws: BinaryLogError.self) { try store.append { try $0.append(group.events) } }
        #expect(store.snapshot.durable == last.position)
    }

    @Test("a burst is one synchronization")
    func bursts() throws {
        let (store, storage, groups) = try filled(5, options: LogOptions())
        let before = storage.synchronizations
        var maker = GroupMaker(seed: 9)
        maker.sequence = groups.last?.gtid.sequence ?? 0
        maker.epoch = 5
        for _ in 0..<100 {
            let group = maker.next()
            try store.append { try $0.append(group.events) }
        }
        try store.commit()
        try store.commit()
        #expect(storage.synchronizations == before + 1)
    }

    @Test(
        "after any crash the log is a prefix of what was appended that has everything durable",
        arguments: 0..<400 as Range<UInt64>
    )
    func crashes(seed: UInt64) throws {
        var maker = GroupMaker(seed: seed)
        maker.largest = 6000
        var random = SeededGenerator(seed: seed &+ 1_000_000)
        var storage = MemoryStorage()
        var model: [RecordedGroup] = []
        var durable = Position.zero
        for _ in 0..<4 {
            let store = try LogStore.open(storage, options: Self.options, required: durable)
            let recovered = try store.groups(after: store.snapshot.first)
            let purged = model.prefix { $0.gtid.position <= store.snapshot.first }.count
            try #require(recovered == Array(model[purged...].prefix(recovered.count)), "not a prefix")
            try #require(store.snapshot.durable >= durable, "lost something durable")
            model = Array(model.prefix(purged + recovered.count))
            durable = store.snapshot.durable
            maker.sequence = model.last?.gtid.sequence ?? 0
            maker.timestamp += 1
            maker.epoch += 1
            storage.cutPower(after: Int.random(in: 0...25, using: &random))
            do {
                for _ in 0..<60 {
                    switch Int.random(in: 0..<20, using: &random) {
                    case 0..<9:
                        let group = maker.next()
                        model.append(group)
                        try store.append(group.bytes, cut: 3000, bufferLimit: 4096, using: &random)
                    case 9..<12:
                        try store.write()
                    case 12..<15:
                        durable = max(durable, try store.synchronize())
                    case 15:
                        // A stream that breaks inside a group, a part of which may be written.
                        var other = maker
                        let group = other.next()
                        try store.append(Array(group.bytes.dropLast(5)), cut: 3000, using: &random)
                        if Bool.random(using: &random) { try store.write() }
                        try store.discardOpenGroup()
                    case 16:
                        let limit = Int.random(in: 0...max(model.count, 1), using: &random)
                        guard limit < model.count, limit > 0 else { continue }
                        try store.purge(through: min(durable, model[limit].gtid.position))
                    case 17 where model.count > 3:
                        try store.write()
                        let keep = model.count - Int.random(in: 1...2, using: &random)
                        let position = model[keep - 1].gtid.position
                        guard position >= store.snapshot.first else { continue }
                        // If it is cut off, it may have happened or not: what it removes is promised no longer.
                        durable = min(durable, position)
                        try store.truncate(after: position)
                        durable = max(durable, store.snapshot.durable)
                        model = Array(model[..<keep])
                        maker.sequence = position.sequence
                        maker.epoch += 1
                    default:
                        durable = max(durable, try store.commit())
                    }
                }
            } catch is MemoryStorage.PowerCut {
            } catch BinaryLogError.failed {
            }
            #expect(store.snapshot.durable <= store.snapshot.written)
            storage = storage.crashed(using: &random)
        }
    }
}
