import CMalloc

/// How the process's allocator is set up for caches.
enum Allocator {
    /// Makes buffers of 128 KiB and more mappings of their own, which go back to the system when they are let go of.
    ///
    /// Done once for the process. glibc begins so too, but raises the bound with every such buffer that is freed, up to
    /// 32 MiB: the pages of a list then lie between the objects that are kept of them, and their memory stays. Measured
    /// on lists of pods, that is a third of what the process holds.
    static let keepsBuffersApart: Bool = mallopt(M_MMAP_THRESHOLD, 128 << 10) == 1
}
