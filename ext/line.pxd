from libc.stdint cimport int16_t, int64_t, uint8_t

from ext.clock cimport Member
from ext.frames cimport SoundSink
from ext.playout cimport PlayoutBuffer
from ext.recent cimport RecentSound
from ext.tracks cimport Tracks
from ext.voice_activity cimport VoiceActivity

include "consts.pxi"

cdef enum:
    SCRATCH_SAMPLES = 1024  # sound of the peer is taken in pieces of at most this
    RECENT_SAMPLES = 24000  # 3 s, for a recogniser that is still being connected, or that takes another's place

cdef class Inbound(SoundSink):
    cdef readonly VoiceActivity voice
    cdef readonly RecentSound recent  # what was handed over in pieces
    cdef Tracks tracks
    cdef dict resamplers
    cdef int16_t *piece
    cdef Py_ssize_t piece_samples, piece_count
    cdef readonly double last_sound_s
    cdef readonly double voice_ended_s
    cdef bint edge  # voice activity has changed since the line looked
    cdef object on_piece
    cdef readonly double voice_began_s

    cdef int hear(self, const int16_t *samples, Py_ssize_t count, double now_s) except -1
    cdef int _forward(self, const int16_t *samples, Py_ssize_t count) except -1

cdef class Line(Member):
    cdef readonly Inbound inbound
    cdef PlayoutBuffer playout
    cdef Tracks tracks
    cdef public object write
    cdef public double wake_at_s
    cdef object on_wake
    cdef bint was_speaking, was_idle
    cdef int64_t underruns
    cdef int64_t frame
