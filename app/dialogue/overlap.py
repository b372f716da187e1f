"""The caller's voice over the bot's: the bot waits until it is known whether it means anything. Pure."""

from math import inf

OVERLAP_S = 0.1
"""Voice over the bot that lasts so long makes it pause: longer than a click on the line."""
OVERLAP_WORDS_S = 0.38
"""It goes on so long after the end of that voice: final words are there by then, in most cases."""
OVERLAP_LEAST_S = 0.1
"""Never sooner: a plosive is silent for so long."""
SILENT_S = 0.62
"""Or sooner, when it has been silent for so long, its own pause before included: of a bot that is silent for 0.7 s most
people think that it has finished."""
OVERLAP_SENTENCE_S = 0.5
"""Voice that lasted so long is no "mmh" and hardly a cough: its words, which take as long again, are waited for."""
OVERLAP_NOISE_S = 2.0
"""No words came so long after its beginning: it is noise."""
FALSE_OVERLAPS = 3
"""After so many coughs, or a noise, only words stop the bot: a television must not keep it from speaking."""


class Overlap:
    """Follows one call. All times are seconds of one monotonic clock.

    Args:
        words_only: voice alone never overlaps.

    Attributes:
        on: the caller's voice is over the bot's, or was just now.
        bot_silent_since_s: when the bot was last heard.
    """

    def __init__(self, words_only: bool) -> None:
        self.on = False
        self.bot_silent_since_s = inf
        self._words_only = words_only
        self._voice_s = 0.0
        """When the voice that is heard now, or was heard last, began."""
        self._since_s = 0.0
        """When the one over the bot's began."""
        self._false = 0
        """Of which no words came, since the latest words."""

    def voice_began(self, now_s: float) -> None:
        """The caller's voice is heard."""
        self._voice_s = now_s

    def words_came(self) -> None:
        """They are the caller's: what makes noise here is a person."""
        self._false = 0

    def over(self) -> None:
        """The turn that it belonged to has ended."""
        self.on = False

    def follow(
        self, now_s: float, voice_ended_s: float | None, *, voice: bool, over_bot: bool, settled: bool, words: bool
    ) -> None:
        """Time has passed.

        Args:
            voice_ended_s: when the caller's voice was last heard, in this turn.
            voice: it is heard just now.
            over_bot: the bot is speaking, and has not been interrupted by words.
            settled: all that was said with that voice is known.
            words: there are words.
        """
        if not over_bot or self._words_only:
            self.on = False
        elif voice and not self.on:
            in_time = self._voice_s + OVERLAP_S <= now_s < self._voice_s + OVERLAP_NOISE_S
            self.on = in_time and self._false < FALSE_OVERLAPS
            self._since_s = self._voice_s
        elif voice and now_s >= self._since_s + OVERLAP_NOISE_S:
            self.on = False
            self._false = FALSE_OVERLAPS
        elif self.on and not voice and (settled or now_s >= self._goes_on_at_s(voice_ended_s)):
            self.on = False
            self._false += not words

    def deadline_s(self, now_s: float, voice_ended_s: float | None, *, voice: bool, over_bot: bool) -> float:
        """When time alone will decide something; infinite if it can't."""
        if not over_bot or self._words_only:
            return inf
        if voice and self.on:
            return self._since_s + OVERLAP_NOISE_S
        if voice:
            return self._voice_s + OVERLAP_S if now_s < self._voice_s + OVERLAP_S else inf
        return self._goes_on_at_s(voice_ended_s) if self.on else inf

    def _goes_on_at_s(self, voice_ended_s: float | None) -> float:
        ended_s = voice_ended_s or 0.0
        if ended_s - self._since_s >= OVERLAP_SENTENCE_S:
            return ended_s + OVERLAP_SENTENCE_S
        return ended_s + max(OVERLAP_LEAST_S, min(OVERLAP_WORDS_S, self.bot_silent_since_s + SILENT_S - ended_s))
