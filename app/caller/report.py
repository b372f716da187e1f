"""What came of a simulated call: who ended it, what was said and heard, and how fast and how evenly."""

import json
import math
import wave
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.audiosocket.client import EndedBy, Track
from app.caller.actor import Turn
from app.caller.ears import BYTES_PER_S, SILENCE_DB, Ears, Heard
from app.caller.playback import Playback
from app.errors import MediaError
from ext.levels import rms_dbfs

RATE_HZ = 8000


@dataclass(slots=True)
class TurnReport:
    """A turn of the caller, and the bot's answer to it.

    Attributes:
        said: words, sound file or digits.
        means: speech or keys.
        over_bot: spoken on purpose while the bot spoke.
        wants_answer: not a listening noise, a cough or the like.
        cut_off: the bot began to speak before the caller had finished.
        started_s: first sound left.
        ended_s: last sound left.
        answered_s: first sound of the answer came back; None without an answer.
        latency_ms: from `ended_s` to `answered_s`.
        bot_stopped_ms: a turn over the bot: from `started_s` to the bot's last sound.
    """

    said: str
    means: Literal["speech", "dtmf"]
    over_bot: bool
    started_s: float
    ended_s: float
    answered_s: float | None = None
    latency_ms: float | None = None
    bot_stopped_ms: float | None = None
    wants_answer: bool = True
    cut_off: bool = False


@dataclass(slots=True)
class FramesReport:
    """The frames of a call.

    Attributes:
        sent: the caller's.
        received: the bot's.
        expected: what 50 a second make of the time from the bot's first frame to the end.
        max_gap_ms: longest time between two of the bot's frames.
        late_over_20ms: frames of the bot more than 20 ms past their time.
    """

    sent: int = 0
    received: int = 0
    expected: int = 0
    max_gap_ms: float = 0.0
    late_over_20ms: int = 0


@dataclass(slots=True)
class LatencyReport:
    """Latencies of all the answered turns, nearest rank; None without any."""

    turns: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None


@dataclass(slots=True)
class CallReport:
    """A simulated call; times are seconds since the UUID was sent.

    Attributes:
        uuid: the call's.
        script: name of the script.
        ended_by: who or what ended it.
        detail: the same for people, one line.
        connect_ms: TCP connect; None if it never came about.
        first_frame_ms: UUID sent → first frame of the bot.
        first_sound_ms: UUID sent → first frame of the bot that wasn't silent.
        duration_s: UUID sent → end.
        turns: the caller's.
        heard: the bot's sentences.
        frames: counts and evenness.
        latency: over all answered turns.
        missed_steps: steps of the script that the call ended before.
        notes: what people should know.
        sent: the caller's frames, for `save_wav`.
        received: the bot's.
    """

    uuid: str
    script: str
    ended_by: EndedBy
    detail: str
    connect_ms: float | None = None
    first_frame_ms: float | None = None
    first_sound_ms: float | None = None
    duration_s: float = 0.0
    turns: list[TurnReport] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    frames: FramesReport = field(default_factory=FramesReport)
    latency: LatencyReport = field(default_factory=LatencyReport)
    missed_steps: int = 0
    notes: list[str] = field(default_factory=list)
    sent: Track | None = field(default=None, repr=False)
    received: Track | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the sound; milliseconds and decibels with one decimal, seconds with three."""
        tracks = self.sent, self.received
        self.sent = self.received = None  # asdict() would copy every sample
        try:
            content = asdict(self)
        finally:
            self.sent, self.received = tracks
        del content["sent"], content["received"]
        rounded: dict[str, Any] = _rounded(content, "")
        return rounded

    def to_json(self, indent: int | None = None) -> str:
        """The report as one JSON object; non-ASCII letters as they are."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    def save_wav(self, path: Path) -> None:
        """Writes the call as it was heard: stereo s16le 8 kHz, left the caller, right the bot; blocking.

        Raises:
            MediaError: the sound wasn't kept, or the file can't be written.
        """
        if self.sent is None or self.received is None or not (self.sent.keeps_sound and self.received.keeps_sound):
            raise MediaError("the sound of this call was not kept")
        left, right = _time_line(self.sent), _time_line(self.received)
        length = max(len(left), len(right))
        stereo = array("h", bytes(4 * length))
        for side, samples in enumerate((left, right)):
            stereo[side : 2 * len(samples) : 2] = samples
        try:
            with wave.open(str(path), "wb") as file:
                file.setparams((2, 2, RATE_HZ, length, "NONE", "not compressed"))
                file.writeframes(stereo.tobytes())
        except OSError as error:
            raise MediaError(f"{path}: {error.strerror}") from None


def turn_reports(turns: Sequence[Turn], ears: Ears) -> tuple[list[TurnReport], list[str]]:
    """Finds the bot's answer to each turn: the first sentence that begins between its end and the next turn.

    Returns:
        The turns of which something left, and notes on what the bot did wrong.
    """
    reports: list[TurnReport] = []
    notes: list[str] = []
    next_turn_s = math.inf
    for turn in reversed(turns):
        if turn.started_s is None or turn.ended_s is None:
            continue
        report = TurnReport(
            turn.said, turn.means, turn.over_bot, turn.started_s, turn.ended_s, wants_answer=turn.wants_answer
        )
        reports.append(report)
        if turn.over_bot:
            stopped_s = ears.spoke_until(turn.started_s)
            report.bot_stopped_ms = None if stopped_s is None else (stopped_s - turn.started_s) * 1000
        if not turn.wants_answer:
            continue
        answered_s = ears.first_start_since(turn.ended_s)
        if answered_s is not None and answered_s < next_turn_s:
            report.answered_s = answered_s
            report.latency_ms = (answered_s - turn.ended_s) * 1000
        began_s = ears.first_start_since(turn.started_s)
        if not turn.over_bot and began_s is not None and began_s < turn.ended_s:
            report.cut_off = True
            notes.append(f"the bot began to speak before the caller had finished: {turn.said}")
        next_turn_s = turn.started_s
    return reports[::-1], notes[::-1]


def latency_report(turns: Sequence[TurnReport]) -> LatencyReport:
    """Percentiles over the answered turns."""
    latencies_ms = sorted(turn.latency_ms for turn in turns if turn.latency_ms is not None)
    return LatencyReport(len(latencies_ms), percentile(latencies_ms, 50), percentile(latencies_ms, 95))


def percentile(ascending: Sequence[float], percent: float) -> float | None:
    """Nearest-rank percentile of sorted values; None of none."""
    if not ascending:
        return None
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]


def _time_line(track: Track) -> "array[int]":
    """All samples of a track where the caller's telephone sounds them, silence between."""
    samples = array("h")
    playback = Playback()
    at_byte = 0
    for at_s, size in zip(track.at_s, track.sizes_bytes, strict=True):
        pcm = bytes(track.pcm[at_byte : at_byte + size])
        at_byte += size
        start_s = playback.place(at_s, size / BYTES_PER_S, silent=rms_dbfs(pcm) <= SILENCE_DB)
        if start_s is None:
            continue
        gap_samples = round(start_s * RATE_HZ) - len(samples)
        if gap_samples > 0:
            samples.frombytes(bytes(2 * gap_samples))
        samples.frombytes(pcm)
    return samples


def _rounded(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part, name) for part in value]
    if isinstance(value, float):
        return round(value, 1 if name.endswith(("_ms", "_db")) else 3)
    return value
