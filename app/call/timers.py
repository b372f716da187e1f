"""What a conversation waits for when nothing happens: dead air, the caller's silence, a number half typed."""

from collections.abc import Callable
from math import inf

from app.call.events import Silence, TypingPaused

DEAD_AIR_S = 1.75
"""So long after the caller fell silent something must be heard: if no answer has sound yet, a cached phrase."""

ANSWER_READY_S = 0.15
"""An answer that was prepared sounds so soon."""


class Timers:
    """Of one call. All times are seconds of one monotonic clock; an infinite one is not waited for.

    Args:
        on_dead_air: called when the caller must hear something at once.
        post: told when one of the other timers has run out.

    Attributes:
        dead_air_at_s: when the caller has waited long enough for the sound of an answer.
        silence_at_s: when the caller has said nothing for too long; counts while neither side speaks.
        typing_ends_at_s: when no further key will come.
    """

    def __init__(self, on_dead_air: Callable[[], None], post: Callable[[Silence | TypingPaused], None]) -> None:
        self._on_dead_air = on_dead_air
        self._post = post
        self.dead_air_at_s = inf
        self.silence_at_s = inf
        self.typing_ends_at_s = inf
        self._awaits_words = False
        """The caller has fallen silent, but the recogniser is late: the turn has not ended yet."""

    def await_words(self, voice_ended_s: float) -> None:
        """The caller has fallen silent, and final words are on their way."""
        self._awaits_words = True
        self.dead_air_at_s = voice_ended_s + DEAD_AIR_S

    def words_came(self) -> None:
        """They are here, and the caller may not have finished."""
        if self._awaits_words:
            self._awaits_words, self.dead_air_at_s = False, inf

    def turn_over(self, speech_ended_s: float, now_s: float) -> None:
        """The caller has finished: an answer is due."""
        self._awaits_words = False
        self.silence_at_s = inf
        # When it is late already, because the caller was thinking: some more, for an answer that is nearly ready.
        self.dead_air_at_s = max(speech_ended_s + DEAD_AIR_S, now_s + ANSWER_READY_S)

    def follow(self, now_s: float, *, voiced: bool, voice_ended_s: float, quiet: bool) -> float:
        """Time has passed, or something else has changed.

        Args:
            now_s: the time.
            voiced: the caller's voice is heard just now.
            voice_ended_s: when it was last heard.
            quiet: the bot says nothing, and no turn of the caller is under way.

        Returns:
            When to look again at the latest.
        """
        if voiced and self._awaits_words:
            self._awaits_words, self.dead_air_at_s = False, inf  # the caller goes on
        if not voiced:
            self.dead_air_at_s = max(self.dead_air_at_s, voice_ended_s + DEAD_AIR_S)
            if now_s >= self.dead_air_at_s:
                self.dead_air_at_s = inf
                self._on_dead_air()
                return now_s  # the bot may speak by now
        if now_s >= self.typing_ends_at_s:
            self.typing_ends_at_s = inf
            self._post(TypingPaused())
        if quiet and now_s >= self.silence_at_s:
            self.silence_at_s = inf
            self._post(Silence())
        return min(
            inf if voiced else self.dead_air_at_s,
            self.typing_ends_at_s,
            self.silence_at_s if quiet else inf,
        )
