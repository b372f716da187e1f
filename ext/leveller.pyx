# cython: language_level=3, wraparound=False, cdivision=True
"""One sentence of a voice made fit for the telephone: its band shaped, its level evened, the silence around it cut.

s16le mono 8 kHz, in blocks of 10 ms, once for each sentence and never for a frame:

* A recursive filter of third order: a Butterworth high pass at 200 Hz, and a shelf of 3 dB above 1.5 kHz.
* A gain that brings the active speech level to the target. It starts from what the voice is known to need and follows
  what is heard of the sentence by 3 dB a second at most, too slowly to be heard. Peaks are limited softly.
* Silence at the beginning is dropped, so that the first frame is heard, and faded in; at the end it is held back, but
  for 20 ms: how long it is silent between two sentences is not for the voice to say.

The level is the mean power of the blocks within 25 dB of the loudest, and of pauses up to 200 ms between them. That is
ITU-T P.56's active speech level (tests/reference/speech_level.py), whose threshold follows the level, to 0.2 dB for a
sentence and to 0.7 dB for a single word.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.math cimport M_PI, M_SQRT2, log10, pow, sqrt, tan
from libc.string cimport memcpy, memset

from ext cimport simd
from ext.levels cimport sum_of_squares
from ext.samples cimport sample_count

cdef extern from *:
    """
    #define SIMD_BODY "leveller.h"
    #include "simd.h"

    SIMD_DISPATCH(void, shape,
                  (int path, int16_t *target, const int16_t *source, ptrdiff_t count, float *past, const float *table),
                  (target, source, count, past, table))
    SIMD_DISPATCH(void, raise,
                  (int path, int16_t *samples, int32_t count, float gain, float step, float knee, float per_room),
                  (samples, count, gain, step, knee, per_room))
    """
    enum:
        GROUP
        ORDER
        ROWS
    void shape_on "shape"(
        int path, int16_t *, const int16_t *, Py_ssize_t, float *, const float *
    ) noexcept nogil
    void raise_on "raise"(int path, int16_t *, int, float, float, float, float) noexcept nogil

HIGH_PASS_HZ = 200
"""Below, a telephone's earpiece gives little back (the band is 300 to 3400 Hz, ITU-T G.712): it only costs headroom."""
SHELF_HZ = 1500
SHELF_DB = 3.0
"""Consonants live up there; half of what the send side of ITU-T P.830's modified IRS adds."""
TARGET_DBOV = -22.0
"""4 dB above the nominal level of speech on a line (-26 dBov, ITU-T P.830), with 22 dB left for its peaks."""
BOOST_MAX_DB = 12.0
CUT_MAX_DB = 18.0

cdef double FULL_SCALE_POWER = 1073741824.0  # 0 dBov is the power of a full-scale square wave (ITU-T G.100.1)
cdef double BELOW_LOUDEST = pow(10.0, -2.5)
cdef double BELOW_LEVEL = 1e-4  # 40 dB below the level is silence
cdef double SLEW = pow(10.0, 0.03 / 20.0)  # 3 dB a second
cdef double GAIN_MAX = pow(10.0, BOOST_MAX_DB / 20.0)
cdef double GAIN_MIN = pow(10.0, -CUT_MAX_DB / 20.0)
cdef float KNEE = 23170.0  # 3 dB below full scale
cdef float PER_ROOM = <float> (1.0 / 9597.0)  # of the steps from there to full scale
cdef double POWER_FLOOR = 1.0
cdef float[22 * 16] TABLE  # ROWS of GROUP


