"""Whose turn it is: decides from voice activity and words when the caller has finished. Pure.

The caller's speech is judged by our own voice activity, because Deepgram fixes its endpointing at connect and states
want different patience. As soon as the caller falls silent the final words are asked for (`Finalize`); what they say
decides how much silence ends the turn: little after a plain "oui", more after half a sentence, and more for a caller
who is known to pause. Flux has turn events of its own, which then decide instead.
"""

from math import inf

from app.dialogue.backchannels import is_listening_noise
from app.dialogue.overlap import Overlap
from app.dialogue.pace import Pace
from app.dialogue.patience import (
    CLOSED_LEAST_S,
    CLOSED_S,
    FIELD,
    FINALIZE_INTERIM_TIMEOUT_S,
    FINALIZE_TIMEOUT_S,
    NO_NEW_WORDS_IN_NOISE_S,
    NO_NEW_WORDS_S,
    OPEN,
    PROVIDER_SILENT_S,
    SETTLE_OVER_BOT_S,
    SETTLE_S,
    SETTLE_UNDER_BOT_S,
    SPOKE_S,
    UNFINISHED_S,
    VOICE_WITHOUT_WORDS_S,
    WORD_LEAST_S,
    WORDS_WITHOUT_VOICE_S,
    YES_NO,
    Patience,
)
from app.dialogue.states import Endpointing
from app.dialogue.turn_events import (
    FinalizeWanted,
    Interrupted,
    Settled,
    TurnEnded,
    TurnEvent,
    Unheard,
    WordsLate,
)
from app.dialogue.turn_words import Completeness, TurnWords


