# cython: language_level=3
# What every kernel asks of the sound that it is given. Inline: there is no module behind it.

from cpython.bytes cimport PyBytes_GET_SIZE


cdef inline Py_ssize_t sample_count(bytes pcm) except -1:
    """Samples in s16le sound; half a sample is a ValueError with both numbers."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(pcm)
    if size % 2:
        raise ValueError(f"pcm must hold whole 16-bit samples: got {size} bytes, not a multiple of 2")
    return size // 2
