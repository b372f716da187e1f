cdef extern from "prefetch.h":
    void prefetch(const void *at, ptrdiff_t size_bytes) noexcept nogil
