from libc.stdint cimport int16_t, int64_t, uint8_t

from ext.clock cimport Member
from ext.frames cimport SoundSink
from ext.playout cimport PlayoutBuffer
from ext.recent cimport RecentSound
from ext.resample cimport Resampler
from ext.tracks cimport Tracks
from ext.voice_activity cimport VoiceActivity

include "consts.pxi"

cdef enum:
    WIDE_RATE_HZ = 16000  # what a recogniser can use of wideband sound
    SCRATCH_SAMPLES = 1024  # sound of the peer is taken in pieces of at most this
    TUNED_SAMPLES = 2056  # such a piece at twice its rate, and what a resampler held back
    RECENT_MS = 3000  # for a recogniser that is still being connected, or that takes another's place
    CALLABLE_BYTES = 64  # of a bound method, those with its pointers
    TRANSPORT_BYTES = 704  # about the size of uvloop's
    WIRE_SAMPLES_MAX = 3840  # 20 ms at 192 kHz

cdef class Inbound(SoundSink):
    cdef readonly VoiceActivity voice
    cdef readonly RecentSound recent  # what was handed over in pieces
    cdef readonly int rate_hz  # of the first frame; 0 before it
    cdef readonly int heard_hz  # of the pieces and of `recent`; 0 until it is known
    cdef Tracks tracks
    cdef int tuned_hz  # rate of the latest frame
    cdef bint straight  # it needs no conversion
    cdef dict resamplers  # from the rates that came to `heard_hz`
    cdef Resampler to_heard, to_line  # None where the rates are the same
    cdef int piece_ms
    cdef int16_t *piece
    cdef Py_ssize_t piece_samples, piece_count
    cdef readonly double last_sound_s
    cdef readonly double voice_ended_s
    cdef bint edge  # voice activity has changed since the line looked
    cdef readonly int64_t handed_samples  # in all pieces so far, at `heard_hz`
    cdef public object on_piece
    cdef readonly double voice_began_s

    cdef int hear_nothing(self, double now_s) except -1
    cdef int _tune(self, int rate_hz) except -1
    cdef int _settle(self, int rate_hz) except -1
    cdef int _listen_at(self, int rate_hz) except -1
    cdef int _take_tuned(self, const int16_t *samples, Py_ssize_t count, double now_s) except -1
    cdef void _notice(self, const int16_t *samples, Py_ssize_t count, double now_s) noexcept
    cdef int _forward(self, const int16_t *samples, Py_ssize_t count) except -1

cdef class Line(Member):
    cdef readonly Inbound inbound
    cdef PlayoutBuffer playout
    cdef Tracks tracks
    cdef public object write
    cdef public double wake_at_s
    cdef object on_wake
    cdef Resampler widener
    cdef bint was_speaking, was_idle
    cdef int64_t underruns
    cdef int64_t frame

    cdef void fetch(self) noexcept
    cdef void fetch_more(self) noexcept
    cdef bytes _widened(self, bytes wire)
