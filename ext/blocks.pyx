# cython: language_level=3, wraparound=False, cdivision=True
"""Many small writes to many files, without the interpreter.

A thread that takes the interpreter's lock for each block waits up to 5 ms for it each time, and takes it from the loop
that serves the calls: two hundred blocks a second are then the most. This takes it once for all of them.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.errno cimport EINTR, EIO, errno

cdef extern from "<unistd.h>" nogil:
    ssize_t pwrite(int descriptor, const void *data, size_t size, long long offset)


cdef void write_block(Block *block) noexcept nogil:
    """Writes all of a block, or notes the error."""
    cdef ssize_t written
    while block.size > 0:
        written = pwrite(block.descriptor, block.data, <size_t> block.size, block.offset)
        if written < 0 and errno == EINTR:
            continue
        if written <= 0:
            block.error = errno if written < 0 else EIO
            return
        block.data += written
        block.offset += written
        block.size -= written


def write_blocks(list blocks not None) -> list:
    """Writes (descriptor, offset in bytes, data) in this order; returns the errno of each, 0 if all was written."""
    cdef Py_ssize_t count = len(blocks)
    cdef Py_ssize_t i
    cdef list kept = []  # holds the data while the interpreter goes on
    cdef bytes data
    cdef Block *all_blocks = <Block *> PyMem_Malloc(<size_t> max(count, 1) * sizeof(Block))
    if all_blocks == NULL:
        raise MemoryError(f"no memory for {count} blocks")
    try:
        for i in range(count):
            all_blocks[i].descriptor, all_blocks[i].offset, data = blocks[i]
            kept.append(data)
            all_blocks[i].data = PyBytes_AS_STRING(data)
            all_blocks[i].size = PyBytes_GET_SIZE(data)
            all_blocks[i].error = 0
        with nogil:
            for i in range(count):
                write_block(&all_blocks[i])
        return [all_blocks[i].error for i in range(count)]
    finally:
        PyMem_Free(all_blocks)
