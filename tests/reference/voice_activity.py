"""Is the caller speaking? Energy over a noise floor, in noise what stands out of its bands; pure, per frame."""

from tests.reference.levels import rms_dbfs
from tests.reference.line_noise import LEARNING_S, LineNoise

SPEECH_OVER_FLOOR_DB = 9.0
"""Speech stands so far above the line's noise."""
LOWEST_SPEECH_DB = -48.0
"""Below this nothing is speech: telephone speech runs at about -26 dBov (ITU-T P.56 practice)."""
LOWEST_FLOOR_DB = -60.0
START_S = 0.4
"""The softest of so long is the line's noise."""
LOUDEST_START_DB = -32.0
FLOOR_FALL = 0.3
"""Share of the way that the floor falls to a quiet frame."""
NOISE_FALL = 0.08
"""The same to one that is only softer."""
QUIET_DB = -50.0
NOISE_DB = -56.0
"""A floor above this is noise that hides speech."""
NO_NOISE_DB = -58.0
SPEECH_OVER_NOISE_DB = 3.0
FLOOR_RISE_DB_PER_S = 3.0
HANGOVER_S = 0.08
"""Short dips inside words (plosives) still count as speech."""
ONSET_S = 0.04
"""Louder sounds shorter than this are clicks."""
ECHO_AGE_S = 0.4
INITIAL_ECHO_LOSS_DB = 16.0
LEAST_ECHO_LOSS_DB = 6.0
MOST_ECHO_LOSS_DB = 40.0
OVER_ECHO_DB = 5.0
ECHO_LOSS_FALL_DB_PER_S = 60.0
ECHO_LOSS_RISE_DB_PER_S = 2.0
NO_ECHO_LOSS_RISE_DB_PER_S = 12.0
OWN_SPEECH_DB = -45.0


class VoiceActivity:
    """Judges frame after frame of one caller."""

    def __init__(self) -> None:
        self.floor_db = LOWEST_FLOOR_DB
        self._heard_s = 0.0
        self._loud_s = 0.0
        self._since_loud_s = 1.0
        self._own_db = [-120.0, -120.0, -120.0]
        """The loudest that was sent in this span of half ECHO_AGE_S, in the one before, and before that."""
        self._own_age_s = 0.0
        self.own_silence_s = 0.0
        self.echo_loss_db = INITIAL_ECHO_LOSS_DB
        self.echo_heard = False
        self.speaking = False
        self.in_noise = False
        self._noise = LineNoise()

    @property
    def heard_now(self) -> bool:
        """The latest sound was speech, not only its hangover."""
        return self._since_loud_s == 0.0

    def said(self, level_db: float, length_s: float) -> None:
        """So loud a packet was sent, of this length."""
        self.own_silence_s = 0.0 if level_db > OWN_SPEECH_DB else self.own_silence_s + length_s
        self._own_age_s += length_s
        if self._own_age_s > ECHO_AGE_S / 2:
            self._own_age_s = length_s
            self._own_db = [level_db, *self._own_db[:2]]
        else:
            self._own_db[0] = max(self._own_db[0], level_db)

    def echoes(self) -> None:
        """What was taken for the caller was echo."""
        self.echo_heard = True
        self.echo_loss_db = max(self.echo_loss_db - OVER_ECHO_DB, LEAST_ECHO_LOSS_DB)

    def feed(self, pcm: bytes) -> bool:
        """Takes the next sound of the caller, s16le mono 8 kHz, any even length.

        Returns:
            Whether the caller speaks, at the end of this sound.
        """
        if len(pcm) % 2:
            raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
        if not pcm:
            return self.speaking
        length_s = len(pcm) / 16000
        level_db = rms_dbfs(pcm)
        if self._heard_s < START_S:
            softest_db = self.floor_db if self._heard_s else LOUDEST_START_DB
            self.floor_db = max(min(level_db, softest_db), LOWEST_FLOOR_DB)
            self._heard_s += length_s
        is_ours = max(self._own_db) > OWN_SPEECH_DB and max(self._own_db) - level_db > self.echo_loss_db - OVER_ECHO_DB
        loud = self._is_loud(pcm, level_db, is_ours)
        if is_ours and not self.speaking:
            self.echo_heard = self.echo_heard or loud
            self._learn(max(self._own_db) - level_db, length_s, loud)
        if not is_ours or level_db <= self.floor_db:
            self._follow_floor(level_db, length_s)
        if loud and not is_ours:
            self._loud_s += length_s
            self._since_loud_s = 0.0
        else:
            self._since_loud_s += length_s
            if self._since_loud_s >= HANGOVER_S:
                self._loud_s = 0.0
        self.speaking = self._loud_s >= ONSET_S and self._since_loud_s < HANGOVER_S
        return self.speaking

    def _is_loud(self, pcm: bytes, level_db: float, is_ours: bool) -> bool:
        loud = level_db > max(self.floor_db + SPEECH_OVER_FLOOR_DB, LOWEST_SPEECH_DB)
        if self.in_noise and (self._noise.known_s > LEARNING_S or not loud):
            out = self._noise.stands_out(pcm, speaking=self.speaking, is_ours=is_ours)
            if self._noise.known_s > LEARNING_S:
                loud = out and level_db > max(self.floor_db + SPEECH_OVER_NOISE_DB, LOWEST_SPEECH_DB)
        return loud and self._heard_s >= START_S

    def _learn(self, loss_db: float, length_s: float, loud: bool) -> None:
        rise_db_per_s = ECHO_LOSS_RISE_DB_PER_S if self.echo_heard else NO_ECHO_LOSS_RISE_DB_PER_S
        change_db = max(
            -ECHO_LOSS_FALL_DB_PER_S * length_s if loud else 0.0,
            min(loss_db - self.echo_loss_db, rise_db_per_s * length_s),
        )
        self.echo_loss_db = min(max(self.echo_loss_db + change_db, LEAST_ECHO_LOSS_DB), MOST_ECHO_LOSS_DB)

    def _follow_floor(self, level_db: float, length_s: float) -> None:
        if level_db < self.floor_db:
            self.floor_db += (max(level_db, LOWEST_FLOOR_DB) - self.floor_db) * (
                FLOOR_FALL if level_db < QUIET_DB else NOISE_FALL
            )
        else:
            self.floor_db = min(level_db, self.floor_db + FLOOR_RISE_DB_PER_S * length_s)
        if self.floor_db > NOISE_DB and not self.speaking:
            self.in_noise = True
        elif self.floor_db < NO_NOISE_DB and self.in_noise:
            self.in_noise = False
            self._noise = LineNoise()
