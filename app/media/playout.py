"""The bot's sound of one call, and which words each sample of it belongs to. Pure: no clock, no task.

History is what was heard: the words of a speech are told by the samples that left, not by what was queued.
"""

from dataclasses import dataclass
from math import inf

from ext.playout import PlayoutBuffer

SAMPLE_RATE_HZ = 8000
COMFORT_NOISE_DB = -70.0
"""A line that is digitally silent sounds dead (ITU-T G.711 Appendix II asks for comfort noise)."""

SENTENCE_PAUSE_S = 0.25
"""Silence between two sentences of one speech: their own is cut (`ext.leveller`). espeak-ng leaves 0.32 to 0.37 s
within a text; less than 0.2 s is heard as a comma."""


@dataclass(slots=True)
class Mark:
    """One sentence in the sound of a speech; samples count from the speech's start.

    Attributes:
        text: its words.
        start_samples: where it begins.
        end_samples: where it ends; None while it is still being spoken.
    """

    text: str
    start_samples: int
    end_samples: int | None = None


class Playout:
    """One speech after the other, each made of sentences.

    Attributes:
        buffer: where frames are pulled from, 20 ms each.
    """

    def __init__(self) -> None:
        self.buffer = PlayoutBuffer(comfort_noise_db=COMFORT_NOISE_DB)
        self._marks: list[Mark] = []
        self._pushed_samples = 0
        self._base_samples = 0
        """What the buffer had played of its epoch before this speech (or this part of it) began."""
        self._heard_before_samples = 0
        """What was heard of this speech in epochs that are over."""
        self._pause_due = False
        """A sentence was begun behind another."""
        self._sound_ends_s = 0.0
        """When what was pushed last will have left, on the clock of `push`."""

    @property
    def epoch(self) -> int:
        """Raised by every interruption; sound of an older epoch is dropped."""
        return self.buffer.epoch

    @property
    def queued_s(self) -> float:
        """Sound that waits; more may still be spoken."""
        return self.buffer.queued_samples / SAMPLE_RATE_HZ

    @property
    def pushed_samples(self) -> int:
        """Sound that this speech was given."""
        return self._pushed_samples

    @property
    def heard_samples(self) -> int:
        """Sound of this speech that has left."""
        return self._heard_before_samples + self.buffer.played_samples - self._base_samples

    @property
    def has_sound(self) -> bool:
        """This speech has been given a sentence."""
        return bool(self._marks)

    @property
    def speaking(self) -> bool:
        """The latest frame carried speech."""
        return self.buffer.speaking

    @property
    def paused(self) -> bool:
        """It waits in mid-sentence."""
        return self.buffer.paused

    def pause(self) -> None:
        """Falls silent with the next frame; what waits, and the place in it, is kept."""
        self.buffer.pause()

    def resume(self) -> None:
        """Goes on where `pause` stopped; silence that would come first is left out."""
        self.buffer.resume()

    @property
    def idle(self) -> bool:
        """Nothing waits, and no sentence is open in the buffer."""
        return self.buffer.idle

    @property
    def underruns(self) -> int:
        """Times that a sentence ran dry, since the call began."""
        return self.buffer.underruns

    def begin(self) -> int:
        """Starts a new speech; what is left of the one before is dropped with a fade.

        Returns:
            The epoch for `push`.
        """
        if not self.buffer.idle:
            self.buffer.interrupt()
        self.buffer.resume()
        self._marks.clear()
        self._pushed_samples = self._heard_before_samples = 0
        self._base_samples = self.buffer.played_samples
        return self.buffer.epoch

    def start_sentence(self, text: str) -> None:
        """What is pushed from here on says `text`."""
        self._pause_due = bool(self._marks)
        self._marks.append(Mark(text, self._pushed_samples))

    def push(self, epoch: int, pcm: bytes, now_s: float) -> bytes:
        """Queues sound, s16le mono 8 kHz.

        Returns:
            What did not fit, to be pushed later; empty when all was taken or the epoch is over.
        """
        if epoch != self.buffer.epoch:
            return b""
        if self._pause_due:
            self._pause_due = False
            self._push_pause(epoch, now_s)
        accepted = self.buffer.push(epoch, pcm, now_s)
        self._pushed_samples += accepted
        self._sound_ends_s = now_s + self.queued_s
        return pcm[accepted * 2 :]

    def _push_pause(self, epoch: int, now_s: float) -> None:
        """As much of the pause as the caller has not heard yet while this sentence was waited for."""
        silent_s = max(now_s - self._sound_ends_s, 0.0) if self.buffer.idle else 0.0
        pause_samples = round(max(SENTENCE_PAUSE_S - silent_s, 0.0) * SAMPLE_RATE_HZ)
        if pause_samples:
            pushed = self.buffer.push(epoch, bytes(2 * pause_samples), now_s)
            self._pushed_samples += pushed
            self._marks[-1].start_samples += pushed

    def end_sentence(self, epoch: int) -> None:
        """All of the sentence is pushed: running dry is no underrun now."""
        if epoch == self.buffer.epoch:
            if self._marks and self._marks[-1].end_samples is None:
                self._marks[-1].end_samples = self._pushed_samples
            self.buffer.finish(epoch)

    @property
    def before_last_sentence_s(self) -> float:
        """Sound that is heard before the last sentence begins."""
        start = self._marks[-1].start_samples if self._marks else 0
        return max(start - self.heard_samples, 0) / SAMPLE_RATE_HZ

    def take_back_sentence(self) -> int:
        """Drops what still waits, and forgets the last sentence: it will be said again.

        Returns:
            The epoch in which this speech goes on.
        """
        heard = self.heard_samples
        self.buffer.interrupt()
        self._base_samples = 0
        self._heard_before_samples = self._pushed_samples = heard
        self._sound_ends_s = -inf  # the pause before it was heard
        if self._marks:
            self._marks.pop()
        return self.buffer.epoch

    def interrupt(self) -> str:
        """Falls silent within a frame.

        Returns:
            The words that were heard; a sentence cut short ends in "…".
        """
        words = self.heard_words(cut=True)
        self.buffer.interrupt()
        self._marks.clear()
        return words

    def heard_words(self, *, cut: bool = False) -> str:
        """The words of what left; with `cut`, only as far as it left."""
        heard = self.heard_samples
        words = []
        for mark in self._marks:
            end = mark.end_samples if mark.end_samples is not None else self._pushed_samples
            if not cut or (mark.end_samples is not None and heard >= end):
                words.append(mark.text)
            elif heard > mark.start_samples:
                share = min((heard - mark.start_samples) / max(end - mark.start_samples, 1), 1.0)
                all_words = mark.text.split()
                words.append(" ".join(all_words[: max(1, int(len(all_words) * share))]) + "…")
        return " ".join(words)
