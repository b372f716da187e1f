from typing import Final, final

SPEECH_OVER_FLOOR_DB: Final = 9.0
LOWEST_SPEECH_DB: Final = -48.0
INITIAL_FLOOR_DB: Final = -60.0
FLOOR_FALL: Final = 0.3
FLOOR_RISE_DB_PER_S: Final = 3.0
HANGOVER_S: Final = 0.08
ONSET_S: Final = 0.04

@final
class VoiceActivity:
    def __init__(self) -> None: ...
    @property
    def floor_db(self) -> float: ...
    @property
    def speaking(self) -> bool: ...
    def feed(self, pcm: bytes) -> bool: ...
