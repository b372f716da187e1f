"""Whose turn it is: decides from voice activity and words when the caller has finished. Pure.

The caller's speech is judged by our own voice activity, because Deepgram fixes its endpointing at connect and states
want different patience. When the silence is long enough the final words are asked for (`Finalize`), and the turn ends
with them. Flux has turn events of its own, which then decide instead.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Literal

from app.dialogue.states import Endpointing

YES_NO_S = 0.5
OPEN_S = 1.2
"""Silence that ends a turn, by what the state expects (the original product's 500 and 1200 ms)."""
FIELD_COMPLETE_S = 0.4
"""A field that is completely said ends the turn so soon."""
FIELD_UNFINISHED_S = 2.5
"""Half an address or six of ten digits: the caller is thinking or reading."""
FINALIZE_TIMEOUT_S = 0.6
"""Deepgram need not answer a Finalize when little audio is buffered: then what is there counts."""
FINALIZE_INTERIM_TIMEOUT_S = 1.5
"""With words that are not final yet it does answer: a busy recogniser is worth waiting for."""
SPOKE_S = 0.6
"""Voice that lasts so long is no cough: if no words come of it, the caller must be told."""
WORDS_WITHOUT_VOICE_S = 1.0
"""Words that came without voice activity (a very quiet caller): the turn ends so long after the latest ones."""

NO_NEW_WORDS_S = 3.0
"""Voice goes on after words and brings no more of them: it is noise, or somebody else. The turn ends."""
VOICE_WITHOUT_WORDS_S = 8.0
"""Voice for so long without a word: noise (steady noise becomes the floor of `VoiceActivity` within 6 s)."""
PROVIDER_SILENT_S = 7.0
"""The recogniser that ends turns itself has not: Flux's own time-out is 5 s (`eot_timeout_ms`)."""

FieldKind = Literal["email", "phone", "name", "ticket"]
FieldCompleteness = Callable[[FieldKind, str], bool | None]

_BACKCHANNEL = re.compile(
    # Each sound ends at a word's end, so that no text can be cut up in more than one way.
    r"\W*(?:(?:oui|ouais|mm+h?|hum|hmm+|d['’]accord|ok|okay|ah|euh|voilà|très bien|bien|bon|entendu)\b\W*)+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FinalizeWanted:
    """Ask the recogniser for its final words."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The caller has finished.

    Attributes:
        text: all the words of the turn.
        speech_ended_s: when the caller's voice stopped.
    """

    text: str
    speech_ended_s: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller talks over the bot, in words that mean something.

    Attributes:
        speech_started_s: when the caller's voice began.
    """

    speech_started_s: float


@dataclass(frozen=True, slots=True)
class Unheard:
    """The caller plainly spoke, but no words came of it: the recogniser is mute, or it was noise.

    Attributes:
        speech_ended_s: when the caller's voice stopped.
    """

    speech_ended_s: float


TurnEvent = FinalizeWanted | TurnEnded | Interrupted | Unheard


class Turns:
    """Follows one call. All times are seconds of one monotonic clock.

    Args:
        completeness: whether a field is completely said (`app.dialogue.fields.is_complete`).
        provider_ends_turns: the recogniser's own end-of-turn events decide (Flux).
    """

    def __init__(self, completeness: FieldCompleteness, provider_ends_turns: bool = False) -> None:
        self.expects: Endpointing = "open"
        self.bot_speaks = False
        self._completeness = completeness
        self._provider_ends_turns = provider_ends_turns
        self._finals: list[str] = []
        self._interim = ""
        self._words_at_s = 0.0
        self._all_said = False
        """The recogniser has closed the utterance by itself (speech_final)."""
        self._voice = False
        self._voice_started_s = 0.0
        self._voiced_s = 0.0
        self._wordless_s = 0.0
        """Voice heard since the latest new words."""
        self._voice_ended_s: float | None = None
        self._finalize_at_s: float | None = None
        self._interrupted = False

    @property
    def text(self) -> str:
        """The words of the turn so far."""
        if not self._finals:  # asked for with every change of the caller's voice
            return self._interim
        return " ".join([*self._finals, self._interim]).rstrip()

    @property
    def caller_speaks(self) -> bool:
        """Whether a turn is under way."""
        return self._voice or bool(self.text)

    def patience_s(self) -> float:
        """How much silence ends the turn now."""
        if self.expects == "yes_no":
            return YES_NO_S
        if self.expects == "open":
            return OPEN_S
        complete = self._completeness(self.expects.removeprefix("field:"), self.text)  # type: ignore[arg-type]
        if complete is None:
            return OPEN_S
        return FIELD_COMPLETE_S if complete else FIELD_UNFINISHED_S

    def on_voice(self, speaks: bool, now_s: float) -> None:
        """What voice activity says; needed when it changes, more often does no harm.

        Args:
            now_s: when the caller began to speak, or, if not speaking, was last heard.
        """
        if self._voice and self._voice_ended_s is not None:
            self._follow_voice(now_s)
        if speaks and not self._voice:
            if self._voice_ended_s is None:
                self._voice_started_s = now_s
            elif not self._only_noise:
                self._finalize_at_s = None  # the caller goes on
            self._voice_ended_s = now_s
        self._voice = speaks

    def _follow_voice(self, now_s: float) -> None:
        """Voice that goes on has lasted until now (or until then, when it turns out to have ended)."""
        if not self._voice:
            return
        if self._voice_ended_s is None:  # it goes on behind a turn that was taken
            self._voice_started_s = self._voice_ended_s = now_s
        lasted_s = now_s - self._voice_ended_s
        self._voiced_s += lasted_s
        self._wordless_s += lasted_s
        self._voice_ended_s = now_s

    def on_words(
        self, text: str, now_s: float, *, is_final: bool, ends_turn: bool = False, answers_finalize: bool = False
    ) -> list[TurnEvent]:
        """A transcript arrived; see `app.providers.base.Transcript`."""
        self._follow_voice(now_s)
        text = text.strip()
        known = self.text
        if text or (is_final and not answers_finalize):
            # An empty final takes its interim back; an empty answer to Finalize only says that nothing was buffered.
            self._interim = "" if is_final else text or self._interim
        if text:
            if is_final:
                self._finals.append(text)
            self._words_at_s = now_s
            self._all_said = is_final and ends_turn
        if self.text != known:
            self._wordless_s = 0.0
        events: list[TurnEvent] = []
        if self.bot_speaks and not self._interrupted and text and not is_backchannel(self.text):
            self._interrupted = True
            events.append(Interrupted(self._voice_started_s if self._voice_ended_s is not None else now_s))
        if self._provider_ends_turns:
            if ends_turn and self.text:
                events.append(self._end(now_s))
        elif (answers_finalize or (is_final and ends_turn)) and self._finalize_at_s is not None:
            # The recogniser's own end of the utterance may overtake the answer to our Finalize.
            events += self._finish(now_s)
        return events

    def on_tick(self, now_s: float) -> list[TurnEvent]:
        """Time passes; to be called at `deadline_s`, more often does no harm."""
        self._follow_voice(now_s)
        if self._provider_ends_turns:
            return self._without_provider(now_s)
        if self._finalize_at_s is not None:
            return self._finish(now_s) if now_s - self._finalize_at_s >= self._finalize_timeout_s else []
        if self._voice_ended_s is None:
            quiet_words = bool(self.text) and now_s - self._words_at_s >= WORDS_WITHOUT_VOICE_S
            return [self._end(now_s)] if quiet_words else []
        if self._voice:
            if not self._only_noise:
                return []
        elif now_s - self._voice_ended_s < self.patience_s():
            return []
        elif self._all_said and self._words_at_s >= self._voice_ended_s:
            return [self._end(now_s)]
        self._finalize_at_s = now_s
        return [FinalizeWanted()]

    def deadline_s(self, now_s: float) -> float:
        """When time alone will decide something, unless the caller does before; infinite if it can't."""
        heard_s = self._voice_ended_s
        if self._provider_ends_turns:
            if self._voice or not (self.text or heard_s is not None):
                return inf
            return max(self._words_at_s, heard_s or 0.0) + PROVIDER_SILENT_S
        if self._finalize_at_s is not None:
            return self._finalize_at_s + self._finalize_timeout_s
        if heard_s is None and self._voice:
            return now_s  # the next tick begins the turn that follows
        if heard_s is None:
            return self._words_at_s + WORDS_WITHOUT_VOICE_S if self.text else inf
        if self._voice:
            return now_s + self._noise_after_s - self._wordless_s
        return heard_s + self.patience_s()

    @property
    def _finalize_timeout_s(self) -> float:
        return FINALIZE_INTERIM_TIMEOUT_S if self._interim else FINALIZE_TIMEOUT_S

    @property
    def _noise_after_s(self) -> float:
        return NO_NEW_WORDS_S if self.text else VOICE_WITHOUT_WORDS_S

    @property
    def _only_noise(self) -> bool:
        """What still sounds like voice is none of this turn."""
        return self._wordless_s >= self._noise_after_s

    def _without_provider(self, now_s: float) -> list[TurnEvent]:
        """Flux decides, but a turn that it never ends, and a cough that it never hears, must not stay."""
        if self._voice or now_s - max(self._words_at_s, self._voice_ended_s or 0.0) < PROVIDER_SILENT_S:
            return []
        if self.text:
            return [self._end(now_s)]
        self.reset()
        return []

    def reset(self) -> None:
        """Forgets the turn under way."""
        self._finals.clear()
        self._interim = ""
        self._all_said = False
        self._voiced_s = self._wordless_s = 0.0
        self._voice_ended_s = None
        self._finalize_at_s = None
        self._interrupted = False

    def _finish(self, now_s: float) -> list[TurnEvent]:
        if self.text:
            return [self._end(now_s)]
        ended_s = self._voice_ended_s if self._voice_ended_s is not None else now_s
        spoke = self._voiced_s >= SPOKE_S
        self.reset()
        return [Unheard(ended_s)] if spoke else []

    def _end(self, now_s: float) -> TurnEnded:
        ended = TurnEnded(self.text, self._voice_ended_s if self._voice_ended_s is not None else self._words_at_s)
        self.reset()
        return ended


def is_backchannel(text: str) -> bool:
    """Only listening noises ("mmh", "d'accord", "oui oui"), nothing that asks for the floor."""
    return _BACKCHANNEL.fullmatch(text) is not None
