# cython: language_level=3, wraparound=False, cdivision=True
"""The latest sound of a call, for whoever must hear it again. s16le mono 8 kHz in and out, mu-law in between.

Half the memory, and what a telephone carries anyway: it is heard again only by a recogniser that takes another's place.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.string cimport memcpy

from ext.g711 cimport ulaw_decode_codes, ulaw_encode_samples
from ext.samples cimport sample_count


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
        cdef Py_ssize_t surplus = self.samples - max(samples, 0)
        if surplus > 0:
            self.head = (self.head + surplus) % self.room
            self.samples -= surplus
            if self.samples == 0 and self.room > STEP_SAMPLES:  # all was understood
                PyMem_Free(self.ring)
                self.ring = NULL
                self.room = self.head = 0

    def pcm(self) -> bytes:
        """All that is kept, the oldest first."""
        cdef bytes pcm = PyBytes_FromStringAndSize(NULL, self.samples * SAMPLE_BYTES)
        cdef int16_t *target = <int16_t *> PyBytes_AS_STRING(pcm)
        cdef Py_ssize_t first = min(self.samples, self.room - self.head)
        if self.samples:
            ulaw_decode_codes(target, self.ring + self.head, first)
            ulaw_decode_codes(target + first, self.ring, self.samples - first)
        return pcm

    cdef int put(self, const int16_t *samples, Py_ssize_t count) except -1:
        """See `add`."""
        cdef Py_ssize_t end, first
        if count > self.limit:
            samples += count - self.limit
            count = self.limit
        if count == 0:
            return 0
        if self.samples + count > self.limit:
            self.head = (self.head + self.samples + count - self.limit) % self.room
            self.samples = self.limit - count
        self._grow(self.samples + count)
        end = (self.head + self.samples) % self.room
        first = min(count, self.room - end)
        ulaw_encode_samples(self.ring + end, samples, first)
        ulaw_encode_samples(self.ring, samples + first, count - first)
        self.samples += count
        return 0

    cdef int _grow(self, Py_ssize_t needed) except -1:
        """Makes room, a second more at a time, up to the limit."""
        cdef Py_ssize_t room, first
        cdef uint8_t *grown
        if needed <= self.room:
            return 0
        room = min((needed + STEP_SAMPLES - 1) // STEP_SAMPLES * STEP_SAMPLES, self.limit)
        grown = <uint8_t *> PyMem_Malloc(<size_t> room)
        if grown == NULL:
            raise MemoryError(f"no memory for {room} samples")
        if self.samples:
            first = min(self.samples, self.room - self.head)
            memcpy(grown, self.ring + self.head, <size_t> first)
            memcpy(grown + first, self.ring, <size_t> (self.samples - first))
        PyMem_Free(self.ring)
        self.ring = grown
        self.room = room
        self.head = 0
        return 0
