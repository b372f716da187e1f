# cython: language_level=3, wraparound=False, cdivision=True
"""Sample-rate conversion of s16le mono by any rational ratio: a polyphase FIR filter.

Output m is the input at the time m / target_hz, band-limited to the lower of both Nyquist frequencies:

    y[m] = sum over k of x[k] * h(m * M / L - k)      M / L = source_hz / target_hz in lowest terms
    h(d) = sum over k of PROTOTYPE[k] * cos(pi * k * d / half), each phase scaled to a sum of 1

The shape is the best for its length by linear programming (tests/reference/resample_design.py): 102 dB from the lower
Nyquist frequency up, 0.03 dB below 0.85 of it, 3.63 ms of look-ahead when the lower rate is 8 kHz. Coefficients have 22
bits of fraction in two parts (resample.h) and the sums are exact; rounding is to nearest, half up; loud overshoots
saturate.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport M_PI, cos, fabs, lrint
from libc.stdint cimport uintptr_t
from libc.string cimport memcpy, memmove, memset

from ext cimport simd
from ext.samples cimport sample_count

from math import gcd

cdef extern from *:
    """
    #define SIMD_BODY "resample.h"
    #include "simd.h"

    SIMD_DISPATCH(void, filter,
                  (int path, int16_t *target, ptrdiff_t count, position *at, const int16_t *bank, ptrdiff_t width,
                   int phases, int whole, int part),
                  (target, count, at, bank, width, phases, whole, part))
    """
    enum:
        ROW_SUM
        LOW_ONE
        ROW_MULTIPLE
        ROW_ALIGNMENT

    ctypedef struct position:
        const int16_t *window
        int row
        int phase

    void filter_on "filter"(
        int path, int16_t *target, Py_ssize_t count, position *at, const int16_t *bank, Py_ssize_t width,
        int phases, int whole, int part
    ) noexcept nogil

cdef double[TERMS] PROTOTYPE = [
    0.0172413793, 0.0346007608, 0.0343683218, 0.0345805298, 0.0344086352,
    0.0345294073, 0.0344667747, 0.0344681146, 0.0345269264, 0.0344120622,
    0.0345749553, 0.0343743654, 0.0346000708, 0.0343636366, 0.0345969099,
    0.0343812357, 0.0345660923, 0.0344221394, 0.0345168166, 0.0344759450,
    0.0344636219, 0.0345240809, 0.0344266124, 0.0345392207, 0.0344765299,
    0.0331157524, 0.0212496218, 0.0062003056, 0.0005032772, 0.0000002641,
    -0.0000002641, 0.0000000329, 0.0000001778, -0.0000002553, 0.0000002612,
    -0.0000002351, 0.0000002000, -0.0000001652, 0.0000001376, -0.0000001401,
]

cdef dict banks = {}


cdef double shape(double distance, double half) noexcept nogil:
    """The filter at a distance in input samples, by Clenshaw's recurrence: one cosine for all terms."""
    cdef double twice, last, before, this
    cdef int k
    if fabs(distance) >= half:
        return 0.0
    twice = 2.0 * cos(M_PI * distance / half)
    last = 0.0
    before = 0.0
    for k in range(TERMS - 1, 0, -1):
        this = PROTOTYPE[k] + twice * last - before
        before = last
        last = this
    return PROTOTYPE[0] + 0.5 * twice * last - before


