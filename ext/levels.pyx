# cython: language_level=3, wraparound=False, cdivision=True
"""How loud sound is, and making it louder or softer. s16le mono, any rate."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.math cimport isfinite, log10, lrint

from ext cimport simd
from ext.samples cimport sample_count

cdef extern from *:
    """
    #define SIMD_BODY "levels.h"
    #include "simd.h"

    SIMD_DISPATCH(int64_t, squares, (int path, const int16_t *samples, ptrdiff_t count), (samples, count))
    SIMD_DISPATCH(int, magnitude, (int path, const int16_t *samples, ptrdiff_t count), (samples, count))
    SIMD_DISPATCH(void, multiply, (int path, int16_t *target, const int16_t *source, ptrdiff_t count, float gain),
                  (target, source, count, gain))
    SIMD_DISPATCH(void, slope,
                  (int path, int16_t *target, const int16_t *source, int32_t count, int32_t gain, int32_t step),
                  (target, source, count, gain, step))
    """
    int64_t squares_on "squares"(int path, const int16_t *, Py_ssize_t) noexcept nogil
    int magnitude_on "magnitude"(int path, const int16_t *, Py_ssize_t) noexcept nogil
    void multiply_on "multiply"(int path, int16_t *, const int16_t *, Py_ssize_t, float) noexcept nogil
    void slope_on "slope"(int path, int16_t *, const int16_t *, int, int, int) noexcept nogil


cdef int64_t sum_of_squares(const int16_t *samples, Py_ssize_t count) noexcept nogil:
    """Exact for up to 2**33 samples."""
    return squares_on(simd.chosen, samples, count)


cdef int largest_magnitude(const int16_t *samples, Py_ssize_t count) noexcept nogil:
    """0 to 32768."""
    return magnitude_on(simd.chosen, samples, count)


cdef double dbfs(int64_t squares, Py_ssize_t count) noexcept nogil:
    """Level of `count` samples with this sum of squares; not below FLOOR_DBFS."""
    cdef double level
    if squares == 0:
        return FLOOR_DBFS
    level = 10.0 * log10(<double> squares / <double> count / 1073741824.0)
    return level if level > FLOOR_DBFS else <double> FLOOR_DBFS


cdef void scale(int16_t *target, const int16_t *source, Py_ssize_t count, double gain) noexcept nogil:
    """Multiplies by the gain as a float32, rounds half to even, saturates; the buffers may not overlap."""
    multiply_on(simd.chosen, target, source, count, <float> min(max(gain, -<double> GAIN_MAX), <double> GAIN_MAX))


cdef void ramp(int16_t *target, const int16_t *source, int count, double start, double end) noexcept nogil:
    """Multiplies by a gain that goes in a straight line between two of 0 to 1; the buffers may not overlap.

    The line passes through both gains half a sample outside of the sound.
    """
    cdef int first = <int> lrint(start * 1073741824.0)
    cdef int step
    if count == 0:
        return
    step = (<int> lrint(end * 1073741824.0) - first) // count  # towards zero: the line never leaves 0 to 1
    slope_on(simd.chosen, target, source, count, first + step // 2, step)


cdef double level_dbfs(const int16_t *samples, Py_ssize_t count) noexcept nogil:
    """See `rms_dbfs`."""
    return dbfs(sum_of_squares(samples, count), count)


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
    """Multiplies every sample by a linear gain (as a float32), rounds to nearest and saturates.

    Raises:
        ValueError: an odd number of bytes, or a gain that is not finite.
    """
    cdef Py_ssize_t count = sample_count(pcm)
    if not isfinite(gain):
        raise ValueError(f"gain must be a finite number, got {gain} for {count} samples")
    cdef bytes scaled = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    scale(<int16_t *> PyBytes_AS_STRING(scaled), <const int16_t *> PyBytes_AS_STRING(pcm), count, gain)
    return scaled


def fade(bytes pcm not None, double start, double end) -> bytes:
    """Multiplies by a linear gain that goes in a straight line from `start` to `end`, both 0 to 1.

    Raises:
        ValueError: an odd number of bytes, more than 134217728 samples, or a gain outside 0 to 1.
    """
    cdef Py_ssize_t count = sample_count(pcm)
    if count > FADE_MAX_SAMPLES:
        raise ValueError(f"a fade may last {FADE_MAX_SAMPLES} samples, got {count}")
    if not (0.0 <= start <= 1.0 and 0.0 <= end <= 1.0):
        raise ValueError(f"gains must be 0 to 1, got {start} and {end}")
    cdef bytes faded = PyBytes_FromStringAndSize(NULL, count * SAMPLE_BYTES)
    ramp(
        <int16_t *> PyBytes_AS_STRING(faded), <const int16_t *> PyBytes_AS_STRING(pcm), <int> count, start, end
    )
    return faded
