# cython: language_level=3, wraparound=False, cdivision=True
"""The 20 ms path of one call: what its bytes and its ticks do, without a line of Python unless something happens.

In: sound goes to voice activity, the recording, and in pieces to whoever recognises it. Out: at each tick one frame
leaves the playout buffer for the wire and the recording. Python is called (`on_wake`) when voice activity changes,
speech begins or ends, speech runs dry, or a time comes that it asked for.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.math cimport INFINITY
from libc.string cimport memcpy, memset

from ext.frames cimport LINEAR, ULAW, slin_kind
from ext.g711 cimport alaw_decode_codes, ulaw_decode_codes
from ext.levels cimport FLOOR_DBFS
from ext.prefetch cimport prefetch
from ext.recent cimport BLOCK_SAMPLES as RECENT_BLOCK_SAMPLES, Block

# A phone that suppresses silence sends nothing: from here on silence is heard in its place.
NO_SOUND_S = 0.2

cdef extern from "Python.h":
    bint PyCFunction_Check(object)
    void *PyCFunction_GET_SELF(object)

# Sizes of what is asked for ahead.
cdef Py_ssize_t playout_bytes = PlayoutBuffer.__basicsize__
cdef Py_ssize_t tracks_bytes = Tracks.__basicsize__
cdef Py_ssize_t recent_bytes = RecentSound.__basicsize__
cdef Py_ssize_t voice_bytes = VoiceActivity.__basicsize__
cdef Py_ssize_t inbound_bytes  # at the end of this file

cdef double no_sound_s = NO_SOUND_S
cdef int16_t[2 * FRAME_SAMPLES] SILENCE  # a frame at the highest rate that is heard


@cython.final
cdef class Inbound(SoundSink):
    """The caller's sound, from the wire to its three consumers.

    The recording and voice activity hear 8 kHz. Whoever recognises it hears 16 kHz where the caller's first frame has
    that or more, else 8 kHz, for the whole call: a recogniser is told once. Silence counts as 8 kHz.

    Args:
        tracks: records it.
        piece_ms: length of the pieces for `on_piece`, 20 to 250.
        on_piece: told s16le mono at `heard_hz`, always `piece_ms` long except after `flush`; never empty. None while
            nobody listens; may be changed.
        now_s: the time.

    Raises:
        ValueError: a piece that is too short or too long.
    """

    def __cinit__(self, Tracks tracks not None, int piece_ms, on_piece, double now_s):
        if not FRAME_MS <= piece_ms <= 250:
            raise ValueError(f"piece_ms must be {FRAME_MS} to 250, got {piece_ms}")
        self.tracks = tracks
        self.voice = VoiceActivity()
        self.resamplers = {}
        self.on_piece = on_piece
        self.last_sound_s = self.voice_ended_s = now_s
        self.piece_ms = piece_ms
        self._listen_at(LINE_RATE_HZ)

    def __dealloc__(self):
        PyMem_Free(self.piece)

    def flush(self) -> None:
        """Hands over the piece that is not full yet."""
        cdef bytes piece
        if self.piece_count:
            piece = PyBytes_FromStringAndSize(<const char *> self.piece, self.piece_count * SAMPLE_BYTES)
            self.recent.put(self.piece, self.piece_count)
            self.handed_samples += self.piece_count
            self.piece_count = 0
            if self.on_piece is not None:
                self.on_piece(piece)

    cdef int take(self, const uint8_t *sound, Py_ssize_t size, int rate_hz, double now_s) except -1:
        """See `SoundSink`."""
        cdef int16_t[SCRATCH_SAMPLES] scratch  # the bytes of a frame lie at odd addresses
        cdef Py_ssize_t count
        cdef Py_ssize_t width = SAMPLE_BYTES if self.coding == LINEAR or rate_hz != LINE_RATE_HZ else 1
        if rate_hz != self.tuned_hz:
            self._tune(rate_hz)
        if size:
            self.last_sound_s = now_s
        while size:
            count = min(size // width, SCRATCH_SAMPLES)
            if width == SAMPLE_BYTES:
                memcpy(scratch, sound, <size_t> (count * SAMPLE_BYTES))
            elif self.coding == ULAW:
                ulaw_decode_codes(scratch, sound, count)
            else:
                alaw_decode_codes(scratch, sound, count)
            if self.straight:
                self.tracks.hear(scratch, count)
                self._notice(scratch, count, now_s)
                self._forward(scratch, count)
            else:
                self._take_tuned(scratch, count, now_s)
            sound += count * width
            size -= count * width
        return 0

    cdef void fetch(self) noexcept:
        """See `SoundSink`."""
        prefetch(<void *> self.tracks, tracks_bytes)
        prefetch(<void *> self.voice, voice_bytes)
        prefetch(<void *> self.recent, recent_bytes)
        prefetch(self.piece + self.piece_count, FRAME_BYTES)
        if self.piece_count:
            prefetch(self.piece, FRAME_BYTES)

    cdef void fetch_more(self) noexcept:
        """See `SoundSink`."""
        cdef Tracks tracks = self.tracks
        cdef RecentSound recent = self.recent
        cdef Py_ssize_t block
        prefetch(tracks.pending + tracks.pending_count, FRAME_BYTES)
        if self.piece_count and recent.room:  # a piece will be full
            block = recent.head + (recent.skipped + recent.samples) // RECENT_BLOCK_SAMPLES
            prefetch(recent.ring + block % recent.room, 2 * sizeof(Block))

    cdef int hear_nothing(self, double now_s) except -1:
        """Listens to a frame of silence in place of what does not come; it is not recorded."""
        self._settle(LINE_RATE_HZ)
        self._notice(SILENCE, FRAME_SAMPLES, now_s)
        return self._forward(SILENCE, FRAME_SAMPLES * self.heard_hz // LINE_RATE_HZ)

    cdef int _tune(self, int rate_hz) except -1:
        """Prepares for frames of another rate than the latest one's: once in a call, if its peer is an Asterisk."""
        if self.rate_hz == 0:
            self.rate_hz = rate_hz
        self._settle(rate_hz)
        self.tuned_hz = rate_hz
        self.to_heard = None
        if rate_hz != self.heard_hz:
            if rate_hz not in self.resamplers:
                self.resamplers[rate_hz] = Resampler(rate_hz, self.heard_hz)
            self.to_heard = self.resamplers[rate_hz]
        self.straight = self.to_heard is None and self.to_line is None
        return 0

    cdef int _settle(self, int rate_hz) except -1:
        """Decides what the recogniser hears, if that is still open."""
        if self.heard_hz:
            return 0
        if rate_hz >= WIDE_RATE_HZ:
            self._listen_at(WIDE_RATE_HZ)
            self.to_line = Resampler(WIDE_RATE_HZ, LINE_RATE_HZ)
        self.heard_hz = WIDE_RATE_HZ if rate_hz >= WIDE_RATE_HZ else LINE_RATE_HZ
        self.edge = True
        return 0

    cdef int _listen_at(self, int rate_hz) except -1:
        """Makes room for pieces of this rate; nothing has been heard yet."""
        cdef Py_ssize_t samples = <Py_ssize_t> self.piece_ms * rate_hz // 1000
        cdef void *piece = PyMem_Realloc(self.piece, <size_t> samples * SAMPLE_BYTES)
        if piece == NULL:
            raise MemoryError(f"no memory for {samples} samples")
        self.piece = <int16_t *> piece
        self.piece_samples = samples
        self.recent = RecentSound(<Py_ssize_t> RECENT_MS * rate_hz // 1000)
        return 0

    cdef int _take_tuned(self, const int16_t *samples, Py_ssize_t count, double now_s) except -1:
        """Brings sound to the rates of its consumers."""
        cdef int16_t[TUNED_SAMPLES] heard
        cdef int16_t[TUNED_SAMPLES] line
        cdef const int16_t *narrow
        cdef Py_ssize_t narrow_count
        if self.to_heard is not None:
            narrow_count = self.to_heard.made_by(count)
            self.to_heard.convert(heard, samples, count)
            samples = heard
            count = narrow_count
        narrow = samples
        narrow_count = count
        if self.to_line is not None:
            narrow_count = self.to_line.made_by(count)
            self.to_line.convert(line, samples, count)
            narrow = line
        self.tracks.hear(narrow, narrow_count)
        self._notice(narrow, narrow_count, now_s)
        return self._forward(samples, count)

    cdef void _notice(self, const int16_t *samples, Py_ssize_t count, double now_s) noexcept:
        """Voice activity, at 8 kHz."""
        cdef bint spoke = self.voice.speaking
        if self.voice.hear(samples, count):
            if self.voice.since_loud_s == 0.0:  # not while it only hangs over
                self.voice_ended_s = now_s
            if not spoke:
                self.voice_began_s = now_s
        if spoke != self.voice.speaking:
            self.edge = True

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

    Frames leave as 8 kHz (kind 0x10), or, once the caller's first frame has come, in the rate of that one.

    Args:
        inbound: the caller's sound.
        playout: the bot's sound.
        tracks: records both.
        on_wake: told the time when something has happened, or `wake_at_s` has come; sets `wake_at_s` anew.

    Attributes:
        write: takes a whole frame for the wire, 323 bytes at 8 kHz; None while there is none.
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
            self.write(wire if inbound.rate_hz <= LINE_RATE_HZ else self._widened(wire))
        if self.frame >= 0 and frame - self.frame > 1:
            self.tracks.gap_of(frame - self.frame - 1)
        self.frame = frame
        self.tracks.sent(PyBytes_AS_STRING(wire) + HEADER_BYTES)
        inbound.voice.said(playout.level_db if playout.last_voice > 0 else <double> FLOOR_DBFS, FRAME_MS / 1000.0)
        if now_s - inbound.last_sound_s > no_sound_s:
            inbound.hear_nothing(now_s)
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

    cdef void fetch(self) noexcept:
        """See `Member`."""
        prefetch(<void *> self.playout, playout_bytes)
        prefetch(<void *> self.tracks, tracks_bytes)
        prefetch(<void *> self.inbound, inbound_bytes)
        prefetch(<void *> self.write, CALLABLE_BYTES)

    cdef void fetch_more(self) noexcept:
        """See `Member`."""
        cdef PlayoutBuffer playout = self.playout
        cdef Tracks tracks = self.tracks
        prefetch(playout.ring + playout.head, FRAME_BYTES)
        prefetch(tracks.bot_track + tracks.at, FRAME_BYTES)
        prefetch(tracks.caller_track + tracks.at, FRAME_BYTES)
        prefetch(tracks.pending, FRAME_BYTES)
        prefetch(<void *> self.inbound.voice, voice_bytes)
        if PyCFunction_Check(self.write):
            prefetch(PyCFunction_GET_SELF(self.write), TRANSPORT_BYTES)

    cdef bytes _widened(self, bytes wire):
        """A frame of 8 kHz in the rate that the caller's frames have; the first one begins with some silence."""
        cdef int16_t[FRAME_SAMPLES] narrow  # the bytes of a frame lie at odd addresses
        cdef int16_t[WIRE_SAMPLES_MAX] wide
        cdef int rate_hz = self.inbound.rate_hz
        cdef Py_ssize_t count = rate_hz * FRAME_MS // 1000
        cdef Py_ssize_t made
        cdef bytes frame = PyBytes_FromStringAndSize(NULL, HEADER_BYTES + count * SAMPLE_BYTES)
        cdef uint8_t *target = <uint8_t *> PyBytes_AS_STRING(frame)
        if self.widener is None:
            self.widener = Resampler(LINE_RATE_HZ, rate_hz)
        made = self.widener.made_by(FRAME_SAMPLES)
        memcpy(narrow, PyBytes_AS_STRING(wire) + HEADER_BYTES, FRAME_BYTES)
        memset(wide, 0, <size_t> (count - made) * SAMPLE_BYTES)
        self.widener.convert(wide + (count - made), narrow, FRAME_SAMPLES)
        target[0] = <uint8_t> slin_kind(rate_hz)
        target[1] = <uint8_t> (count * SAMPLE_BYTES >> 8)
        target[2] = <uint8_t> (count * SAMPLE_BYTES & 0xFF)
        memcpy(target + HEADER_BYTES, wide, <size_t> count * SAMPLE_BYTES)
        return frame


inbound_bytes = Inbound.__basicsize__