cdef void fill_table() noexcept:
    """The filter's coefficients by the bilinear transform, and what they make of each input of a group."""
    cdef double[4] b
    cdef double[4] a
    cdef double[16] made
    cdef double k = tan(M_PI * HIGH_PASS_HZ / LINE_RATE_HZ)
    cdef double norm = 1.0 / (1.0 + M_SQRT2 * k + k * k)
    cdef double[3] high_b = [norm, -2.0 * norm, norm]
    cdef double[3] high_a = [1.0, 2.0 * (k * k - 1.0) * norm, (1.0 - M_SQRT2 * k + k * k) * norm]
    cdef double lift = pow(10.0, SHELF_DB / 20.0)
    cdef double s = tan(M_PI * SHELF_HZ / LINE_RATE_HZ)
    cdef double[2] shelf_b = [(lift + s) / (1.0 + s), (s - lift) / (1.0 + s)]
    cdef double[2] shelf_a = [1.0, (s - 1.0) / (1.0 + s)]
    cdef int row, i, j
    for i in range(4):
        b[i] = 0.0
        a[i] = 0.0
        for j in range(2):
            if 0 <= i - j < 3:
                b[i] += shelf_b[j] * high_b[i - j]
                a[i] += shelf_a[j] * high_a[i - j]
    for row in range(<int> ROWS):
        for i in range(<int> GROUP):
            made[i] = 0.0
            # The input: a single 1, at `row` or that long before the group; or nothing, after an output of 1.
            j = i - row if row < <int> GROUP else i + 1 + row - <int> GROUP
            if row < <int> GROUP + <int> ORDER and 0 <= j <= <int> ORDER:
                made[i] = b[j]
            for j in range(1, <int> ORDER + 1):
                if i - j >= 0:
                    made[i] -= a[j] * made[i - j]
                elif j - i - 1 == row - <int> GROUP - <int> ORDER:
                    made[i] -= a[j]
            TABLE[row * <int> GROUP + i] = <float> made[i]


fill_table()


