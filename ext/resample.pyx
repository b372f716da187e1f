# cython: language_level=3, wraparound=False, cdivision=True
"""Sample-rate conversion of s16le mono by any rational ratio: a polyphase FIR filter.

Output m is the input at the time m / target_hz, band-limited to the lower of both Nyquist frequencies:

    y[m] = sum over k of x[k] * h(m * M / L - k)      M / L = source_hz / target_hz in lowest terms
    h(d) = sinc(c * d) * kaiser(d / half)             each phase scaled to a sum of 1

The design (CUTOFF, KAISER_BETA, SPAN_SAMPLES) was searched for on a grid: at least 81 dB from the lower
Nyquist frequency up, at most 0.06 dB below 0.85 of it, under 4 ms of look-ahead when the lower rate is 8 kHz.
Sums are float32; rounding is to nearest, half to even; loud overshoots saturate.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport M_PI, lrintf, sin, sqrt
from libc.string cimport memmove, memset

from math import gcd

cdef double CUTOFF = 0.9165  # of the lower Nyquist frequency, where the filter is at -6 dB
cdef double KAISER_BETA = 8.1  # window shape: about 82 dB of stop-band attenuation

cdef dict banks = {}


cdef double bessel_i0(double x) noexcept nogil:
    """Modified Bessel function of order zero, by its power series."""
    cdef double quarter = x * x / 4.0
    cdef double term = 1.0
    cdef double total = 1.0
    cdef int k = 1
    while term > total * 1e-17:
        term *= quarter / (<double> k * k)
        total += term
        k += 1
    return total


cdef float dot(const float *samples, const float *coefficients, Py_ssize_t width) noexcept nogil:
    """Sum of products in eight lanes: the same order for every call, whatever the compiler does with it."""
    cdef float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0
    cdef Py_ssize_t i
    for i in range(0, width, 8):  # LANES; Cython wants the literal
        s0 += samples[i] * coefficients[i]
        s1 += samples[i + 1] * coefficients[i + 1]
        s2 += samples[i + 2] * coefficients[i + 2]
        s3 += samples[i + 3] * coefficients[i + 3]
        s4 += samples[i + 4] * coefficients[i + 4]
        s5 += samples[i + 5] * coefficients[i + 5]
        s6 += samples[i + 6] * coefficients[i + 6]
        s7 += samples[i + 7] * coefficients[i + 7]
    return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))


cdef inline int16_t rounded(float value) noexcept nogil:
    if value >= <float> SAMPLE_MAX:
        return SAMPLE_MAX
    if value <= <float> SAMPLE_MIN:
        return SAMPLE_MIN
    return <int16_t> lrintf(value)


@cython.final
cdef class FilterBank:
    """The coefficients for one pair of rates; never changes, so all resamplers of the pair share it."""

    def __cinit__(self, int source_hz, int target_hz):
        cdef int divisor = gcd(source_hz, target_hz)
        cdef int lower_hz = min(source_hz, target_hz)
        self.phases = target_hz // divisor
        self.step = source_hz // divisor
        self.half = (SPAN_SAMPLES * source_hz + lower_hz - 1) // lower_hz
        self.width = (2 * self.half + LANES - 1) // LANES * LANES
        self.coefficients = <float *> PyMem_Malloc(sizeof(float) * <size_t> self.phases * <size_t> self.width)
        if self.coefficients == NULL:
            raise MemoryError(f"no memory for {self.phases} phases of {self.width} coefficients")
        self._fill(source_hz, target_hz)

    def __dealloc__(self):
        PyMem_Free(self.coefficients)

    cdef void _fill(self, int source_hz, int target_hz) noexcept nogil:
        cdef double cutoff = CUTOFF if target_hz >= source_hz else CUTOFF * target_hz / source_hz
        cdef double distance, angle, x, value, total
        cdef float *row
        cdef int phase, i
        for phase in range(self.phases):
            row = self.coefficients + <Py_ssize_t> phase * self.width
            total = 0.0
            # Two passes over the row instead of a buffer of doubles: first the sum, then the scaled values.
            for i in range(2 * self.width):
                if i == self.width:
                    total = 1.0 / total
                distance = <double> phase / self.phases + (self.width - self.half - 1 - i % self.width)
                x = distance / self.half
                value = 0.0
                if -1.0 < x < 1.0:
                    angle = M_PI * cutoff * distance
                    value = 1.0 if angle == 0.0 else sin(angle) / angle
                    value *= bessel_i0(KAISER_BETA * sqrt(1.0 - x * x))
                if i < self.width:
                    total += value
                else:
                    row[i - self.width] = <float> (value * total)


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
        self.window = <float *> PyMem_Malloc(sizeof(float) * <size_t> (self.bank.width + BLOCK_SAMPLES))
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
        memset(self.window, 0, sizeof(float) * <size_t> self.held)
        self.start = 0
        self.phase = 0
        self.received_samples = 0
        self.emitted_samples = 0

    def process(self, bytes pcm not None) -> bytes:
        """Takes the next chunk, of any even length, and returns all output that it makes certain.

        Raises:
            ValueError: an odd number of bytes.
        """
        cdef Py_ssize_t size = PyBytes_GET_SIZE(pcm)
        if size % SAMPLE_BYTES:
            raise ValueError(
                f"pcm must hold whole 16-bit samples: got {size} bytes, not a multiple of {SAMPLE_BYTES}"
            )
        if self.bank is None:
            return pcm
        cdef Py_ssize_t count = size // SAMPLE_BYTES
        cdef Py_ssize_t wanted = self._reachable(self.received_samples + count) - self.emitted_samples
        cdef bytes converted = PyBytes_FromStringAndSize(NULL, wanted * SAMPLE_BYTES)
        self._run(
            <const int16_t *> PyBytes_AS_STRING(pcm), count, <int16_t *> PyBytes_AS_STRING(converted), wanted
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
            <const int16_t *> PyBytes_AS_STRING(zeros), silence, <int16_t *> PyBytes_AS_STRING(tail), wanted
        )
        self._restart()
        return tail

    cdef int64_t _reachable(self, int64_t received) noexcept nogil:
        """Outputs whose last tap lies inside the first `received` samples."""
        if received <= self.bank.half:
            return 0
        return ((received - self.bank.half) * self.bank.phases + self.bank.step - 1) // self.bank.step

    cdef void _run(
        self, const int16_t *source, Py_ssize_t count, int16_t *target, Py_ssize_t wanted
    ) noexcept nogil:
        """Feeds `count` samples and writes the next `wanted` outputs."""
        cdef Py_ssize_t width = self.bank.width
        cdef Py_ssize_t made = 0
        cdef Py_ssize_t block, i
        while count:
            block = min(count, BLOCK_SAMPLES)
            for i in range(block):
                self.window[self.held + i] = source[i]
            self.held += block
            source += block
            count -= block
            while made < wanted and self.start + width <= self.held:
                target[made] = rounded(
                    dot(self.window + self.start, self.bank.coefficients + self.phase * width, width)
                )
                made += 1
                self.phase += self.bank.step
                self.start += self.phase // self.bank.phases
                self.phase %= self.bank.phases
            self.held -= self.start
            memmove(self.window, self.window + self.start, sizeof(float) * <size_t> self.held)
            self.start = 0
            self.received_samples += block
        self.emitted_samples += made
