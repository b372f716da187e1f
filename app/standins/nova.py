"""What Nova (`/v1/listen`) says when, driven by the audio alone: no clock, no socket.

Rules from Deepgram's documentation: "Endpointing & interim results", "Utterance end", "Speech started",
"Finalize".
"""

from dataclasses import dataclass

from app.standins.hearing import Hearing
from app.standins.noise import Noise

SHORTEST_ENDPOINT_S = 0.12
"""Deepgram's default endpointing of 10 ms acts on a smoother voice detector: plosives don't end speech."""
LONG_SPAN_S = 5.0
"""Once a span is so long, the next pause makes it final without ending the utterance."""
SILENT_FINAL_S = 5.0
"""In a long silence an empty final comes every so often."""
CONTEXT_GAP_S = 0.7
"""Speech that goes on so soon behind a Finalize is heard together with what was before it: a model knows its context,
and whoever asks for the final words at a comma has not ended the sentence."""
LONGEST_CONTEXT_S = 12.0


@dataclass(frozen=True, slots=True)
class Words:
    """A span to recognise and report.

    Attributes:
        start_s, end_s: in the audio.
        pcm: its sound, s16le at the stream's rate; empty for silence.
        lead_s: how long before `start_s` the sound in `pcm` begins.
        is_final, speech_final, from_finalize: as in Results.
        noise: of the line, if it is a noisy one.
        context: sound of the same utterance before `pcm`, whose words are final.
    """

    start_s: float
    end_s: float
    pcm: bytes = b""
    lead_s: float = 0.0
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False
    noise: Noise | None = None
    context: bytes = b""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began at `at_s`."""

    at_s: float


@dataclass(frozen=True, slots=True)
class GapEnded:
    """No word for `utterance_end_ms`: an UtteranceEnd, if there was a word since the last one."""

    at_s: float


NovaEvent = Words | SpeechStarted | GapEnded


@dataclass(frozen=True, slots=True)
class NovaOptions:
    """The query parameters that decide when something is said; times in seconds of audio.

    Attributes:
        endpointing_s: None switches it off.
        utterance_end_s: None switches it off.
        interim_every_s: None: no interims.
        vad_events: whether SpeechStarted is wanted.
    """

    endpointing_s: float | None = 0.01
    utterance_end_s: float | None = None
    interim_every_s: float | None = None
    vad_events: bool = False


class NovaStream:
    """Turns audio into the events of one connection.

    Args:
        rate_hz: of the s16le mono sound.
    """

    def __init__(self, options: NovaOptions, rate_hz: int) -> None:
        self._options = options
        self.hearing = Hearing(rate_hz)
        self._span_s = 0.0
        self._said_s = 0.0
        """Up to here the words are final: their sound is no part of what follows."""
        self._interim_s = 0.0
        self._context_s: float | None = None
        """From here to `_said_s` reaches the part of an utterance that a Finalize made final."""
        self._paused_s = 0.0
        """When the speech before that Finalize ended."""
        self._speech_s = 0.0
        self._gap_told = True
        self.onsets = 0

    def feed(self, pcm: bytes) -> list[NovaEvent]:
        """Takes audio; returns what is to be said, in order."""
        events: list[NovaEvent] = []
        for block in self.hearing.feed(pcm):
            at_s, self._speech_s = block.at_s, block.speech_s
            if block.onset_s is not None:
                self._begin(block.onset_s, events)
            if self.hearing.in_speech:
                self._follow(at_s, at_s - block.speech_s, events)
            elif at_s - self._span_s >= SILENT_FINAL_S:
                events.append(Words(self._span_s, at_s, is_final=True))
                self._span_s = at_s
            self._watch_gap(at_s, block.speech_s, events)
        self.hearing.forget(self._needed_s)
        return events

    @property
    def _needed_s(self) -> float:
        """The sound from here on may be asked for again."""
        now_s = self.hearing.clock_s
        if self._context_s is not None and (self.hearing.in_speech or now_s - self._paused_s <= CONTEXT_GAP_S):
            return self._context_s
        return self._span_s if self.hearing.in_speech else now_s

    def _begin(self, onset_s: float, events: list[NovaEvent]) -> None:
        self.onsets += 1
        self._span_s = max(self._span_s, onset_s)
        self._interim_s = onset_s
        self._gap_told = False
        if self._context_s is not None and onset_s - self._paused_s > CONTEXT_GAP_S:
            self._context_s = None
        if self._options.vad_events:
            events.append(SpeechStarted(onset_s))

    def _follow(self, at_s: float, silence_s: float, events: list[NovaEvent]) -> None:
        options = self._options
        if options.endpointing_s is not None and silence_s >= max(options.endpointing_s, SHORTEST_ENDPOINT_S) - 1e-6:
            events.append(self._words(at_s, is_final=True, speech_final=True))
            self.hearing.rest()
        elif at_s - self._span_s > LONG_SPAN_S and silence_s >= SHORTEST_ENDPOINT_S:
            events.append(self._words(at_s, is_final=True))
            if options.endpointing_s is None:
                self.hearing.rest()
        elif options.interim_every_s is not None and at_s - self._interim_s >= options.interim_every_s - 1e-6:
            self._interim_s = at_s
            events.append(self._words(at_s))

    def _watch_gap(self, at_s: float, speech_s: float, events: list[NovaEvent]) -> None:
        wanted_s = self._options.utterance_end_s
        if not self._gap_told and wanted_s is not None and at_s - speech_s >= wanted_s - 1e-6:
            self._gap_told = True
            events.append(GapEnded(at_s))

    def _words(self, at_s: float, *, is_final: bool = False, speech_final: bool = False) -> Words:
        words = self._cut(at_s, is_final, speech_final, False)
        if is_final:
            self._span_s = self._interim_s = self._said_s = at_s
            self._context_s = None
        return words

    def _cut(self, at_s: float, is_final: bool, speech_final: bool, from_finalize: bool) -> Words:
        pcm = self.hearing.cut(self._span_s, at_s, self._said_s)
        lead_s = len(pcm) / 2 / self.hearing.rate_hz - (at_s - self._span_s)
        context = b"" if self._context_s is None else self.hearing.cut(self._context_s, at_s)[: -len(pcm)]
        return Words(
            self._span_s, at_s, pcm, lead_s, is_final, speech_final, from_finalize, self.hearing.noise, context
        )

    def finalize(self) -> list[NovaEvent]:
        """All that is pending, as final words, for Finalize or CloseStream; without sound if nothing is."""
        at_s = self.hearing.clock_s
        if not self.hearing.in_speech:
            words = Words(self._span_s, at_s, is_final=True, from_finalize=True)
        else:
            words = self._cut(at_s, True, False, True)
            if self._context_s is None or at_s - self._context_s > LONGEST_CONTEXT_S:
                self._context_s = self._span_s
            self._paused_s = self._speech_s
            self.hearing.rest()
        self._span_s = self._interim_s = self._said_s = at_s
        return [words]
