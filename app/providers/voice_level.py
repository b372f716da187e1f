"""How loud a voice speaks, learnt from what was heard of it."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from ext.leveller import Leveller

FILE = "level.json"
TYPICAL_LEVEL_DBOV = -20.0
"""Voices made for reading aloud come at about this."""
GUESS_S = 0.5
"""What that guess is worth, in seconds of speech, until something was heard of the voice."""
KNOWN_S = 4.0
"""What a known level is worth at most: as much as most sentences, so that the gain hardly moves within one."""
MEMORY_S = 60.0
"""Speech over which a voice's level is averaged."""


@dataclass(slots=True)
class VoiceLevel:
    """Of one voice, from all its sentences.

    Attributes:
        dbov: active speech level (ITU-T P.56) before any gain.
        heard_s: speech that this is known from; 0 is a guess.
    """

    dbov: float = TYPICAL_LEVEL_DBOV
    heard_s: float = 0.0

    def learn(self, dbov: float, heard_s: float) -> None:
        """A sentence was heard; the latest minute counts."""
        if heard_s > 0.0:
            total_s = self.heard_s + heard_s
            power = (self.heard_s * 10 ** (self.dbov / 10) + heard_s * 10 ** (dbov / 10)) / total_s
            self.dbov = min(max(10 * math.log10(power), -90.0), 0.0)
            self.heard_s = min(total_s, MEMORY_S)

    def leveller(self) -> Leveller:
        """For a sentence that is heard while it is spoken: its gain starts from what is known of the voice."""
        return Leveller(self.dbov, min(max(self.heard_s, GUESS_S), KNOWN_S))

    def remember(self, directory: Path) -> None:
        """Writes it down for the next start (blocking).

        Raises:
            OSError: the directory takes no files.
        """
        text = json.dumps({"dbov": round(self.dbov, 2), "heard_s": round(self.heard_s, 1)})
        (directory / FILE).write_text(text, encoding="utf-8")

    def recall(self, directory: Path) -> None:
        """Takes what was written down (blocking), unless something was heard since; what can't be read is not known."""
        if self.heard_s:
            return
        try:
            known = json.loads((directory / FILE).read_text(encoding="utf-8"))
            dbov, heard_s = float(known["dbov"]), float(known["heard_s"])
        except (OSError, ValueError, TypeError, KeyError):
            return
        if -90.0 <= dbov <= 0.0 and 0.0 < heard_s <= MEMORY_S:
            self.dbov, self.heard_s = dbov, heard_s
