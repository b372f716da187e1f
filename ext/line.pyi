from collections.abc import Callable
from typing import Final, final

from ext.clock import Member
from ext.frames import SoundSink
from ext.playout import PlayoutBuffer
from ext.recent import RecentSound
from ext.tracks import Tracks
from ext.voice_activity import VoiceActivity

NO_SOUND_S: Final = 0.2

@final
class Inbound(SoundSink):
    on_piece: Callable[[bytes], object] | None
    def __init__(
        self, tracks: Tracks, piece_ms: int, on_piece: Callable[[bytes], object] | None, now_s: float
    ) -> None: ...
    @property
    def handed_samples(self) -> int: ...
    @property
    def rate_hz(self) -> int: ...
    @property
    def heard_hz(self) -> int: ...
    @property
    def voice(self) -> VoiceActivity: ...
    @property
    def recent(self) -> RecentSound: ...
    @property
    def last_sound_s(self) -> float: ...
    @property
    def voice_ended_s(self) -> float: ...
    @property
    def voice_began_s(self) -> float: ...
    def flush(self) -> None: ...

@final
class Line(Member):
    write: Callable[[bytes], object] | None
    wake_at_s: float
    def __init__(
        self, inbound: Inbound, playout: PlayoutBuffer, tracks: Tracks, on_wake: Callable[[float], object]
    ) -> None: ...
    @property
    def inbound(self) -> Inbound: ...
    def wake(self) -> None: ...