@cython.final
cdef class FilterBank:
    """The coefficients for one pair of rates; never changes, so all resamplers of the pair share it."""

    def __cinit__(self, int source_hz, int target_hz):
        cdef int divisor = gcd(source_hz, target_hz)
        cdef int lower_hz = min(source_hz, target_hz)
        cdef double *row
        self.phases = target_hz // divisor
        self.step = source_hz // divisor
        self.whole = self.step // self.phases
        self.part = self.step % self.phases
        self.half = (SPAN_SAMPLES * source_hz + lower_hz - 1) // lower_hz
        self.width = (2 * self.half + <int> ROW_MULTIPLE - 1) // <int> ROW_MULTIPLE * <int> ROW_MULTIPLE
        self.memory = PyMem_Malloc(
            2 * sizeof(int16_t) * <size_t> self.phases * <size_t> self.width + <size_t> ROW_ALIGNMENT
        )
        row = <double *> PyMem_Malloc(sizeof(double) * <size_t> self.width)
        if self.memory == NULL or row == NULL:
            PyMem_Free(row)
            raise MemoryError(f"no memory for {self.phases} phases of {self.width} coefficients")
        self.coefficients = <int16_t *> (
            (<uintptr_t> self.memory + <uintptr_t> ROW_ALIGNMENT - 1) & ~(<uintptr_t> ROW_ALIGNMENT - 1)
        )
        self._fill(row, source_hz, lower_hz)
        PyMem_Free(row)

    def __dealloc__(self):
        PyMem_Free(self.memory)

    cdef void _fill(self, double *row, int source_hz, int lower_hz) noexcept nogil:
        cdef double half = <double> SPAN_SAMPLES * source_hz / lower_hz
        cdef double one = <double> ROW_SUM * LOW_ONE
        cdef double total
        cdef int16_t *highs
        cdef int16_t *lows
        cdef int newest = self.width - self.half - 1  # the tap of the sample at or before the output
        cdef int number, phase, i, coefficient, low, high_rest, low_rest
        for number in range(self.phases):
            phase = <int> (<int64_t> number * self.step % self.phases)
            highs = self.coefficients + 2 * <Py_ssize_t> number * self.width
            lows = highs + self.width
            total = 0.0
            for i in range(self.width):
                row[i] = shape(<double> phase / self.phases + (newest - i), half)
                total += row[i]
            high_rest = <int> ROW_SUM
            low_rest = 0
            for i in range(self.width):
                coefficient = <int> lrint(row[i] / total * one)
                low = <int> (((coefficient + LOW_ONE // 2) & (LOW_ONE - 1)) - LOW_ONE // 2)
                highs[i] = <int16_t> ((coefficient - low) // LOW_ONE)
                lows[i] = <int16_t> low
                high_rest -= highs[i]
                low_rest -= low
            # What rounding leaves goes to the tap next to the output, so that a constant passes exactly.
            i = newest + (2 * phase > self.phases)
            highs[i] = <int16_t> (highs[i] + high_rest)
            lows[i] = <int16_t> (lows[i] + low_rest)


cdef FilterBank bank_for(int source_hz, int target_hz):
    """The shared bank of a pair; the eight latest pairs are kept."""
    cdef tuple pair = (source_hz, target_hz)
    if pair not in banks:
        while len(banks) >= BANKS_KEPT:
            del banks[next(iter(banks))]
        banks[pair] = FilterBank(source_hz, target_hz)
    return banks[pair]


@cython.final
cdef class Resampler:
    """Converts one stream of s16le mono from `source_hz` to `target_hz`.

    The state is carried over the borders of chunks: however a stream is cut, the output is the same bytes.
    The filter is centred, so output and input start together; `process` holds back the last `delay_ms` of
    the input, which `flush` brings out. Together they give exactly round(n * target_hz / source_hz) samples
    for n. Equal rates pass through untouched.

    Raises:
        ValueError: a rate outside 4000 to 192000 Hz.
    """

    def __cinit__(self, int source_hz, int target_hz):
        for rate_hz in (source_hz, target_hz):
            if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
                raise ValueError(f"sample rates must be {RATE_MIN_HZ} to {RATE_MAX_HZ} Hz, got {rate_hz}")
        self.source_hz = source_hz
        self.target_hz = target_hz
        if source_hz == target_hz:
            return
        self.bank = bank_for(source_hz, target_hz)
        self.window = <int16_t *> PyMem_Malloc(sizeof(int16_t) * <size_t> (self.bank.width + BLOCK_SAMPLES))
        if self.window == NULL:
            raise MemoryError(f"no memory for {self.bank.width} + {BLOCK_SAMPLES} samples")
        self._restart()

    def __dealloc__(self):
        PyMem_Free(self.window)

    @property
    def ratio(self) -> float:
        """Output samples for one input sample."""
        return <double> self.target_hz / self.source_hz

    @property
    def delay_ms(self) -> float:
        """Sound that `process` holds back: the look-ahead of the filter."""
        return 0.0 if self.bank is None else 1000.0 * self.bank.half / self.source_hz

    def reset(self) -> None:
        """Forgets the stream; the next chunk starts a new one."""
        if self.bank is not None:
            self._restart()

    cdef void _restart(self) noexcept nogil:
        """Puts silence before the first sample."""
        self.held = self.bank.width - self.bank.half - 1
        memset(self.window, 0, sizeof(int16_t) * <size_t> self.held)
        self.row = 0
        self.phase = 0
        self.received_samples = 0
        self.emitted_samples = 0

    def process(self, bytes pcm not None) -> bytes:
        """Takes the next chunk, of any even length, and returns all output that it makes certain.

        Raises:
            ValueError: an odd number of bytes.
        """
        cdef Py_ssize_t count = sample_count(pcm)
        if self.bank is None:
            return pcm
        cdef Py_ssize_t wanted = self.made_by(count)
        cdef bytes converted = PyBytes_FromStringAndSize(NULL, wanted * SAMPLE_BYTES)
        self._run(
            <int16_t *> PyBytes_AS_STRING(converted), wanted, <const int16_t *> PyBytes_AS_STRING(pcm), count
        )
        return converted

    def flush(self) -> bytes:
        """Ends the stream: returns the output still held back, as if silence followed, and resets."""
        if self.bank is None:
            return b""
        cdef int64_t length = (
            2 * self.received_samples * self.bank.phases + self.bank.step
        ) // (2 * self.bank.step)
        cdef Py_ssize_t wanted = length - self.emitted_samples
        cdef Py_ssize_t silence = self.bank.half + self.bank.step // self.bank.phases + 1
        cdef bytes zeros = bytes(silence * SAMPLE_BYTES)
        cdef bytes tail = PyBytes_FromStringAndSize(NULL, wanted * SAMPLE_BYTES)
        self._run(
            <int16_t *> PyBytes_AS_STRING(tail), wanted, <const int16_t *> PyBytes_AS_STRING(zeros), silence
        )
        self._restart()
        return tail

    cdef Py_ssize_t made_by(self, Py_ssize_t count) noexcept nogil:
        """Outputs still to come whose last tap lies inside the input so far and `count` more samples."""
        cdef int64_t certain
        if self.bank is None:
            return count
        certain = self.received_samples + count - self.bank.half
        if certain <= 0:
            return 0
        return (certain * self.bank.phases + self.bank.step - 1) // self.bank.step - self.emitted_samples

    cdef void convert(self, int16_t *target, const int16_t *source, Py_ssize_t count) noexcept nogil:
        """The next chunk, into the caller's buffer of `made_by(count)` samples."""
        if self.bank is None:
            memcpy(target, source, <size_t> count * SAMPLE_BYTES)
        else:
            self._run(target, self.made_by(count), source, count)

    cdef void _run(
        self, int16_t *target, Py_ssize_t wanted, const int16_t *source, Py_ssize_t count
    ) noexcept nogil:
        """Feeds `count` samples and writes the next `wanted` outputs, all of which they make certain."""
        cdef Py_ssize_t block, made
        cdef int64_t room
        cdef position at
        self.received_samples += count
        self.emitted_samples += wanted
        while count:
            block = min(count, BLOCK_SAMPLES)
            memcpy(self.window + self.held, source, <size_t> block * SAMPLE_BYTES)
            self.held += block
            source += block
            count -= block
            if self.held < self.bank.width:
                continue
            made = wanted
            if count:
                room = self.held - self.bank.width + 1
                made = min(
                    wanted, (room * self.bank.phases - self.phase + self.bank.step - 1) // self.bank.step
                )
            at.window = self.window
            at.row = self.row
            at.phase = self.phase
            filter_on(
                simd.chosen, target, made, &at, self.bank.coefficients, self.bank.width, self.bank.phases,
                self.bank.whole, self.bank.part,
            )
            self.row = at.row
            self.phase = at.phase
            self.held -= at.window - self.window
            memmove(self.window, at.window, <size_t> self.held * SAMPLE_BYTES)
            target += made
            wanted -= made
