# cython: language_level=3, wraparound=False, cdivision=True
"""The 20 ms path of one call: what its bytes and its ticks do, without a line of Python unless something happens.

In: sound goes to voice activity, the recording, and in pieces to whoever recognises it. Out: at each tick one frame
leaves the playout buffer for the wire and the recording. Python is called (`on_wake`) when voice activity changes,
speech begins or ends, speech runs dry, or a time comes that it asked for.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport INFINITY
from libc.string cimport memcpy

from ext.resample import Resampler

# A phone that suppresses silence sends nothing: from here on silence is heard in its place.
NO_SOUND_S = 0.2

cdef double no_sound_s = NO_SOUND_S
cdef int16_t[FRAME_SAMPLES] SILENCE


@cython.final
cdef class Inbound(SoundSink):
    """The caller's sound, from the wire to its three consumers.

    Args:
        tracks: records it.
        piece_ms: length of the pieces for `on_piece`, 20 to 250.
        on_piece: told s16le mono 8 kHz, always `piece_ms` long except after `flush`; never empty.
        now_s: the time.

    Raises:
        ValueError: a piece that is too short or too long.
    """

    def __cinit__(self, Tracks tracks not None, int piece_ms, on_piece, double now_s):
        if not FRAME_MS <= piece_ms <= 250:
            raise ValueError(f"piece_ms must be {FRAME_MS} to 250, got {piece_ms}")
        self.tracks = tracks
        self.voice = VoiceActivity()
        self.recent = RecentSound(RECENT_SAMPLES)
        self.resamplers = {}
        self.on_piece = on_piece
        self.last_sound_s = self.voice_ended_s = now_s
        self.piece_samples = piece_ms * SAMPLES_PER_MS
        self.piece = <int16_t *> PyMem_Malloc(<size_t> self.piece_samples * SAMPLE_BYTES)
        if self.piece == NULL:
            raise MemoryError(f"no memory for {self.piece_samples} samples")

    def __dealloc__(self):
        PyMem_Free(self.piece)

    def flush(self) -> None:
        """Hands over the piece that is not full yet."""
        cdef bytes piece
        if self.piece_count:
            piece = PyBytes_FromStringAndSize(<const char *> self.piece, self.piece_count * SAMPLE_BYTES)
            self.recent.put(self.piece, self.piece_count)
            self.piece_count = 0
            self.on_piece(piece)

    cdef int take(self, const uint8_t *pcm, Py_ssize_t size, int rate_hz, double now_s) except -1:
        """See `SoundSink`."""
        cdef int16_t[SCRATCH_SAMPLES] scratch  # the bytes of a frame lie at odd addresses
        cdef Py_ssize_t step
        cdef bytes narrow
        if rate_hz != LINE_RATE_HZ:
            if rate_hz not in self.resamplers:
                self.resamplers[rate_hz] = Resampler(rate_hz, LINE_RATE_HZ)
            narrow = self.resamplers[rate_hz].process(PyBytes_FromStringAndSize(<const char *> pcm, size))
            pcm = <const uint8_t *> PyBytes_AS_STRING(narrow)
            size = PyBytes_GET_SIZE(narrow)
        if size:
            self.last_sound_s = now_s
        while size:
            step = min(size, SCRATCH_SAMPLES * SAMPLE_BYTES)
            memcpy(scratch, pcm, <size_t> step)
            self.tracks.hear(scratch, step // SAMPLE_BYTES)
            self.hear(scratch, step // SAMPLE_BYTES, now_s)
            pcm += step
            size -= step
        return 0

    cdef int hear(self, const int16_t *samples, Py_ssize_t count, double now_s) except -1:
        """Listens to sound that is not recorded, too: the silence in place of what does not come."""
        cdef bint spoke = self.voice.speaking
        if self.voice.hear(samples, count):
            self.voice_ended_s = now_s
            if not spoke:
                self.voice_began_s = now_s
        if spoke != self.voice.speaking:
            self.edge = True
        return self._forward(samples, count)

    cdef int _forward(self, const int16_t *samples, Py_ssize_t count) except -1:
        """Fills pieces and hands over those that are full."""
        cdef Py_ssize_t step
        while count:
            step = min(count, self.piece_samples - self.piece_count)
            memcpy(self.piece + self.piece_count, samples, <size_t> step * SAMPLE_BYTES)
            self.piece_count += step
            samples += step
            count -= step
            if self.piece_count == self.piece_samples:
                self.flush()
        return 0


@cython.final
cdef class Line(Member):
    """One call on the frame clock.

    Args:
        inbound: the caller's sound.
        playout: the bot's sound.
        tracks: records both.
        on_wake: told the time when something has happened, or `wake_at_s` has come; sets `wake_at_s` anew.

    Attributes:
        write: takes a whole frame of 323 bytes for the wire; None while there is none.
        wake_at_s: when Python wants to be called at the latest; infinite after each `on_wake`.
    """

    def __init__(self, Inbound inbound not None, PlayoutBuffer playout not None, Tracks tracks not None, on_wake):
        self.inbound = inbound
        self.playout = playout
        self.tracks = tracks
        self.on_wake = on_wake
        self.write = None
        self.wake_at_s = 0.0
        self.was_idle = True
        self.frame = -1

    def wake(self) -> None:
        """Something has happened that `on_wake` must look at: it is called at the next tick."""
        self.wake_at_s = 0.0

    cdef int tick(self, double now_s, int64_t frame) except -1:
        """See `Member`."""
        cdef bytes wire = PyBytes_FromStringAndSize(NULL, WIRE_FRAME_BYTES)
        cdef PlayoutBuffer playout = self.playout
        cdef Inbound inbound = self.inbound
        cdef bint speaking, idle
        playout.pull_into(<unsigned char *> PyBytes_AS_STRING(wire))
        if self.write is not None:
            self.write(wire)
        if self.frame >= 0 and frame - self.frame > 1:
            self.tracks.gap_of(frame - self.frame - 1)
        self.frame = frame
        self.tracks.sent(PyBytes_AS_STRING(wire) + HEADER_BYTES)
        if now_s - inbound.last_sound_s > no_sound_s:
            inbound.hear(SILENCE, FRAME_SAMPLES, now_s)
        speaking = playout.last_voice > 0
        idle = playout.queued == 0 and not playout.open
        if (
            inbound.edge
            or speaking != self.was_speaking
            or idle != self.was_idle
            or playout.underrun_count != self.underruns
            or now_s >= self.wake_at_s
        ):
            inbound.edge = False
            self.was_speaking = speaking
            self.was_idle = idle
            self.underruns = playout.underrun_count
            self.wake_at_s = INFINITY
            self.on_wake(now_s)
        return 0
