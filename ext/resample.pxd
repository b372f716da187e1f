from libc.stdint cimport int16_t, int64_t

include "consts.pxi"

cdef enum:
    RATE_MIN_HZ = 4000
    RATE_MAX_HZ = 192000  # the highest AudioSocket knows
    SPAN_SAMPLES = 31  # half the filter's length, in samples of the lower rate: 3.875 ms at 8 kHz
    LANES = 8  # independent sums of a dot product, so that the compiler may vectorise without reordering
    BLOCK_SAMPLES = 4096  # input taken at a time
    BANKS_KEPT = 8

cdef class FilterBank:
    cdef readonly int phases  # L: outputs for every `step` inputs
    cdef readonly int step  # M
    cdef readonly int half  # look-ahead in input samples
    cdef readonly int width  # coefficients a phase, a multiple of LANES
    cdef float *coefficients  # phases rows of width, oldest sample first

    cdef void _fill(self, int source_hz, int target_hz) noexcept nogil

cdef class Resampler:
    cdef readonly int source_hz
    cdef readonly int target_hz
    cdef FilterBank bank
    cdef float *window  # input not yet behind the filter
    cdef Py_ssize_t start  # of the next output's taps in `window`
    cdef Py_ssize_t held  # samples in `window`
    cdef int phase
    cdef int64_t received_samples
    cdef int64_t emitted_samples

    cdef void _restart(self) noexcept nogil
    cdef int64_t _reachable(self, int64_t received) noexcept nogil
    cdef void _run(
        self, const int16_t *source, Py_ssize_t count, int16_t *target, Py_ssize_t wanted
    ) noexcept nogil

cdef float dot(const float *samples, const float *coefficients, Py_ssize_t width) noexcept nogil
cdef double bessel_i0(double x) noexcept nogil
cdef FilterBank bank_for(int source_hz, int target_hz)
