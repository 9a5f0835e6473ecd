import BinaryLog
import Testing
import XDB

/// A log is read without being opened, also while it is written.
struct LogInspectionTests {
    private static let options = LogOptions(segmentBytes: 4000, indexBytes: 500)

    @Test func everyPositionHasItsTail() throws {
        var maker = GroupMaker(seed: 7)
        let storage = MemoryStorage()
        let store = try LogStore.open(storage, options: Self.options)
        var gtids: [GTID] = []
        for number in 0..<60 {
            let group = maker.next(newEpoch: number == 30)
            gtids.append(group.gtid)
            try store.append { try $0.append(group.events) }
        }
        try store.commit()
        #expect(store.snapshot.segments > 3)
        for index in stride(from: 0, to: gtids.count, by: 7) {
            let found = try LogInspection(storage, after: gtids[index].position, limit: 5)
            #expect(found.last == gtids.last)
            #expect(found.begin == nil)
            #expect(found.tailCount == gtids.count - 1 - index)
            #expect(found.tail == Array(gtids[(index + 1)...].prefix(5)))
            #expect(found.segments == store.snapshot.segments)
            #expect(found.remark == nil)
        }
        let purged = try #require(gtids.dropLast(10).last).position
        _ = try store.purge(through: purged)
        let rest = try LogInspection(storage, after: purged, limit: 100)
        #expect(rest.begin?.position == store.snapshot.first)
        #expect(rest.tail == Array(gtids.suffix(10)))
    }

    @Test func anEmptyLogHasNothing() throws {
        let found = try LogInspection(MemoryStorage(), after: .zero, limit: 5)
        #expect(found.last == nil && found.begin == nil && found.position == .zero)
        #expect(found.segments == 0 && found.tailCount == 0)
    }

    /// What a crash or a writer has left half done is not counted, and nothing is put right.
    @Test func aTornEndIsLeftAsItIs() throws {
        var maker = GroupMaker(seed: 9)
        let storage = MemoryStorage()
        let store = try LogStore.open(storage)
        var last: GTID?
        for _ in 0..<5 {
            let group = maker.next(newEpoch: false)
            last = group.gtid
            try store.append { try $0.append(group.events) }
        }
        try store.commit()
        let name = try #require(try storage.names().first)
        let whole = try storage.open(name).size()
        storage.corrupt(name) { $0 += [1, 2, 3] }
        let found = try LogInspection(storage, after: .zero, limit: 1)
        #expect(found.last == last)
        #expect(found.tailCount == 5)
        #expect(found.remark?.contains(name) == true)
        #expect(try storage.open(name).size() == whole + 3)
    }
}
