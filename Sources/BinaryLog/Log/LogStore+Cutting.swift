import Synchronization
public import XDB

extension LogStore {
    /// Removes everything after a position that the log has, the open group and what was not yet written included.
    ///
    /// Durable when it returns. Readers throw ``BinaryLogError/truncated``. That nothing is cut that was committed is the
    /// caller's duty.
    public func truncate(after position: Position) throws {
        try output.withLock { output in
            let cut = try state.withLock { state in
                try state.check()
                return state.discardOpenGroup()
            }
            if let cut { try effect { try output.file?.truncate(to: cut) } }
            try write(&output)
            guard let (found, point) = try locate(position) else {
                // An empty log that is to stay empty.
                return
            }
            var tail = try Tail(found.header, options)
            let file = try storage.open(found.header.name)
            let scanner = SegmentScanner(file: file, name: found.header.name, end: point)
            if let error = try scanner.scan(
                from: tail.end,
                {
                    try tail.append($0); return true
                }
            ) {
                throw BinaryLogError.corrupt(file: found.header.name, offset: tail.end, detail: error.description)
            }
            let removed = state.withLock { state in
                state.generation += 1
                var removed: [String] = []
                while let last = state.segments.last, last.header.number > found.header.number {
                    removed.append(last.header.name)
                    state.segments.removeLast()
                }
                if !state.segments.isEmpty {
                    state.segments[state.segments.count - 1].end = tail.end
                    state.segments[state.segments.count - 1].index = tail.index
                }
                state.written = tail.state
                state.durable = min(state.durable, tail.state.position)
                state.appender = LogAppender(
                    options: options,
                    state: tail.state,
                    header: found.header,
                    offset: tail.end
                )
                return removed
            }
            try effect {
                // From the end, so that a crash between two steps leaves a log without a hole.
                for name in removed { try storage.delete(name) }
                try file.truncate(to: tail.end)
                try file.synchronize()
            }
            output.file = file
            output.becameClean()
            state.withLock { $0.durable = tail.state.position }
        }
    }

    /// Removes segments of which nothing after a position is lost, while at least so many bytes stay.
    ///
    /// The last segment always stays.
    ///
    /// Returns how many bytes were freed.
    @discardableResult
    public func purge(through position: Position, keeping bytes: UInt64 = 0) throws -> UInt64 {
        try output.withLock { _ in
            let removed = try state.withLock { state in
                try state.check()
                var removed: [Segment] = []
                var left = state.segments.reduce(0) { $0 + $1.end }
                while state.segments.count > 1, state.segments[1].header.state.position <= position,
                    let first = state.segments.first, left - first.end >= bytes
                {
                    left -= first.end
                    removed.append(state.segments.removeFirst())
                }
                return removed
            }
            try effect {
                for segment in removed { try storage.delete(segment.header.name) }
            }
            return removed.reduce(0) { $0 + $1.end }
        }
    }
}