class Turns:
    """Follows one call. All times are seconds of one monotonic clock.

    Args:
        completeness: judges the words of a turn under way; asked once for each text.
        provider_ends_turns: the recogniser's own end-of-turn events decide (Flux).
        words_only: voice alone never overlaps.

    Attributes:
        expects: what the bot has asked for.
        bot_speaks: it is speaking, or about to.
        in_noise: the line is never quite silent.
    """

    def __init__(
        self, completeness: Completeness, provider_ends_turns: bool = False, *, words_only: bool = False
    ) -> None:
        self.expects: Endpointing = "open"
        self.bot_speaks = False
        self.in_noise = False
        self._words = TurnWords(completeness)
        self._provider_ends_turns = provider_ends_turns
        self._overlap = Overlap(words_only)
        self._voice = False
        self._voice_started_s = 0.0
        self._voiced_s = 0.0
        self._wordless_s = 0.0
        """Voice heard since the latest new words."""
        self._voice_ended_s: float | None = None
        self._finalize_at_s: float | None = None
        self._settled = False
        """All words up to the end of the voice are final."""
        self._told_late = False
        self._told_settled = ""
        self._interrupted = False
        self._pace = Pace()

    @property
    def text(self) -> str:
        """The words of the turn so far."""
        return self._words.text

    @property
    def caller_speaks(self) -> bool:
        """Whether a turn is under way."""
        return self._voice or bool(self.text)

    @property
    def overlaps(self) -> bool:
        """The caller's voice is over the bot's, and it is not known yet whether it means anything."""
        return self._overlap.on

    def bot_silent_since(self, then_s: float) -> None:
        """When the bot was last heard, in the middle of a speech."""
        self._overlap.bot_silent_since_s = then_s

    def patience_s(self) -> float:
        """How much silence ends the turn now."""
        complete = self._complete
        if complete is False:
            return UNFINISHED_S
        patience = self._patience
        least_s = patience.complete_s if complete else patience.usual_s
        return max(least_s, min(self._pace.pause_s(in_turn=bool(self.text)), patience.longest_s))

    @property
    def _patience(self) -> Patience:
        return YES_NO if self.expects == "yes_no" else OPEN if self.expects == "open" else FIELD

    @property
    def _complete(self) -> bool | None:
        text = self.text
        if self.bot_speaks and text and is_listening_noise(text):
            return True
        return self._words.complete(self.expects)

    def on_voice(self, speaks: bool, now_s: float) -> None:
        """What voice activity says; needed when it changes, more often does no harm.

        Args:
            now_s: when the caller began to speak, or, if not speaking, was last heard.
        """
        if self._voice and self._voice_ended_s is not None:
            self._follow_voice(now_s)
        if speaks and not self._voice:
            self._overlap.voice_began(now_s)
            self._pace.voice_began(now_s, self._voice_ended_s)
            if self._voice_ended_s is None:
                self._voice_started_s = now_s
            elif not self._only_noise:
                self._finalize_at_s = None  # the caller goes on
                self._settled = self._told_late = False
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
        self,
        text: str,
        now_s: float,
        *,
        is_final: bool,
        ends_turn: bool = False,
        may_end_turn: bool = False,
        answers_finalize: bool = False,
    ) -> list[TurnEvent]:
        """A transcript arrived; see `app.providers.base.Transcript`."""
        self._follow_voice(now_s)
        text = text.strip()
        if text and self._is_elsewhere(text):
            text = self._words.interim = ""
        if self._words.take(text, now_s, is_final=is_final, ends_turn=ends_turn, answers_finalize=answers_finalize):
            self._wordless_s = 0.0
            self._overlap.words_came()
        if text and not is_final and self._settled:
            self._finalize_at_s, self._settled = None, False  # there was more
        events: list[TurnEvent] = []
        if self.bot_speaks and not self._interrupted and text and not is_listening_noise(self.text):
            self._interrupted = True
            events.append(Interrupted(self._voice_started_s if self._voice_ended_s is not None else now_s))
        if self._provider_ends_turns:
            if ends_turn and self.text:
                events.append(self._end(now_s))
            elif may_end_turn and self.text not in ("", self._told_settled):
                self._told_settled = self.text
                events.append(Settled(self.text))
        elif (answers_finalize or (is_final and ends_turn)) and self._finalize_at_s is not None:
            # The recogniser's own end of the utterance may overtake the answer to our Finalize.
            self._settled = True
            events += self._decide(now_s)
        return events

    def _is_elsewhere(self, text: str) -> bool:
        """Words over the bot, in noise, of which too little stood out of it to be the caller's."""
        if not self.in_noise or not self.bot_speaks or self._interrupted:
            return False
        return self._voiced_s < WORD_LEAST_S * len(f"{self._words.final_text} {text}".split())

    def on_tick(self, now_s: float) -> list[TurnEvent]:
        """Time passes; to be called at `deadline_s`, more often does no harm."""
        self._follow_voice(now_s)
        self._overlap.follow(
            now_s,
            self._voice_ended_s,
            voice=self._voice,
            over_bot=self._over_bot,
            settled=self._settled,
            words=bool(self.text),
        )
        if self._provider_ends_turns:
            return self._without_provider(now_s)
        if self._voice_ended_s is None:
            quiet_words = bool(self.text) and now_s - self._words.at_s >= WORDS_WITHOUT_VOICE_S
            return [self._end(now_s)] if quiet_words else []
        if self._closed_in_noise:
            return self._end_in_noise(now_s)
        if self._voice and not self._only_noise:
            return []
        if self._finalize_at_s is None and self._silent_for(self._settle_s, now_s):
            self._finalize_at_s = now_s
            self._settled = self._words.closed and self._words.at_s >= self._voice_ended_s
            if not self._settled:
                return [FinalizeWanted()]
        return self._decide(now_s) if self._finalize_at_s is not None else []

    def deadline_s(self, now_s: float) -> float:
        """When time alone will decide something, unless the caller does before; infinite if it can't."""
        overlap_s = self._overlap.deadline_s(now_s, self._voice_ended_s, voice=self._voice, over_bot=self._over_bot)
        return min(self._turn_deadline_s(now_s), overlap_s)

    @property
    def _over_bot(self) -> bool:
        """The bot is speaking, and has not been interrupted."""
        return self.bot_speaks and not self._interrupted

    def _turn_deadline_s(self, now_s: float) -> float:
        heard_s = self._voice_ended_s
        if self._provider_ends_turns:
            if self._voice or not (self.text or heard_s is not None):
                return inf
            return max(self._words.at_s, heard_s or 0.0) + PROVIDER_SILENT_S
        if heard_s is None and self._voice:
            return now_s  # the next tick begins the turn that follows
        if heard_s is None:
            return self._words.at_s + WORDS_WITHOUT_VOICE_S if self.text else inf
        if self._closed_in_noise:
            return self._over_in_noise_s
        if self._voice and not self._only_noise:
            return now_s + self._noise_after_s - self._wordless_s
        if self._finalize_at_s is None:
            return heard_s + self._settle_s
        over_s = self._over_at_s
        if self._settled:
            likely_s = heard_s + self._patience.usual_s
            return min(over_s, likely_s) if likely_s > now_s else over_s
        if self._told_late:
            return over_s
        return min(over_s, heard_s + self.patience_s())

    @property
    def _closed_in_noise(self) -> bool:
        """The recogniser has found the end of the words, where noise may go on as voice."""
        return self.in_noise and self._words.closed and not self._words.interim

    @property
    def _over_in_noise_s(self) -> float:
        if self._voice and len(self.text.split()) == 1:
            # "Non, je n'ai pas…": behind the comma it is closed, and the next interim is a second away.
            return self._words.at_s + NO_NEW_WORDS_IN_NOISE_S
        return self._words.at_s + max(CLOSED_LEAST_S, self.patience_s() - CLOSED_S)

    def _end_in_noise(self, now_s: float) -> list[TurnEvent]:
        if now_s >= self._over_in_noise_s:
            return self._finish(now_s)
        if self._complete is not False and self.text != self._told_settled:
            self._told_settled = self.text
            return [Settled(self.text)]
        return []

    @property
    def _settle_s(self) -> float:
        if self._overlap.on:
            return SETTLE_OVER_BOT_S
        if self.bot_speaks:
            return SETTLE_UNDER_BOT_S
        return self._patience.settle_in_noise_s if self.in_noise else SETTLE_S

    def _silent_for(self, seconds: float, now_s: float) -> bool:
        """The caller has been silent for so long; voice that is only noise does not count as theirs.

        Put as the deadlines are, so that a moment that was waited for to the microsecond has come.
        """
        return self._voice or now_s >= (self._voice_ended_s or 0.0) + seconds

    @property
    def _over_at_s(self) -> float:
        """When the turn ends, if nothing more is heard."""
        assert self._voice_ended_s is not None
        assert self._finalize_at_s is not None
        patient_s = self._finalize_at_s if self._voice else self._voice_ended_s + self.patience_s()
        if self._settled:
            return patient_s
        if self._words.are_final:
            return max(patient_s, self._finalize_at_s + FINALIZE_TIMEOUT_S)
        return patient_s + (FINALIZE_INTERIM_TIMEOUT_S if self._words.interim else FINALIZE_TIMEOUT_S)

    def _decide(self, now_s: float) -> list[TurnEvent]:
        """Final words were asked for: is the turn over?"""
        if now_s >= self._over_at_s:
            return self._finish(now_s)
        if not self._settled:
            if not self._told_late and not self._voice and self._silent_for(self.patience_s(), now_s):
                self._told_late = True
                return [WordsLate()]
            return []
        text = self.text
        likely = self._complete is not False or self._silent_for(self._patience.usual_s, now_s)
        if likely and text and text != self._told_settled and not self._words.interim:
            self._told_settled = text
            return [Settled(text)]
        return []

    @property
    def _noise_after_s(self) -> float:
        if not self.text:
            return VOICE_WITHOUT_WORDS_S
        return NO_NEW_WORDS_IN_NOISE_S if self.in_noise else NO_NEW_WORDS_S

    @property
    def _only_noise(self) -> bool:
        """What still sounds like voice is none of this turn."""
        return self._wordless_s >= self._noise_after_s

    def _without_provider(self, now_s: float) -> list[TurnEvent]:
        """Flux decides, but a turn that it never ends, and a cough that it never hears, must not stay."""
        if self._voice or now_s - max(self._words.at_s, self._voice_ended_s or 0.0) < PROVIDER_SILENT_S:
            return []
        if self.text:
            return [self._end(now_s)]
        self.reset()
        return []

    def reset(self) -> None:
        """Forgets the turn under way."""
        self._words.forget()
        self._voiced_s = self._wordless_s = 0.0
        self._voice_ended_s = None
        self._finalize_at_s = None
        self._settled = self._told_late = False
        self._told_settled = ""
        self._interrupted = False
        self._pace.forget_turn()
        self._overlap.over()

    def _finish(self, now_s: float) -> list[TurnEvent]:
        if self.text:
            return [self._end(now_s)]
        ended_s = self._voice_ended_s if self._voice_ended_s is not None else now_s
        spoke = self._voiced_s >= SPOKE_S
        self.reset()
        return [Unheard(ended_s)] if spoke else []

    def _end(self, now_s: float) -> TurnEnded:
        ended = TurnEnded(self.text, self._voice_ended_s if self._voice_ended_s is not None else self._words.at_s)
        self._pace.turn_ended(None if self.bot_speaks else ended.speech_ended_s)
        self.reset()
        return ended
