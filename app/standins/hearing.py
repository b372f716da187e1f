"""Where speech begins and ends in a stream of sound, told in the time of the sound itself."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from app.standins.features import RATE_HZ, WINDOW_SAMPLES, Bands, bands_of, sound_of
from app.standins.noise import Noise, NoiseTracker
from app.standins.resampling import resample

BLOCK_S = 0.010
ONSET_BLOCKS = 3
"""Speech must last 30 ms to count: a click doesn't."""
PRE_ROLL_S = 0.3
"""Sound kept from before speech began; it also shows the recogniser what the noise is like."""
HISTORY_BLOCKS = 150
SOFTEST_DB = -60.0
"""Nothing softer is speech; an echo of the bot, 20 dB down, is whole above it."""
ABOVE_NOISE_DB = 7.0
LOUDEST_NOISE_DB = -26.0
"""What is louder than this is speech, however steady."""
EARLY_NOISE_DB = -45.0
"""The same while less than a second was heard: a stream may begin in the middle of a word."""
LONGEST_SPAN_S = 30.0
"""Sound kept of one utterance; the start of a longer one is forgotten."""
NOISY_TENTHS = 30
"""A line that is hardly ever silent for so many tenths of a second is noisy: whoever speaks stops between words."""
SOFTEST_NOISE_DB = -54.0
"""Below, noise hides nothing."""
LOUDEST_TALK_DB = -18.0
"""What is louder than this all the time is a signal, not the noise of a place."""
NOISY_SHARE = 8
"""One in so many of them may hold silence: six people at once do so, too."""
NOISY_FROM_BLOCKS = 50
"""Nothing is said of the line before: a stream may begin in the middle of a word."""


