"""The 20 ms path of one call, in Python: what `ext/line.pyx` does, over the other twins."""

import math
from collections.abc import Callable

from tests.reference.clock import Member
from tests.reference.frames import SoundSink
from tests.reference.playout import PlayoutBuffer
from tests.reference.recent import RecentSound
from tests.reference.resample import Resampler
from tests.reference.tracks import Tracks
from tests.reference.voice_activity import VoiceActivity

NO_SOUND_S = 0.2
SCRATCH_BYTES = 2048
SILENCE = bytes(320)


class Inbound(SoundSink):
    """The caller's sound, from the wire to its three consumers."""

    def __init__(self, tracks: Tracks, piece_ms: int, on_piece: Callable[[bytes], object], now_s: float) -> None:
        super().__init__()
        if not 20 <= piece_ms <= 250:
            raise ValueError(f"piece_ms must be 20 to 250, got {piece_ms}")
        self.voice = VoiceActivity()
        self.recent = RecentSound(24_000)
        self.last_sound_s = self.voice_ended_s = now_s
        self.voice_began_s = 0.0
        self.edge = False
        self._tracks = tracks
        self._piece_bytes = piece_ms * 16
        self._on_piece = on_piece
        self._piece = b""
        self._resamplers: dict[int, Resampler] = {}

    def take(self, pcm: bytes, rate_hz: int, now_s: float) -> None:
        """The sound of one frame, in pieces of at most 128 ms."""
        if rate_hz != 8000:
            pcm = self._resamplers.setdefault(rate_hz, Resampler(rate_hz, 8000)).process(pcm)
        if pcm:
            self.last_sound_s = now_s
        for at in range(0, len(pcm), SCRATCH_BYTES):
            self._tracks.caller(pcm[at : at + SCRATCH_BYTES])
            self.hear(pcm[at : at + SCRATCH_BYTES], now_s)

    def hear(self, pcm: bytes, now_s: float) -> None:
        """Listens, also to what is not recorded."""
        spoke = self.voice.speaking
        if self.voice.feed(pcm):
            self.voice_ended_s = now_s
            if not spoke:
                self.voice_began_s = now_s
        self.edge = self.edge or spoke != self.voice.speaking
        self._piece += pcm
        while len(self._piece) >= self._piece_bytes:
            piece, self._piece = self._piece[: self._piece_bytes], self._piece[self._piece_bytes :]
            self._hand_over(piece)

    def flush(self) -> None:
        """Hands over the piece that is not full yet."""
        piece, self._piece = self._piece, b""
        if piece:
            self._hand_over(piece)

    def _hand_over(self, piece: bytes) -> None:
        self.recent.add(piece)
        self._on_piece(piece)


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

    def wake(self) -> None:
        """Something has happened."""
        self.wake_at_s = 0.0

    def tick(self, now_s: float, frame: int) -> None:
        """One frame."""
        wire = self._playout.pull()
        if self.write is not None:
            self.write(wire)
        if self._frame >= 0 and frame - self._frame > 1:
            self._tracks.bot_gap(frame - self._frame - 1)
        self._frame = frame
        self._tracks.bot(wire[3:])
        if now_s - self.inbound.last_sound_s > NO_SOUND_S:
            self.inbound.hear(SILENCE, now_s)
        seen = (self._playout.speaking, self._playout.idle, self._playout.underruns)
        if self.inbound.edge or seen != self._seen or now_s >= self.wake_at_s:
            self.inbound.edge = False
            self._seen = seen
            self.wake_at_s = math.inf
            self._on_wake(now_s)
