from libc.stdint cimport int16_t, int64_t

include "consts.pxi"

cdef enum:
    BLOCK_BYTES = 160
    BLOCK_SAMPLES = 80  # 10 ms: what is measured, and the steps in which the gain moves
    HANGOVER_BLOCKS = 20  # 200 ms: shorter pauses belong to speech (ITU-T P.56, 5.2)
    EDGE_BLOCKS = 2  # silence that stays behind a sentence
    FADE_SAMPLES = 40  # 5 ms
    HELD_BLOCKS = 50  # silence that waits for what comes behind it; a longer gap the ladder would take for a stall

cdef class Leveller:
    cdef int64_t heard_squares, heard_blocks  # of active speech
    cdef double prior_gain, prior_blocks  # what the voice was known for
    cdef double loudest, gain, target_power
    cdef int since_loud
    cdef bint started
    cdef float[6] past
    cdef int16_t[BLOCK_SAMPLES] rest  # not yet a block
    cdef int resting
    cdef bytes held  # silence, levelled

    cdef double _gain(self) noexcept nogil
    cdef bint _level(self, int16_t *block) noexcept nogil
    cdef bytes _run(self, const int16_t *source, Py_ssize_t count)
