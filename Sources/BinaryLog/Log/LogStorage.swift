/// The files of one directory, as a log needs them.
///
/// All calls block; the log calls them on the threads of its callers.
///
/// Names are plain file names. What is promised here about crashes is what the log's own promises stand on.
public protocol LogStorage: Sendable {
    /// The names of all files that were created and not deleted.
    func names() throws -> [String]

    /// Makes a file with these contents and opens it. After a crash there is the whole file or none; when this returns,
    /// it is durable.
    func create(_ name: String, contents: [UInt8]) throws -> any LogFile

    /// Opens a file for reading and writing.
    func open(_ name: String) throws -> any LogFile

    /// Removes a file. When this returns, that is durable. Who has the file open can still read it.
    func delete(_ name: String) throws
}

/// An open file of a log.
///
/// Reads may run beside writes, also on other threads.
public protocol LogFile: AnyObject, Sendable {
    /// How long the file is.
    func size() throws -> UInt64

    /// Reads up to the buffer's size from an offset; fewer bytes only at the file's end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int

    /// Writes all bytes at an offset. Not durable before `synchronize`; a crash may leave any part of it.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws

    /// Cuts the file; durable when this returns.
    func truncate(to size: UInt64) throws

    /// Makes everything that was written durable.
    func synchronize() throws
}
