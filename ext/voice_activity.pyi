from typing import Final, final

SPEECH_OVER_FLOOR_DB: Final = 9.0
LOWEST_SPEECH_DB: Final = -48.0
LOWEST_FLOOR_DB: Final = -60.0
START_S: Final = 0.4
LOUDEST_START_DB: Final = -32.0
FLOOR_FALL: Final = 0.3
NOISE_FALL: Final = 0.08
QUIET_DB: Final = -50.0
NOISE_DB: Final = -56.0
NO_NOISE_DB: Final = -58.0
SPEECH_OVER_NOISE_DB: Final = 3.0
FLOOR_RISE_DB_PER_S: Final = 3.0
HANGOVER_S: Final = 0.08
ONSET_S: Final = 0.04
ECHO_AGE_S: Final = 0.4
INITIAL_ECHO_LOSS_DB: Final = 16.0
LEAST_ECHO_LOSS_DB: Final = 6.0
MOST_ECHO_LOSS_DB: Final = 40.0
OVER_ECHO_DB: Final = 5.0
ECHO_LOSS_FALL_DB_PER_S: Final = 60.0
ECHO_LOSS_RISE_DB_PER_S: Final = 2.0
NO_ECHO_LOSS_RISE_DB_PER_S: Final = 12.0
OWN_SPEECH_DB: Final = -45.0

@final
class VoiceActivity:
    def __init__(self) -> None: ...
    @property
    def floor_db(self) -> float: ...
    @property
    def in_noise(self) -> bool: ...
    @property
    def speaking(self) -> bool: ...
    @property
    def echo_heard(self) -> bool: ...
    @property
    def own_silence_s(self) -> float: ...
    @property
    def echo_loss_db(self) -> float: ...
    def said(self, level_db: float, length_s: float) -> None: ...
    def echoes(self) -> None: ...
    def feed(self, pcm: bytes) -> bool: ...
