/* Asks the processor to fetch what will be needed soon; harmless for any address. */
#pragma once
#include <stddef.h>

#define CACHE_LINE_BYTES 64

static inline void prefetch(const void *at, ptrdiff_t bytes)
{
#if defined(__GNUC__)
    const char *line = (const char *)at;
    for (ptrdiff_t offset = 0; offset < bytes; offset += CACHE_LINE_BYTES)
        __builtin_prefetch(line + offset);
    __builtin_prefetch(line + (bytes > 0 ? bytes - 1 : 0));
#endif
}
