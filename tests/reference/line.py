"""The 20 ms path of one call, in Python: what `ext/line.pyx` does, over the other twins."""

import math
from collections.abc import Callable

from tests.reference import g711
from tests.reference.clock import Member
from tests.reference.frames import RATES_HZ, SoundSink, build
from tests.reference.levels import rms_dbfs
from tests.reference.playout import PlayoutBuffer
from tests.reference.recent import RecentSound
from tests.reference.resample import Resampler
from tests.reference.tracks import Tracks
from tests.reference.voice_activity import VoiceActivity

NO_SOUND_S = 0.2
SCRATCH_BYTES = 2048
DECODE = {"ulaw": g711.ulaw_decode, "alaw": g711.alaw_decode}


class Inbound(SoundSink):
    """The caller's sound, from the wire to its three consumers."""

    def __init__(self, tracks: Tracks, piece_ms: int, on_piece: Callable[[bytes], object] | None, now_s: float) -> None:
        super().__init__()
        if not 20 <= piece_ms <= 250:
            raise ValueError(f"piece_ms must be 20 to 250, got {piece_ms}")
        self.voice = VoiceActivity()
        self.recent = RecentSound(24_000)
        self.rate_hz = self.heard_hz = 0
        self.last_sound_s = self.voice_ended_s = now_s
        self.voice_began_s = 0.0
        self.edge = False
        self._tracks = tracks
        self._piece_ms = piece_ms
        self.on_piece = on_piece
        self.handed_samples = 0
        self._piece = b""
        self._to_heard: dict[int, Resampler] = {}
        self._to_line = Resampler(8000, 8000)

    def take(self, sound: bytes, rate_hz: int, now_s: float) -> None:
        """The sound of one frame, in pieces of at most 1024 samples."""
        pcm = DECODE[self.codec](sound) if self.width_bytes(rate_hz) == 1 else sound
        self.rate_hz = self.rate_hz or rate_hz
        self._settle(rate_hz)
        if pcm:
            self.last_sound_s = now_s
        resampler = self._to_heard.setdefault(rate_hz, Resampler(rate_hz, self.heard_hz))
        for at in range(0, len(pcm), SCRATCH_BYTES):
            heard = resampler.process(pcm[at : at + SCRATCH_BYTES])
            narrow = self._to_line.process(heard)
            self._tracks.caller(narrow)
            self._hear(narrow, heard, now_s)

    def hear_nothing(self, now_s: float) -> None:
        """Silence, which is not recorded."""
        self._settle(8000)
        self._hear(bytes(320), bytes(self.heard_hz // 25), now_s)

    def _settle(self, rate_hz: int) -> None:
        """What the recogniser hears is decided once."""
        if not self.heard_hz:
            self.heard_hz = 16_000 if rate_hz >= 16_000 else 8000
            self.recent = RecentSound(3 * self.heard_hz)
            self._to_line = Resampler(self.heard_hz, 8000)
            self.edge = True

    def _hear(self, narrow: bytes, heard: bytes, now_s: float) -> None:
        spoke = self.voice.speaking
        if self.voice.feed(narrow):
            self.voice_ended_s = now_s if self.voice.heard_now else self.voice_ended_s
            if not spoke:
                self.voice_began_s = now_s
        self.edge = self.edge or spoke != self.voice.speaking
        self._piece += heard
        size = self._piece_ms * self.heard_hz // 500
        while len(self._piece) >= size:
            piece, self._piece = self._piece[:size], self._piece[size:]
            self._hand_over(piece)

    def flush(self) -> None:
        """Hands over the piece that is not full yet."""
        piece, self._piece = self._piece, b""
        if piece:
            self._hand_over(piece)

    def _hand_over(self, piece: bytes) -> None:
        self.recent.add(piece)
        self.handed_samples += len(piece) // 2
        if self.on_piece is not None:
            self.on_piece(piece)


class Line(Member):
    """One call on the frame clock."""

    def __init__(
        self, inbound: Inbound, playout: PlayoutBuffer, tracks: Tracks, on_wake: Callable[[float], object]
    ) -> None:
        super().__init__()
        self.inbound = inbound
        self.write: Callable[[bytes], object] | None = None
        self.wake_at_s = 0.0
        self._playout = playout
        self._tracks = tracks
        self._on_wake = on_wake
        self._seen = (False, True, 0)
        self._frame = -1
        self._widener: Resampler | None = None

    def wake(self) -> None:
        """Something has happened."""
        self.wake_at_s = 0.0

    def tick(self, now_s: float, frame: int) -> None:
        """One frame."""
        wire = self._playout.pull()
        if self.write is not None:
            self.write(wire if self.inbound.rate_hz in (0, 8000) else self._widened(wire))
        if self._frame >= 0 and frame - self._frame > 1:
            self._tracks.bot_gap(frame - self._frame - 1)
        self._frame = frame
        self._tracks.bot(wire[3:])
        self.inbound.voice.said(rms_dbfs(wire[3:]) if self._playout.speaking else -120.0, 0.02)
        if now_s - self.inbound.last_sound_s > NO_SOUND_S:
            self.inbound.hear_nothing(now_s)
        seen = (self._playout.speaking, self._playout.idle, self._playout.underruns)
        if self.inbound.edge or seen != self._seen or now_s >= self.wake_at_s:
            self.inbound.edge = False
            self._seen = seen
            self.wake_at_s = math.inf
            self._on_wake(now_s)

    def _widened(self, wire: bytes) -> bytes:
        """The same frame in the rate of the caller's."""
        rate_hz = self.inbound.rate_hz
        self._widener = self._widener or Resampler(8000, rate_hz)
        wide = self._widener.process(wire[3:]).rjust(rate_hz // 25, b"\0")
        return build({rate: kind for kind, rate in RATES_HZ.items()}[rate_hz], wide)
