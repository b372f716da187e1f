# cython: language_level=3, wraparound=False, cdivision=True
"""ITU-T G.711: mu-law and A-law to and from s16le, bit-exact, by arithmetic on vectors (g711.h).

16-bit samples are first cut to the width the Recommendation works in (14 bits for mu-law, 13 for A-law) by
an arithmetic shift, and a value on a decision value belongs to the interval above it. Both choices are those
of the `audioop` module that Python carried until 3.12.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from ext cimport simd
from ext.samples cimport sample_count

cdef extern from *:
    """
    #define SIMD_BODY "g711.h"
    #include "simd.h"

    SIMD_DISPATCH(void, ulaw_encode, (int path, uint8_t *target, const int16_t *source, ptrdiff_t count),
                  (target, source, count))
    SIMD_DISPATCH(void, ulaw_decode, (int path, int16_t *target, const uint8_t *source, ptrdiff_t count),
                  (target, source, count))
    SIMD_DISPATCH(void, alaw_encode, (int path, uint8_t *target, const int16_t *source, ptrdiff_t count),
                  (target, source, count))
    SIMD_DISPATCH(void, alaw_decode, (int path, int16_t *target, const uint8_t *source, ptrdiff_t count),
                  (target, source, count))
    """
    void ulaw_encode_on "ulaw_encode"(int path, uint8_t *, const int16_t *, Py_ssize_t) noexcept nogil
    void ulaw_decode_on "ulaw_decode"(int path, int16_t *, const uint8_t *, Py_ssize_t) noexcept nogil
    void alaw_encode_on "alaw_encode"(int path, uint8_t *, const int16_t *, Py_ssize_t) noexcept nogil
    void alaw_decode_on "alaw_decode"(int path, int16_t *, const uint8_t *, Py_ssize_t) noexcept nogil


cdef void ulaw_encode_samples(uint8_t *target, const int16_t *source, Py_ssize_t count) noexcept nogil:
    """Writes `count` mu-law codes; the two buffers may not overlap, here and below."""
    ulaw_encode_on(simd.chosen, target, source, count)


cdef void ulaw_decode_codes(int16_t *target, const uint8_t *source, Py_ssize_t count) noexcept nogil:
    """Writes the samples of `count` mu-law codes."""
    ulaw_decode_on(simd.chosen, target, source, count)


cdef void alaw_encode_samples(uint8_t *target, const int16_t *source, Py_ssize_t count) noexcept nogil:
    """Writes `count` A-law codes."""
    alaw_encode_on(simd.chosen, target, source, count)


cdef void alaw_decode_codes(int16_t *target, const uint8_t *source, Py_ssize_t count) noexcept nogil:
    """Writes the samples of `count` A-law codes."""
    alaw_decode_on(simd.chosen, target, source, count)


def ulaw_encode(bytes pcm not None) -> bytes:
    """Encodes s16le samples as mu-law, one byte a sample.

    Raises:
        ValueError: an odd number of bytes.
    """
    cdef Py_ssize_t count = sample_count(pcm)
    cdef bytes codes = PyBytes_FromStringAndSize(NULL, count)
    ulaw_encode_samples(<uint8_t *> PyBytes_AS_STRING(codes), <const int16_t *> PyBytes_AS_STRING(pcm), count)
    return codes


def ulaw_decode(bytes codes not None) -> bytes:
    """Decodes mu-law to s16le samples, two bytes a code."""
    cdef Py_ssize_t count = PyBytes_GET_SIZE(codes)
    cdef bytes pcm = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    ulaw_decode_codes(<int16_t *> PyBytes_AS_STRING(pcm), <const uint8_t *> PyBytes_AS_STRING(codes), count)
    return pcm


def alaw_encode(bytes pcm not None) -> bytes:
    """Encodes s16le samples as A-law, one byte a sample.

    Raises:
        ValueError: an odd number of bytes.
    """
    cdef Py_ssize_t count = sample_count(pcm)
    cdef bytes codes = PyBytes_FromStringAndSize(NULL, count)
    alaw_encode_samples(<uint8_t *> PyBytes_AS_STRING(codes), <const int16_t *> PyBytes_AS_STRING(pcm), count)
    return codes


def alaw_decode(bytes codes not None) -> bytes:
    """Decodes A-law to s16le samples, two bytes a code."""
    cdef Py_ssize_t count = PyBytes_GET_SIZE(codes)
    cdef bytes pcm = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    alaw_decode_codes(<int16_t *> PyBytes_AS_STRING(pcm), <const uint8_t *> PyBytes_AS_STRING(codes), count)
    return pcm
