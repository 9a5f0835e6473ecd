import Synchronization
public import XDB

extension LogStore {
    /// The segment in which the group after a position stands or will stand, and where: the end of the group at it.
    ///
    /// Nil for the begin of a log that has no segment yet. Throws when the log does not have the position.
    func locate(_ position: Position) throws -> (segment: Segment, offset: UInt64)? {
        let (found, first, last) = try state.withLock { state in
            try state.check()
            let index = state.segments.lastIndex { $0.header.state.position <= position }
            return (
                index.map { state.segments[$0] },
                state.segments.first?.header.state.position ?? state.written.position,
                state.written.position
            )
        }
        if found == nil, position == first, position == last { return nil }
        guard var segment = found, position <= last else {
            throw BinaryLogError.notFound(position, first: first, last: last)
        }
        var offset = UInt64(segment.header.size)
        if segment.header.state.position == position { return (segment, offset) }
        // The usual case: whoever follows the log closely goes on at its end.
        if position == last { return (segment, segment.end) }
        let index = try index(of: &segment)
        if let entry = index.last(through: position) { offset = entry.offset }
        var end: UInt64?
        let name = segment.header.name
        let scanner = SegmentScanner(file: try storage.open(name), name: name, end: segment.end)
        let error = try scanner.scan(from: offset) { group in
            if group.position == position { end = group.end }
            return group.position < position
        }
        if let end { return (segment, end) }
        if let error { throw BinaryLogError.corrupt(file: name, offset: offset, detail: error.description) }
        throw BinaryLogError.notFound(position, first: first, last: last)
    }

    /// A segment's index, built by a scan if the segment has not been looked into since the log was opened.
    private func index(of segment: inout Segment) throws -> SegmentIndex {
        if let index = segment.index { return index }
        let number = segment.header.number
        var tail = try Tail(segment.header, options)
        let name = segment.header.name
        let scanner = SegmentScanner(file: try storage.open(name), name: name, end: segment.end)
        if let error = try scanner.scan(
            from: tail.end,
            {
                try tail.append($0); return true
            }
        ) {
            throw BinaryLogError.corrupt(file: name, offset: tail.end, detail: error.description)
        }
        segment.index = tail.index
        let index = tail.index
        state.withLock { state in
            guard let place = state.segments.firstIndex(where: { $0.header.number == number }),
                state.segments[place].index == nil
            else { return }
            state.segments[place].index = index
        }
        return tail.index
    }

    /// The last group before the first one that began later than a time, in seconds since 1970; nil when the log has none.
    ///
    /// That is where `mariadb-binlog --stop-datetime` stops, one second later. Only groups that are still in the log are
    /// found.
    public func lastGroup(atOrBefore time: UInt32) throws -> GTID? {
        let segments = try state.withLock { state in
            try state.check()
            return state.segments
        }
        // A segment's own time is that of its first group.
        let later = segments.firstIndex { $0.header.timestamp > time } ?? segments.count
        for segment in segments[..<later].reversed() {
            var found: GTID?
            let name = segment.header.name
            let scanner = SegmentScanner(file: try storage.open(name), name: name, end: segment.end)
            let error = try scanner.scan(from: UInt64(segment.header.size)) { group in
                guard group.event.timestamp <= time else { return false }
                found = group.event.gtid
                return true
            }
            if let error {
                throw BinaryLogError.corrupt(
                    file: name,
                    offset: UInt64(segment.header.size),
                    detail: error.description
                )
            }
            if let found { return found }
        }
        return nil
    }
}