@cython.final
cdef class Leveller:
    """Takes one sentence in pieces of any even length; however they are cut, the output is the same bytes.

    Args:
        level_dbov: active level that the voice is known for, once shaped; where the gain starts.
        known_s: how much speech that knowledge is worth beside what will be heard; with `inf` the gain stays.
        target_dbov: level to come out with.

    Raises:
        ValueError: levels outside -90 to 0, or less than nothing known.
    """

    def __cinit__(self, double level_dbov, double known_s, double target_dbov=TARGET_DBOV):
        for level in (level_dbov, target_dbov):
            if not -90.0 <= level <= 0.0:
                raise ValueError(f"levels must be -90 to 0 dBov, got {level}")
        if not known_s >= 0.0:
            raise ValueError(f"known_s must be 0 or more, got {known_s}")
        self.target_power = FULL_SCALE_POWER * pow(10.0, target_dbov / 10.0)
        self.prior_gain = pow(10.0, (target_dbov - level_dbov) / 20.0)
        self.prior_blocks = min(known_s * 100.0, 1e12)
        self.gain = min(max(self.prior_gain, GAIN_MIN), GAIN_MAX)
        self.since_loud = HANGOVER_BLOCKS
        self.held = b""
        memset(self.past, 0, sizeof(self.past))

    @property
    def active_dbov(self) -> float:
        """Active level of what was heard, shaped but as loud as it came; -120 if there was none."""
        if not self.heard_squares:
            return -120.0
        return 10.0 * log10(<double> self.heard_squares / (self.heard_blocks * BLOCK_SAMPLES) / FULL_SCALE_POWER)

    @property
    def active_s(self) -> float:
        """How much speech there was."""
        return self.heard_blocks / 100.0

    def process(self, bytes pcm not None) -> bytes:
        """Takes the next piece, s16le mono 8 kHz; returns what is ready, all but a rest of less than 10 ms and silence.

        Raises:
            ValueError: an odd number of bytes.
        """
        return self._run(<const int16_t *> PyBytes_AS_STRING(pcm), sample_count(pcm))

    def flush(self) -> bytes:
        """Ends the sentence: returns what was held back, with at most 20 ms of the silence."""
        cdef int16_t[BLOCK_SAMPLES] silence
        cdef bytes tail = b""
        if self.resting:
            memset(silence, 0, sizeof(silence))
            tail = self._run(silence, BLOCK_SAMPLES - self.resting)
        return tail + self.held[:EDGE_BLOCKS * BLOCK_BYTES] if self.started else b""

    cdef bytes _run(self, const int16_t *source, Py_ssize_t count):
        cdef Py_ssize_t whole = (self.resting + count) // BLOCK_SAMPLES
        cdef Py_ssize_t used = whole * BLOCK_SAMPLES - self.resting
        cdef Py_ssize_t held = len(self.held) // BLOCK_BYTES
        cdef Py_ssize_t first = 0
        cdef Py_ssize_t ready = 0
        cdef Py_ssize_t block
        cdef int i
        cdef bytes joined, levelled
        cdef int16_t *blocks
        if not whole:
            memcpy(self.rest + self.resting, source, <size_t> count * SAMPLE_BYTES)
            self.resting += <int> count
            return b""
        joined = PyBytes_FromStringAndSize(NULL, whole * BLOCK_BYTES)
        blocks = <int16_t *> PyBytes_AS_STRING(joined)
        memcpy(blocks, self.rest, <size_t> self.resting * SAMPLE_BYTES)
        memcpy(blocks + self.resting, source, <size_t> used * SAMPLE_BYTES)
        self.resting = <int> (count - used)
        memcpy(self.rest, source + used, <size_t> self.resting * SAMPLE_BYTES)
        levelled = PyBytes_FromStringAndSize(NULL, (held + whole) * BLOCK_BYTES)
        memcpy(PyBytes_AS_STRING(levelled), PyBytes_AS_STRING(self.held), <size_t> held * BLOCK_BYTES)
        shape_on(
            simd.chosen, <int16_t *> PyBytes_AS_STRING(levelled) + held * BLOCK_SAMPLES, blocks,
            whole * BLOCK_SAMPLES, self.past, TABLE,
        )
        blocks = <int16_t *> PyBytes_AS_STRING(levelled)
        for block in range(held, held + whole):
            if self._level(blocks + block * BLOCK_SAMPLES):
                if not self.started:
                    self.started = True
                    first = block
                    for i in range(<int> FADE_SAMPLES):
                        blocks[first * BLOCK_SAMPLES + i] = <int16_t> (
                            blocks[first * BLOCK_SAMPLES + i] * i // <int> FADE_SAMPLES
                        )
                ready = block + 1
        if self.started:
            ready = max(ready, held + whole - HELD_BLOCKS)
            self.held = levelled[ready * BLOCK_BYTES:]
        else:
            first = ready = held + whole
        return levelled[first * BLOCK_BYTES:ready * BLOCK_BYTES]

    cdef double _gain(self) noexcept nogil:
        """The mean of the gain that the voice is known to need and that of what was heard, by their lengths."""
        cdef double heard
        if not self.heard_squares:
            return self.prior_gain
        heard = sqrt(self.target_power * (self.heard_blocks * BLOCK_SAMPLES) / <double> self.heard_squares)
        return (self.prior_gain * self.prior_blocks + heard * self.heard_blocks) / (
            self.prior_blocks + self.heard_blocks
        )

    cdef bint _level(self, int16_t *block) noexcept nogil:
        """Levels one block in place; whether it is more than silence."""
        cdef int64_t squares = sum_of_squares(block, BLOCK_SAMPLES)
        cdef double power = <double> squares / BLOCK_SAMPLES
        cdef double known, wanted
        self.loudest = max(self.loudest, power)
        self.since_loud = 0 if power > self.loudest * BELOW_LOUDEST and power > POWER_FLOOR else self.since_loud + 1
        if self.since_loud < HANGOVER_BLOCKS:
            self.heard_squares += squares
            self.heard_blocks += 1
        known = self._gain()
        wanted = min(max(known, GAIN_MIN), GAIN_MAX)
        wanted = min(max(wanted, self.gain / SLEW), self.gain * SLEW)
        raise_on(
            simd.chosen, block, BLOCK_SAMPLES, <float> self.gain, <float> ((wanted - self.gain) / BLOCK_SAMPLES),
            KNEE, PER_ROOM,
        )
        self.gain = wanted
        return power > POWER_FLOOR and power * known * known > self.target_power * BELOW_LEVEL
