# cython: language_level=3, wraparound=False, cdivision=True
"""ITU-T G.711: mu-law and A-law to and from s16le, bit-exact, one table look-up a sample.

16-bit samples are first cut to the width the Recommendation works in (14 bits for mu-law, 13 for A-law) by
an arithmetic shift, and a value on a decision value belongs to the interval above it. Both choices are those
of the `audioop` module that Python carried until 3.12.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE


cdef uint8_t[ULAW_INPUTS] ulaw_codes
cdef uint8_t[ALAW_INPUTS] alaw_codes
cdef int16_t[256] ulaw_samples
cdef int16_t[256] alaw_samples


cdef uint8_t ulaw_code(int linear_14) noexcept nogil:
    """Code of a 14-bit value: sign, three bits of segment, four of step, all inverted (G.711 table 2)."""
    cdef int magnitude = -linear_14 if linear_14 < 0 else linear_14
    cdef int segment = 0
    if magnitude > ULAW_CLIP:
        magnitude = ULAW_CLIP
    magnitude += ULAW_BIAS
    while magnitude >> (segment + 6):
        segment += 1
    return <uint8_t> (
        (segment << 4 | (magnitude >> (segment + 1)) & 0x0F) ^ (0x7F if linear_14 < 0 else 0xFF)
    )


cdef uint8_t alaw_code(int linear_13) noexcept nogil:
    """Code of a 13-bit value: sign, segment and step with even bits inverted (G.711 table 1).

    A-law has no zero: the values -1 and 0 lie on either side of the first decision value.
    """
    cdef int magnitude = ~linear_13 if linear_13 < 0 else linear_13
    cdef int segment = 0
    cdef int step = 1
    while magnitude >> (segment + 5):
        segment += 1
    if segment > 1:
        step = segment
    return <uint8_t> (
        (segment << 4 | (magnitude >> step) & 0x0F)
        ^ (EVEN_BITS if linear_13 < 0 else EVEN_BITS | SIGN_BIT)
    )


cdef int16_t ulaw_sample(int code) noexcept nogil:
    """Quantised value of a code, the middle of its interval, as a 16-bit sample."""
    cdef int inverted = code ^ 0xFF
    cdef int segment = (inverted & 0x70) >> 4
    cdef int magnitude = (((inverted & 0x0F) * 2 + ULAW_BIAS) << segment) - ULAW_BIAS
    return <int16_t> (-4 * magnitude if inverted & SIGN_BIT else 4 * magnitude)


cdef int16_t alaw_sample(int code) noexcept nogil:
    """Quantised value of a code, the middle of its interval, as a 16-bit sample."""
    cdef int bits = code ^ EVEN_BITS
    cdef int segment = (bits & 0x70) >> 4
    cdef int magnitude = (bits & 0x0F) * 2 + 1
    if segment:
        magnitude = (magnitude + 32) << (segment - 1)
    return <int16_t> (8 * magnitude if bits & SIGN_BIT else -8 * magnitude)


cdef void build_tables() noexcept nogil:
    """Fills the four tables; runs once, when the module is imported."""
    cdef int i
    for i in range(ULAW_INPUTS):
        ulaw_codes[i] = ulaw_code(i - ULAW_INPUTS // 2)
    for i in range(ALAW_INPUTS):
        alaw_codes[i] = alaw_code(i - ALAW_INPUTS // 2)
    for i in range(256):
        ulaw_samples[i] = ulaw_sample(i)
        alaw_samples[i] = alaw_sample(i)


build_tables()


cdef bytes encode(bytes pcm, const uint8_t *table, int shift, int middle):
    """Looks every sample up after cutting it to the table's width."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(pcm)
    if size % SAMPLE_BYTES:
        raise ValueError(
            f"pcm must hold whole 16-bit samples: got {size} bytes, not a multiple of {SAMPLE_BYTES}"
        )
    cdef Py_ssize_t count = size // SAMPLE_BYTES
    cdef Py_ssize_t i
    cdef bytes codes = PyBytes_FromStringAndSize(NULL, count)
    cdef uint8_t *target = <uint8_t *> PyBytes_AS_STRING(codes)
    cdef const int16_t *source = <const int16_t *> PyBytes_AS_STRING(pcm)
    for i in range(count):
        target[i] = table[(source[i] >> shift) + middle]
    return codes


cdef bytes decode(bytes codes, const int16_t *table):
    """Looks every code up."""
    cdef Py_ssize_t count = PyBytes_GET_SIZE(codes)
    cdef Py_ssize_t i
    cdef bytes pcm = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    cdef int16_t *target = <int16_t *> PyBytes_AS_STRING(pcm)
    cdef const uint8_t *source = <const uint8_t *> PyBytes_AS_STRING(codes)
    for i in range(count):
        target[i] = table[source[i]]
    return pcm


def ulaw_encode(bytes pcm not None) -> bytes:
    """Encodes s16le samples as mu-law, one byte a sample.

    Raises:
        ValueError: an odd number of bytes.
    """
    return encode(pcm, ulaw_codes, 2, ULAW_INPUTS // 2)


def ulaw_decode(bytes codes not None) -> bytes:
    """Decodes mu-law to s16le samples, two bytes a code."""
    return decode(codes, ulaw_samples)


def alaw_encode(bytes pcm not None) -> bytes:
    """Encodes s16le samples as A-law, one byte a sample.

    Raises:
        ValueError: an odd number of bytes.
    """
    return encode(pcm, alaw_codes, 3, ALAW_INPUTS // 2)


def alaw_decode(bytes codes not None) -> bytes:
    """Decodes A-law to s16le samples, two bytes a code."""
    return decode(codes, alaw_samples)