class VoiceDetector:
    """Tells speech from silence by the level of 10 ms blocks, above a noise floor that it tracks.

    Where a line is never silent, the bands of the spectrum decide instead (`NoiseTracker`).
    """

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=HISTORY_BLOCKS)
        self._softest: deque[float] = deque(maxlen=NOISY_TENTHS)
        self._threshold = SOFTEST_DB
        self._count = 0
        self._tracker: NoiseTracker | None = None

    @property
    def noise(self) -> Noise | None:
        """Of a noisy line, as it is now; None on a quiet one."""
        return self._tracker.noise if self._tracker is not None else None

    def step(self, level_db: float, bands: Callable[[], Bands], in_speech: bool) -> bool:
        """Takes the next block; returns whether it is speech.

        Args:
            level_db: its level, dBFS.
            bands: power of its bands; asked for on noisy lines alone.
            in_speech: whether somebody was speaking.
        """
        self._levels.append(level_db)
        self._count += 1
        if self._count % 10 == 0:
            self._judge_line()
        if self._tracker is not None:
            return self._tracker.step(bands(), in_speech)
        return level_db > self._threshold

    def _judge_line(self) -> None:
        floor = sorted(self._levels)[len(self._levels) // 10]
        limit = LOUDEST_NOISE_DB if self._count > 100 else EARLY_NOISE_DB
        self._threshold = max(SOFTEST_DB, min(floor, limit) + ABOVE_NOISE_DB)
        self._softest.append(min(list(self._levels)[-10:]))
        if self._count >= NOISY_FROM_BLOCKS:
            softest_db = sorted(self._softest)[len(self._softest) // NOISY_SHARE]
            noisy = SOFTEST_NOISE_DB < softest_db < LOUDEST_TALK_DB
            if noisy != (self._tracker is not None):
                self._tracker = NoiseTracker() if noisy else None


@dataclass(frozen=True, slots=True)
class Block:
    """What is known after another 10 ms.

    Attributes:
        at_s: end of the block, seconds of audio since the stream began.
        onset_s: when speech began, in the block in which that became certain; else None.
        speech_s: end of the last block of speech; 0 before any.
        is_speech: whether this block is speech.
    """

    at_s: float
    onset_s: float | None
    speech_s: float
    is_speech: bool


class Hearing:
    """Keeps the sound of the utterance under way and follows speech in it.

    Args:
        rate_hz: of the s16le mono sound that `feed` takes.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._block_bytes = 2 * round(rate_hz * BLOCK_S)
        self._kept = bytearray()
        self._kept_from = 0
        self._done = 0
        self._detector = VoiceDetector()
        self._run = 0
        self._speech_s = 0.0
        self.in_speech = False

    @property
    def clock_s(self) -> float:
        """Seconds of audio heard."""
        return (self._kept_from + len(self._kept)) / 2 / self.rate_hz

    def feed(self, pcm: bytes) -> Iterator[Block]:
        """Takes sound of any length; yields the 10 ms blocks that it completes.

        Each block is judged when it is asked for, so that `rest` works from the next block on.
        """
        self._kept += pcm
        first = self._done - self._kept_from
        count = (len(self._kept) - first) // self._block_bytes
        if count <= 0:
            return
        self._done += count * self._block_bytes
        sound = sound_of(bytes(self._kept[first : first + count * self._block_bytes]))
        power = np.square(sound.reshape(count, -1)).mean(axis=1)
        levels: list[float] = (10 * np.log10(power + 1e-10)).tolist()
        first_block = self._done // self._block_bytes - count
        bands: list[Bands] = []

        def bands_at(index: int) -> Bands:
            if not bands:
                bands.extend(self._bands(first, count))
            return bands[index]

        for index, level in enumerate(levels):
            yield self._step(level, partial(bands_at, index), (first_block + index + 1) * BLOCK_S)

    def _bands(self, first: int, count: int) -> Bands:
        """Of the windows that end with each of `count` blocks from byte `first` of what is kept."""
        window_bytes = 2 * (WINDOW_SAMPLES * self.rate_hz // RATE_HZ)
        since = first + self._block_bytes - window_bytes
        sound = sound_of(bytes(self._kept[max(0, since) : first + count * self._block_bytes]))
        missing = max(0, -since) // 2
        return bands_of(np.pad(sound, (missing, 0)) if missing else sound, self.rate_hz, BLOCK_S)

    def _step(self, level_db: float, bands: Callable[[], Bands], at_s: float) -> Block:
        is_speech = self._detector.step(level_db, bands, self.in_speech)
        self._run = self._run + 1 if is_speech else max(0, self._run - 2)
        onset_s = None
        if is_speech:
            self._speech_s = at_s
        if not self.in_speech and self._run >= ONSET_BLOCKS:
            self.in_speech = True
            onset_s = max(0.0, at_s - self._run * BLOCK_S)
        return Block(at_s, onset_s, self._speech_s, is_speech)

    @property
    def noise(self) -> Noise | None:
        """The line's, if it is a noisy one."""
        return self._detector.noise

    def rest(self) -> None:
        """Says that the utterance is over: the next speech is an onset again."""
        self.in_speech = False
        self._run = 0

    def cut(self, start_s: float, end_s: float, not_before_s: float = 0.0) -> bytes:
        """The kept sound between two moments, with what is kept before it up to the pre-roll, or to `not_before_s`."""
        since = self._offset(max(start_s - PRE_ROLL_S, not_before_s))
        return bytes(self._kept[since : self._offset(end_s)])

    def forget(self, until_s: float) -> None:
        """Drops what is older than the pre-roll before `until_s`, and what is too long to keep at all."""
        until_s = max(until_s - PRE_ROLL_S, self.clock_s - LONGEST_SPAN_S)
        drop = min(self._offset(until_s), self._done - self._kept_from)
        if drop > self.rate_hz:  # half a second at a time, not every block
            del self._kept[:drop]
            self._kept_from += drop

    def _offset(self, at_s: float) -> int:
        return min(max(0, 2 * round(at_s * self.rate_hz) - self._kept_from), len(self._kept))


def telephone(pcm: bytes, rate_hz: int) -> bytes:
    """s16le at `rate_hz` as s16le at the recogniser's 8 kHz."""
    if rate_hz == RATE_HZ:
        return pcm
    sound = np.clip(resample(sound_of(pcm), rate_hz, RATE_HZ), -1.0, 1.0)
    return bytes((sound * 32767.0).astype("<i2").tobytes())
