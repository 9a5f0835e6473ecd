// zlib, with a function in the place of the macro that begins a stream.
#pragma once
#include <zlib.h>

static inline int xdb_deflate_begin(z_stream *stream, int level, int windowBits) {
    return deflateInit2(stream, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY);
}
