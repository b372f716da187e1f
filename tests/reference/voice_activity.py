"""Is the caller speaking? Energy over a noise floor that adapts to the line; pure, per frame."""

from tests.reference.levels import rms_dbfs

SPEECH_OVER_FLOOR_DB = 9.0
"""Speech stands so far above the line's noise."""
LOWEST_SPEECH_DB = -48.0
"""Below this nothing is speech: telephone speech runs at about -26 dBov (ITU-T P.56 practice)."""
INITIAL_FLOOR_DB = -60.0
FLOOR_FALL = 0.3
"""Share of the way that the floor falls to a quieter frame."""
FLOOR_RISE_DB_PER_S = 3.0
HANGOVER_S = 0.08
"""Short dips inside words (plosives) still count as speech."""
ONSET_S = 0.04
"""Louder sounds shorter than this are clicks."""


class VoiceActivity:
    """Judges frame after frame of one caller."""

    def __init__(self) -> None:
        self.floor_db = INITIAL_FLOOR_DB
        self._loud_s = 0.0
        self._since_loud_s = 1.0
        self.speaking = False

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
        loud = level_db > max(self.floor_db + SPEECH_OVER_FLOOR_DB, LOWEST_SPEECH_DB)
        if level_db < self.floor_db:
            self.floor_db += (max(level_db, -90.0) - self.floor_db) * FLOOR_FALL
        else:
            self.floor_db = min(level_db, self.floor_db + FLOOR_RISE_DB_PER_S * length_s)
        if loud:
            self._loud_s += length_s
            self._since_loud_s = 0.0
        else:
            self._since_loud_s += length_s
            if self._since_loud_s >= HANGOVER_S:
                self._loud_s = 0.0
        self.speaking = self._loud_s >= ONSET_S and self._since_loud_s < HANGOVER_S
        return self.speaking
