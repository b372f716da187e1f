"""What the caller hears: when the bot speaks and falls silent, its sentences, and how even its frames are.

Pure: frames and the time come in as arguments, in seconds since the call began.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.caller.playback import TOLERANCE_S, Playback
from ext.levels import rms_dbfs

SILENCE_DB = -50.0
"""dBFS; softer frames are silence."""
SENTENCE_GAP_S = 0.23
"""Silence that parts two sentences: espeak pauses 180 ms at most at a comma, 260 to 360 ms at a full stop."""
SPEECH_GAP_S = 0.6
"""Silence that parts two speeches: more than espeak's longest pause at a full stop (560 ms), less than answers take."""
LONGEST_SENTENCE_S = 60.0
STILL_TALKING_S = 1.0
"""Speech that goes on this long past a moment counts as speech after it, although it began before."""
LATE_S = 0.020
BYTES_PER_S = 16000
PREROLL_FRAMES = 5
"""Frames before the first loud one, so that a soft consonant isn't cut from what the recogniser gets."""


class Match(Protocol):
    """A recognised phrase."""

    @property
    def text(self) -> str:
        """The words; empty when nothing was recognised."""

    @property
    def similarity(self) -> float:
        """0 to 1."""


class Recogniser(Protocol):
    """Anything that knows phrases by their sound, such as the stand-ins' phrase bank."""

    def recognise(self, pcm: bytes) -> Match:
        """Names the phrase in s16le mono 8 kHz; may block."""


@dataclass(slots=True)
class Heard:
    """One sentence of the bot.

    Attributes:
        start_s: its first loud frame.
        end_s: end of its last loud frame.
        level_db: mean level of its loud frames, dBFS.
        text: words, when a recogniser is at hand.
        similarity: 0 to 1.
    """

    start_s: float
    end_s: float
    level_db: float = 0.0
    text: str | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class BotSpeaks:
    """The bot began to speak after a silence."""

    at_s: float


@dataclass(frozen=True, slots=True)
class BotSilent:
    """The bot has been silent long enough to count as having finished."""

    at_s: float


@dataclass(frozen=True, slots=True)
class SentenceHeard:
    """A sentence is over; `pcm` is its sound, empty unless sound is kept."""

    heard: Heard
    pcm: bytes


EarEvent = BotSpeaks | BotSilent | SentenceHeard
NOTHING: tuple[EarEvent, ...] = ()


class Evenness:
    """How evenly frames come, against one that lasts as long as the frame before it says.

    Attributes:
        received: frames.
        first_s: when the first one came; None before.
        last_s: when the last one came.
        max_gap_s: longest time between two frames.
        late: frames more than 20 ms past their time; each one moves the times of those after it, so this is
            the number of breaks that a telephone with 20 ms of jitter buffer would let hear.
    """

    def __init__(self) -> None:
        self.received = 0
        self.first_s: float | None = None
        self.last_s = 0.0
        self.max_gap_s = 0.0
        self.late = 0
        self._due_s = 0.0

    def add(self, at_s: float, duration_s: float) -> None:
        """Takes the arrival of the next frame."""
        self.received += 1
        if self.first_s is None:
            self.first_s = self._due_s = at_s
        else:
            self.max_gap_s = max(self.max_gap_s, at_s - self.last_s)
        if at_s - self._due_s > LATE_S:
            self.late += 1
            self._due_s = at_s
        self._due_s += duration_s
        self.last_s = at_s

    def expected(self, end_s: float) -> int:
        """Frames of 20 ms that fill the time from the first one to `end_s`."""
        return 0 if self.first_s is None else int((end_s - self.first_s) / 0.020) + 1


