# cython: language_level=3, wraparound=False, cdivision=True
"""The latest sound of a call, for whoever must hear it again. s16le mono 8 kHz in and out, IMA ADPCM in between.

A quarter of the memory, in every call; heard again only by a recogniser that takes another's place. The codec is that
of the IMA's "Recommended Practices for Enhancing Digital Audio Compatibility" (1992), which `audioop` has, too.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.string cimport memcpy

from ext.samples cimport sample_count

cdef int[LAST_STEP + 1] SIZES = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97,
    107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724,
    796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026,
    4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500,
    20350, 22385, 24623, 27086, 29794, 32767,
]
cdef int[8] MOVES = [-1, -1, -1, -1, 2, 4, 6, 8]


cdef struct Step:  # what one of the codec's step sizes does to each code without its sign
    int[8] limits  # the smallest error of the code above; an error counts them
    int[8] changes  # of the prediction
    int[8] following  # the step of the next sample

cdef Step[LAST_STEP + 1] STEPS


cdef void make_steps() noexcept:
    """Fills the table: the definition takes three comparisons one after the other, these can go side by side."""
    cdef int step, code, size
    for step in range(LAST_STEP + 1):
        size = SIZES[step]
        for code in range(8):
            STEPS[step].changes[code] = (size >> 3) + part(size, code)
            STEPS[step].following[code] = max(0, min(LAST_STEP, step + MOVES[code]))
            STEPS[step].limits[code] = part(size, code + 1) if code < 7 else 2 * SAMPLE_MAX + 2


cdef inline int part(int size, int code) noexcept nogil:
    """What the three bits of a code stand for: a step size, its half, its quarter."""
    return (size if code & 4 else 0) + (size >> 1 if code & 2 else 0) + (size >> 2 if code & 1 else 0)


make_steps()


cdef inline int encoded(Codec *codec, int sample) noexcept nogil:
    """The 4-bit code of a sample; the codec goes on to the next one."""
    cdef Step *step = &STEPS[codec.step]
    cdef int error = sample - codec.predicted
    cdef int sign = error < 0
    cdef int code
    if sign:
        error = -error
    code = (
        ((error >= step.limits[0]) + (error >= step.limits[1]))
        + ((error >= step.limits[2]) + (error >= step.limits[3]))
        + ((error >= step.limits[4]) + (error >= step.limits[5]))
        + (error >= step.limits[6])
    )
    advance(codec, step, code, sign)
    return code | sign << 3


cdef inline int16_t decoded(Codec *codec, int code) noexcept nogil:
    """The sample of a 4-bit code; the codec goes on to the next one."""
    advance(codec, &STEPS[codec.step], code & 7, code >> 3)
    return codec.predicted


cdef inline void advance(Codec *codec, Step *step, int code, int sign) noexcept nogil:
    """Goes on to the next sample, by a code without its sign."""
    cdef int change = step.changes[code]
    codec.predicted = <int16_t> max(SAMPLE_MIN, min(SAMPLE_MAX, codec.predicted + (-change if sign else change)))
    codec.step = <uint8_t> step.following[code]


@cython.final
cdef class RecentSound:
    """A ring of at most `limit_samples`, which grows as it is needed and is given back when nothing is.

    Raises:
        ValueError: a limit below one sample.
    """

    def __cinit__(self, Py_ssize_t limit_samples):
        if limit_samples < 1:
            raise ValueError(f"limit_samples must be at least 1, got {limit_samples}")
        self.limit = limit_samples

    def __dealloc__(self):
        PyMem_Free(self.ring)

    def add(self, bytes pcm not None) -> None:
        """Takes the next sound; the oldest goes.

        Raises:
            ValueError: an odd number of bytes.
        """
        self.put(<const int16_t *> PyBytes_AS_STRING(pcm), sample_count(pcm))

    def keep(self, Py_ssize_t samples) -> None:
        """Forgets all but the latest `samples`."""
        self._forget(self.samples - max(samples, 0))
        if self.samples == 0 and self.room > STEP_BLOCKS:  # all was understood
            PyMem_Free(self.ring)
            self.ring = NULL
            self.room = self.head = self.skipped = 0

    def pcm(self) -> bytes:
        """All that is kept, the oldest first."""
        cdef bytes pcm = PyBytes_FromStringAndSize(NULL, self.samples * SAMPLE_BYTES)
        cdef int16_t *target = <int16_t *> PyBytes_AS_STRING(pcm)
        cdef Py_ssize_t at, end = self.skipped + self.samples
        cdef Block *block = self.ring
        cdef Codec codec
        cdef int16_t sample
        for at in range(end):
            if at % BLOCK_SAMPLES == 0:
                block = self.ring + (self.head + at // BLOCK_SAMPLES) % self.room
                codec = block.before
            sample = decoded(&codec, block.codes[at % BLOCK_SAMPLES // 2] >> (0 if at & 1 else 4) & 15)
            if at >= self.skipped:
                target[at - self.skipped] = sample
        return pcm

    cdef int put(self, const int16_t *samples, Py_ssize_t count) except -1:
        """See `add`."""
        cdef Py_ssize_t at, within, n
        cdef Block *block
        cdef Codec codec
        if count > self.limit:
            samples += count - self.limit
            count = self.limit
        if count == 0:
            return 0
        self._forget(self.samples + count - self.limit)
        at = self.skipped + self.samples
        self._grow((at + count + BLOCK_SAMPLES - 1) // BLOCK_SAMPLES)
        block = self.ring + (self.head + at // BLOCK_SAMPLES) % self.room
        within = at % BLOCK_SAMPLES
        codec = self.codec
        for n in range(count):
            if within == BLOCK_SAMPLES or n == 0:
                if within == BLOCK_SAMPLES:
                    within = 0
                    block = block + 1 if block + 1 < self.ring + self.room else self.ring
                if within == 0:
                    block.before = codec
            if within & 1:
                block.codes[within >> 1] |= <uint8_t> encoded(&codec, samples[n])
            else:
                block.codes[within >> 1] = <uint8_t> (encoded(&codec, samples[n]) << 4)
            within += 1
        self.codec = codec
        self.samples += count
        return 0

    cdef void _forget(self, Py_ssize_t surplus) noexcept:
        """Lets the oldest samples go."""
        if surplus > 0:
            self.samples -= surplus
            self.skipped += surplus
            self.head += self.skipped // BLOCK_SAMPLES
            self.head %= max(self.room, 1)
            self.skipped %= BLOCK_SAMPLES

    cdef int _grow(self, Py_ssize_t needed) except -1:
        """Makes room for so many blocks, a second more at a time."""
        cdef Py_ssize_t room, first, used
        cdef Block *grown
        if needed <= self.room:
            return 0
        room = min(
            (needed + STEP_BLOCKS - 1) // STEP_BLOCKS * STEP_BLOCKS,
            (self.limit + 2 * BLOCK_SAMPLES - 2) // BLOCK_SAMPLES,  # the oldest and the latest block are parts
        )
        grown = <Block *> PyMem_Malloc(<size_t> room * sizeof(Block))
        if grown == NULL:
            raise MemoryError(f"no memory for {room} blocks")
        used = (self.skipped + self.samples + BLOCK_SAMPLES - 1) // BLOCK_SAMPLES
        if used:
            first = min(used, self.room - self.head)
            memcpy(grown, self.ring + self.head, <size_t> first * sizeof(Block))
            memcpy(grown + first, self.ring, <size_t> (used - first) * sizeof(Block))
        PyMem_Free(self.ring)
        self.ring = grown
        self.room = room
        self.head = 0
        return 0
