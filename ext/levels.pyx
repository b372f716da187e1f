# cython: language_level=3, wraparound=False, cdivision=True
"""How loud sound is, and making it louder or softer. s16le mono, any rate."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport isfinite, log10, rint


cdef int64_t sum_of_squares(const int16_t *samples, Py_ssize_t count) noexcept nogil:
    """Exact for up to 2**33 samples."""
    cdef int64_t total = 0
    cdef Py_ssize_t i
    cdef int sample
    for i in range(count):
        sample = samples[i]
        total += sample * sample
    return total


cdef int largest_magnitude(const int16_t *samples, Py_ssize_t count) noexcept nogil:
    cdef int largest = 0
    cdef int magnitude
    cdef Py_ssize_t i
    for i in range(count):
        magnitude = samples[i]
        if magnitude < 0:
            magnitude = -magnitude
        if magnitude > largest:
            largest = magnitude
    return largest


cdef void scale(int16_t *target, const int16_t *source, Py_ssize_t count, double gain) noexcept nogil:
    """Multiplies, rounds half to even, saturates."""
    cdef double sample
    cdef Py_ssize_t i
    for i in range(count):
        sample = rint(source[i] * gain)
        if sample > SAMPLE_MAX:
            sample = SAMPLE_MAX
        elif sample < SAMPLE_MIN:
            sample = SAMPLE_MIN
        target[i] = <int16_t> sample


cdef Py_ssize_t sample_count(bytes pcm) except -1:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(pcm)
    if size % SAMPLE_BYTES:
        raise ValueError(
            f"pcm must hold whole 16-bit samples: got {size} bytes, not a multiple of {SAMPLE_BYTES}"
        )
    return size // SAMPLE_BYTES


cdef double level_dbfs(const int16_t *samples, Py_ssize_t count) noexcept nogil:
    """See `rms_dbfs`."""
    cdef int64_t energy = sum_of_squares(samples, count)
    cdef double level
    if energy == 0:
        return <double> FLOOR_DBFS
    level = 10.0 * log10(<double> energy / <double> count / 1073741824.0)
    return level if level > FLOOR_DBFS else <double> FLOOR_DBFS


def rms_dbfs(bytes pcm not None) -> float:
    """Root mean square in dB relative to a full-scale square wave (a full-scale sine is at -3.01).

    Never below -120.0, which is also the answer for no samples and for digital silence.

    Raises:
        ValueError: an odd number of bytes.
    """
    return level_dbfs(<const int16_t *> PyBytes_AS_STRING(pcm), sample_count(pcm))


def peak(bytes pcm not None) -> int:
    """Largest magnitude, 0 to 32768; 0 for no samples.

    Raises:
        ValueError: an odd number of bytes.
    """
    cdef Py_ssize_t count = sample_count(pcm)
    return largest_magnitude(<const int16_t *> PyBytes_AS_STRING(pcm), count)


def apply_gain(bytes pcm not None, double gain) -> bytes:
    """Multiplies every sample by a linear gain, rounds to nearest and saturates.

    Raises:
        ValueError: an odd number of bytes, or a gain that is not finite.
    """
    cdef Py_ssize_t count = sample_count(pcm)
    if not isfinite(gain):
        raise ValueError(f"gain must be a finite number, got {gain} for {count} samples")
    cdef bytes scaled = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    scale(<int16_t *> PyBytes_AS_STRING(scaled), <const int16_t *> PyBytes_AS_STRING(pcm), count, gain)
    return scaled