class Ears:
    """The hearing of one caller.

    Args:
        bot_silence_s: silence after which the bot counts as having finished.
        keeps_sound: hand out the sound of each sentence, for a recogniser.

    Attributes:
        sentences: all that was heard, the one that lasts included.
        evenness: of the bot's frames.
        first_sound_s: arrival of the first frame that was not silent.
    """

    def __init__(self, bot_silence_s: float = 0.7, *, keeps_sound: bool = False) -> None:
        self.sentences: list[Heard] = []
        self.evenness = Evenness()
        self.first_sound_s: float | None = None
        self._bot_silence_s = bot_silence_s
        self._keeps_sound = keeps_sound
        self._playback = Playback()
        self._open = False
        self._speaking = False
        self._last_loud_s = 0.0
        self._power = 0.0
        self._loud_frames = 0
        self._sound = bytearray()
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)

    def hear(self, at_s: float, pcm: bytes) -> Sequence[EarEvent]:
        """Takes a frame that arrived at `at_s`."""
        duration_s = len(pcm) / BYTES_PER_S
        self.evenness.add(at_s, duration_s)
        level_db = rms_dbfs(pcm)
        loud = level_db > SILENCE_DB
        start_s = self._playback.place(at_s, duration_s, silent=not loud)
        if start_s is None:
            return NOTHING
        if loud:
            # Within the jitter buffer the arrival is the honest time: latencies are measured to the wire.
            start_s = at_s if abs(start_s - at_s) <= TOLERANCE_S else start_s
            return self._hear_speech(start_s, duration_s, level_db, pcm)
        events = self._sentence_over(start_s)
        if self._keeps_sound:
            if self._open:
                self._keep(pcm)
            else:
                self._preroll.append(pcm)
        return events

    def tick(self, now_s: float) -> Sequence[EarEvent]:
        """Lets time pass; also needed when the bot sends nothing at all."""
        events = self._sentence_over(now_s)
        if self._speaking and now_s - self._last_loud_s >= self._bot_silence_s:
            self._speaking = False
            return (*events, BotSilent(now_s))
        return events

    def close(self) -> Sequence[EarEvent]:
        """The call is over: a sentence that lasts is over too."""
        return self._sentence_over(float("inf"))

    @property
    def speaking(self) -> bool:
        """The bot speaks, or fell silent so shortly ago that it may go on."""
        return self._speaking

    def spoke_since(self, moment_s: float) -> bool:
        """The bot has begun to speak since then, or spoke on for long in spite of it."""
        if not self.sentences:
            return False
        last = self.sentences[-1]
        return last.start_s >= moment_s or last.end_s >= moment_s + STILL_TALKING_S

    def first_start_since(self, moment_s: float) -> float | None:
        """Start of the first sentence that began at or after that moment."""
        return next((heard.start_s for heard in self.sentences if heard.start_s >= moment_s), None)

    def spoke_until(self, moment_s: float) -> float | None:
        """End of the speech that lasted at that moment, over the gaps between its sentences; None: there was none."""
        started_s = ended_s = -math.inf
        for heard in self.sentences:
            if heard.start_s - ended_s >= SPEECH_GAP_S:
                if ended_s > moment_s:
                    break
                started_s = heard.start_s
            ended_s = heard.end_s
        return ended_s if started_s <= moment_s < ended_s else None

    def quiet_for_s(self, now_s: float) -> float:
        """Seconds since the bot was last loud; since the call began if it never was."""
        return now_s - self._last_loud_s

    def _hear_speech(self, start_s: float, duration_s: float, level_db: float, pcm: bytes) -> Sequence[EarEvent]:
        events = self._sentence_over(start_s)
        if self.first_sound_s is None:
            self.first_sound_s = start_s
        if not self._open:
            self._open = True
            self.sentences.append(Heard(start_s, start_s))
            self._power, self._loud_frames = 0.0, 0
            self._sound = bytearray(b"".join(self._preroll))
            self._preroll.clear()
        self._last_loud_s = self.sentences[-1].end_s = start_s + duration_s
        self._power += 10 ** (level_db / 10)
        self._loud_frames += 1
        if self._keeps_sound:
            self._keep(pcm)
        if self._speaking:
            return events
        self._speaking = True
        return (*events, BotSpeaks(start_s))

    def _keep(self, pcm: bytes) -> None:
        if len(self._sound) < LONGEST_SENTENCE_S * BYTES_PER_S:
            self._sound += pcm

    def _sentence_over(self, now_s: float) -> Sequence[EarEvent]:
        if not self._open or now_s - self._last_loud_s < SENTENCE_GAP_S:
            return NOTHING
        self._open = False
        heard = self.sentences[-1]
        heard.level_db = 10 * math.log10(self._power / self._loud_frames)
        sound, self._sound = bytes(self._sound), bytearray()
        return (SentenceHeard(heard, sound),)
