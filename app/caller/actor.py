"""Follows a script: says, waits, presses and hangs up when its steps say so, by what the ears hear.

Pure: `tick` gets the time and returns what to do now. A step is a generator that yields to wait for 20 ms.
"""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.caller.clips import Clip
from app.caller.ears import SPEECH_GAP_S, Ears
from app.caller.script import (
    Dial,
    HangUp,
    HangUpMidSentence,
    Interject,
    Listen,
    MakeSound,
    Pause,
    PlayWav,
    Say,
    Script,
    Step,
    WaitBot,
    words_of,
)

DIGIT_GAP_S = 0.2
"""Between two keys: a tone of 100 ms and a pause as long, as a hand dials."""
SAMPLES_PER_MS = 8
MOST_REPEATS = 2
"""Of one sentence: then the caller goes on."""
SURELY_HEARD = 0.75
"""Similarity of what asks again: the bot's sentences are heard at 0.8 to 0.9, what they are not at 0.6 to 0.7."""

Flow = Generator[None, None, None]


@dataclass(slots=True, eq=False)
class Turn:
    """Something that the caller says or dials.

    Attributes:
        said: the words, the sound file, or the digits.
        means: speech or keys.
        over_bot: spoken or dialled on purpose while the bot speaks.
        wants_answer: not a listening noise, a cough or the like.
        started_s: when the frame with the first sound left.
        ended_s: when the frame with the last sound left; None until then.
    """

    said: str
    means: Literal["speech", "dtmf"] = "speech"
    over_bot: bool = False
    wants_answer: bool = True
    started_s: float | None = None
    ended_s: float | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Begin to play this."""

    turn: Turn
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn is over; its times are known."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Press:
    """Press this key."""

    digit: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that people should read in the report."""

    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Hang up."""

    abort: bool


Action = Play | Spoken | Press | Note | Leave


class Actor:
    """The caller's part in a call.

    Args:
        clips: the sounds of the script (`clips_for`).
        ears: what the caller hears with; the owner feeds them.
        sent_at_s: when each of the caller's frames left; the owner appends to it.

    Attributes:
        turns: all that was said, in order.
        steps_done: steps that are over.
    """

    def __init__(self, script: Script, clips: Mapping[str, Clip], ears: Ears, sent_at_s: Sequence[float]) -> None:
        self.turns: list[Turn] = []
        self.steps_done = 0
        self._script = script
        self._clips = clips
        self._ears = ears
        self._sent_at_s = sent_at_s
        self._now_s = 0.0
        self._line_idle = True
        self._actions: list[Action] = []
        self._since_s = 0.0
        """The bot's next turn is what it says from here on."""
        self._latest = ""
        self._repeats = 0
        """What the caller said last, and how often again because the bot asked for it."""
        self._has_floor = False
        """A step has done the waiting already: the next sentence only waits for silence."""
        self._playing: tuple[Turn, Clip, int] | None = None
        self._flow: Flow | None = self._perform()

    def tick(self, now_s: float, line_idle: bool) -> Sequence[Action]:
        """Goes on with the script.

        Args:
            line_idle: all the sound of earlier `Play`s has left.
        """
        if self._flow is None:
            return ()
        self._now_s, self._line_idle = now_s, line_idle
        self._actions = []
        try:
            next(self._flow)
        except StopIteration:
            self._flow = None
        return self._actions

    def close(self) -> None:
        """The call is over: a sentence that was cut gets the times of what did leave."""
        if self._flow is not None:
            self._flow.close()
            self._flow = None
        self._time_turn()

    @property
    def missed_steps(self) -> int:
        """Steps that the call ended before, optional ones not counted."""
        left = self._script.steps[self.steps_done :]
        return sum(not (isinstance(step, Say) and step.optional) for step in left)

    def _perform(self) -> Flow:
        for step in self._script.steps:
            yield from self._step(step)
            self._has_floor = isinstance(step, Pause | WaitBot | Listen)
            self.steps_done += 1
        while self._script.repeat_when:  # to the end of the call, who is asked again says it again
            yield from self._await_bot(self._script.max_seconds)
            self._since_s = self._now_s
            yield

    def _step(self, step: Step) -> Flow:
        match step:
            case Say(say=words, over_bot_after_s=None):
                yield from self._take_floor(words)
                yield from self._speak(Turn(words_of(words)), self._clips[words])
                self._latest, self._repeats = words, 0
            case Say(say=words):
                yield from self._await_interruption(words, step.over_bot_after_s or 0.0)
                yield from self._speak(Turn(words_of(words), over_bot=True), self._clips[words])
                self._latest, self._repeats = words, 0
            case Interject(interject=what, after_s=after_s) | MakeSound(sound=what, after_s=after_s):
                yield from self._interject(what, after_s)
            case PlayWav(wav=path):
                yield from self._take_floor(path.name)
                yield from self._speak(Turn(path.name), self._clips[str(path)])
            case Pause(pause_s=pause_s):
                yield from self._wait(pause_s)
            case Dial(dtmf=digits):
                if step.over_bot_after_s is not None:
                    yield from self._await_interruption(digits, step.over_bot_after_s)
                yield from self._dial(Turn(digits, means="dtmf", over_bot=step.over_bot_after_s is not None))
            case WaitBot(wait_bot_s=limit_s):
                if not (yield from self._await_bot(limit_s)):
                    self._note(f"the bot had not finished speaking within {limit_s:g} s")
                self._since_s = self._now_s
            case Listen(listen_until_quiet_s=quiet_s):
                begun_s = self._now_s
                while min(self._ears.quiet_for_s(self._now_s), self._now_s - begun_s) < quiet_s:
                    yield
            case HangUp(abort=abort):
                self._actions.append(Leave(abort))
            case HangUpMidSentence(hangup_mid_sentence=words):
                yield from self._hang_up_in(step, words)

    def _take_floor(self, words: str) -> Flow:
        limit_s = self._script.wait_bot_s
        silent = self._until(self._bot_is_silent, limit_s) if self._has_floor else self._await_bot(limit_s)
        if not (yield from silent):
            self._note(f"waited {limit_s:g} s for the bot, then said all the same: {words}")

    def _await_bot(self, limit_s: float) -> Generator[None, None, bool]:
        """Waits until the bot has spoken and is silent; who is asked again then says it again, and waits again."""
        while (finished := (yield from self._until(self._bot_has_finished, limit_s))) and self._asked_again():
            self._repeats += 1
            yield from self._speak(Turn(words_of(self._latest)), self._clips[self._latest])
        return finished

    def _asked_again(self) -> bool:
        wanted = self._script.repeat_when
        if not wanted or not self._latest or self._repeats >= MOST_REPEATS:
            return False
        return any(
            sentence.text and (sentence.similarity or 0.0) >= SURELY_HEARD and re.search(wanted, sentence.text)
            for sentence in self._ears.sentences
            if sentence.start_s >= self._since_s
        )

    def _await_interruption(self, words: str, after_s: float) -> Flow:
        limit_s = self._script.wait_bot_s
        if not (yield from self._until(lambda: self._ears.spoke_since(self._since_s), limit_s)):
            self._note(f"waited {limit_s:g} s for a bot to talk over, then said all the same: {words}")
            return
        start_s = self._ears.first_start_since(self._since_s)
        yield from self._wait((self._now_s if start_s is None else start_s) + after_s - self._now_s)
        if not self._ears.speaking:
            self._note(f"the bot had fallen silent before the caller talked over it: {words}")

    def _interject(self, what: str, after_s: float) -> Flow:
        """Leaves `_since_s` alone: what the bot is saying goes on, and is still what is waited for."""
        spoke = yield from self._until(lambda: self._ears.spoke_since(self._since_s), self._script.wait_bot_s)
        start_s = self._ears.first_start_since(self._since_s)
        if start_s is not None:
            yield from self._wait(start_s + after_s - self._now_s)
        if not spoke or self._ears.quiet_for_s(self._now_s) > SPEECH_GAP_S:
            self._note(f"the bot was silent, so that there was nothing to interject: {what}")
            return
        yield from self._sound(Turn(words_of(what), over_bot=True, wants_answer=False), self._clips[what])

    def _speak(self, turn: Turn, clip: Clip) -> Flow:
        yield from self._sound(turn, clip)
        self._since_s = turn.ended_s if turn.ended_s is not None else self._now_s

    def _sound(self, turn: Turn, clip: Clip) -> Flow:
        self._begin(turn, clip)
        yield
        while not self._line_idle:
            yield
        self._time_turn()
        self._actions.append(Spoken(turn))

    def _hang_up_in(self, step: HangUpMidSentence, words: str) -> Flow:
        clip = self._clips[words]
        yield from self._take_floor(words)
        self._begin(Turn(words_of(words)), clip)
        yield from self._wait(clip.duration_s / 2 if step.after_s is None else step.after_s)
        self._actions.append(Leave(step.abort))

    def _dial(self, turn: Turn) -> Flow:
        turn.started_s = self._now_s
        self.turns.append(turn)
        for digit in turn.said:
            self._actions.append(Press(digit))
            turn.ended_s = self._since_s = self._now_s
            yield from self._wait(DIGIT_GAP_S)
        self._actions.append(Spoken(turn))

    def _begin(self, turn: Turn, clip: Clip) -> None:
        self.turns.append(turn)
        self._playing = turn, clip, len(self._sent_at_s)
        self._actions.append(Play(turn, clip.pcm))

    def _time_turn(self) -> None:
        """Gives the turn that plays the times at which its first and last sound left."""
        if self._playing is None:
            return
        turn, clip, first_frame = self._playing
        self._playing = None
        newest = len(self._sent_at_s) - 1
        if newest < first_frame:
            return
        frame_samples = self._script.ptime_ms * SAMPLES_PER_MS
        turn.started_s = self._sent_at_s[min(first_frame + clip.first_loud_sample // frame_samples, newest)]
        turn.ended_s = self._sent_at_s[min(first_frame + clip.last_loud_sample // frame_samples, newest)]

    def _wait(self, duration_s: float) -> Flow:
        until_s = self._now_s + duration_s
        while self._now_s < until_s:
            yield

    def _until(self, holds: Callable[[], bool], limit_s: float) -> Generator[None, None, bool]:
        until_s = self._now_s + limit_s
        while not holds():
            if self._now_s >= until_s:
                return False
            yield
        return True

    def _bot_is_silent(self) -> bool:
        return not self._ears.speaking

    def _bot_has_finished(self) -> bool:
        return self._ears.spoke_since(self._since_s) and not self._ears.speaking

    def _note(self, text: str) -> None:
        self._actions.append(Note(text))
