cdef struct Block:
    int descriptor
    long long offset
    const char *data
    Py_ssize_t size
    int error

cdef void write_block(Block *block) noexcept nogil
