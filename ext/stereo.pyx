# cython: language_level=3, wraparound=False, cdivision=True
"""Two tracks of one call: heard together, or side by side as stereo. s16le, any rate."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy, memset

from ext cimport simd

cdef extern from *:
    """
    #define SIMD_BODY "stereo.h"
    #include "simd.h"

    SIMD_DISPATCH(void, add,
                  (int path, int16_t *target, const int16_t *first, const int16_t *second, ptrdiff_t count),
                  (target, first, second, count))
    SIMD_DISPATCH(void, weave,
                  (int path, int16_t *target, const int16_t *left, const int16_t *right, ptrdiff_t count),
                  (target, left, right, count))
    SIMD_DISPATCH(void, unweave,
                  (int path, int16_t *left, int16_t *right, const int16_t *source, ptrdiff_t count),
                  (left, right, source, count))
    """
    void add_on "add"(int path, int16_t *, const int16_t *, const int16_t *, Py_ssize_t) noexcept nogil
    void weave_on "weave"(int path, int16_t *, const int16_t *, const int16_t *, Py_ssize_t) noexcept nogil
    void unweave_on "unweave"(int path, int16_t *, int16_t *, const int16_t *, Py_ssize_t) noexcept nogil


cdef void mix_samples(
    int16_t *target, const int16_t *first, const int16_t *second, Py_ssize_t count
) noexcept nogil:
    """The saturated sum."""
    add_on(simd.chosen, target, first, second, count)


cdef void interleave_samples(
    int16_t *target, const int16_t *left, const int16_t *right, Py_ssize_t count
) noexcept nogil:
    """2 * count samples, left first."""
    weave_on(simd.chosen, target, left, right, count)


cdef void deinterleave_samples(
    int16_t *left, int16_t *right, const int16_t *source, Py_ssize_t count
) noexcept nogil:
    """The inverse."""
    unweave_on(simd.chosen, left, right, source, count)


cdef Py_ssize_t sample_count(bytes pcm, int channels) except -1:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(pcm)
    if size % (channels * SAMPLE_BYTES):
        raise ValueError(
            f"pcm must hold whole 16-bit samples of {channels} channels: got {size} bytes,"
            f" not a multiple of {channels * SAMPLE_BYTES}"
        )
    return size // (channels * SAMPLE_BYTES)


def mix(bytes first not None, bytes second not None) -> bytes:
    """The saturated sum of two tracks; silence follows the shorter one.

    Raises:
        ValueError: an odd number of bytes.
    """
    cdef Py_ssize_t count = sample_count(first, 1)
    cdef Py_ssize_t rest = sample_count(second, 1) - count
    if rest < 0:
        first, second = second, first
        count += rest
        rest = -rest
    cdef bytes mixed = PyBytes_FromStringAndSize(NULL, (count + rest) * SAMPLE_BYTES)
    cdef int16_t *target = <int16_t *> PyBytes_AS_STRING(mixed)
    cdef const int16_t *longer = <const int16_t *> PyBytes_AS_STRING(second)
    mix_samples(target, longer, <const int16_t *> PyBytes_AS_STRING(first), count)
    memcpy(target + count, longer + count, <size_t> rest * SAMPLE_BYTES)
    return mixed


def interleave(bytes left not None, bytes right not None) -> bytes:
    """Two mono tracks as one of stereo; silence follows the shorter one.

    Raises:
        ValueError: an odd number of bytes.
    """
    cdef Py_ssize_t lefts = sample_count(left, 1)
    cdef Py_ssize_t rights = sample_count(right, 1)
    cdef Py_ssize_t count = min(lefts, rights)
    cdef Py_ssize_t rest = max(lefts, rights) - count
    cdef bytes stereo = PyBytes_FromStringAndSize(NULL, 2 * (count + rest) * SAMPLE_BYTES)
    cdef int16_t *target = <int16_t *> PyBytes_AS_STRING(stereo)
    cdef const int16_t *longer = <const int16_t *> PyBytes_AS_STRING(left if lefts > rights else right)
    cdef Py_ssize_t i
    interleave_samples(
        target, <const int16_t *> PyBytes_AS_STRING(left), <const int16_t *> PyBytes_AS_STRING(right), count
    )
    if rest:
        target += 2 * count
        memset(target, 0, 2 * <size_t> rest * SAMPLE_BYTES)
        if rights > lefts:
            target += 1
        for i in range(rest):
            target[2 * i] = longer[count + i]
    return stereo


def deinterleave(bytes stereo not None) -> tuple:
    """The left and the right track of stereo.

    Raises:
        ValueError: bytes that are no multiple of 4.
    """
    cdef Py_ssize_t count = sample_count(stereo, 2)
    cdef bytes left = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    cdef bytes right = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    deinterleave_samples(
        <int16_t *> PyBytes_AS_STRING(left),
        <int16_t *> PyBytes_AS_STRING(right),
        <const int16_t *> PyBytes_AS_STRING(stereo),
        count,
    )
    return left, right
