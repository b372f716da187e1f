"""When frames arrived, and what that means to an ear: lateness, gaps, underruns. Pure: times in, figures out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BYTES_PER_S = 16_000
"""s16le mono 8 kHz."""
ANCHOR_S = 1.0
"""The earliest frame of a channel's first second says what "in time" is."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How figures are spread; milliseconds in all uses here.

    Attributes:
        count: how many there are.
        p50, p99, p999: nearest rank.
        max: the largest.
        mean: the arithmetic mean.
    """

    count: int
    p50: float
    p99: float
    p999: float
    max: float
    mean: float


def spread(values: Iterable[float]) -> Spread | None:
    """The spread of `values`; None of nothing."""
    ranked = sorted(values)
    if not ranked:
        return None
    return Spread(
        len(ranked),
        percentile(ranked, 50),
        percentile(ranked, 99),
        percentile(ranked, 99.9),
        ranked[-1],
        sum(ranked) / len(ranked),
    )


def percentile(ranked: Sequence[float], share_percent: float) -> float:
    """Nearest rank in sorted, non-empty `ranked`: the smallest value that `share_percent` of them do not exceed."""
    return ranked[max(0, -int(-share_percent * len(ranked) // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The bot's frames of one channel in a window.

    Attributes:
        at_s: when each arrived, monotonic seconds, ascending.
        sizes_bytes: their sound, s16le mono 8 kHz; as many as times.
    """

    at_s: Sequence[float]
    sizes_bytes: Sequence[int]

    def delays_s(self) -> list[float]:
        """Arrival minus media time: how long each frame was under way, up to a constant of the channel.

        Media time is the sound that came before the frame. A bot that sends in real time has equal delays.
        """
        media_bytes = 0
        delays = []
        for at_s, size in zip(self.at_s, self.sizes_bytes, strict=True):
            delays.append(at_s - media_bytes / BYTES_PER_S)
            media_bytes += size
        return delays

    def lateness_ms(self) -> list[float]:
        """Delays relative to the smallest one of the first second; negative when a frame came earlier still."""
        delays = self.delays_s()
        if not delays:
            return []
        until_s = self.at_s[0] + ANCHOR_S
        anchor_s = min(delay for delay, at_s in zip(delays, self.at_s, strict=True) if at_s < until_s)
        return [(delay - anchor_s) * 1000 for delay in delays]

    def gaps_ms(self) -> list[float]:
        """Time between consecutive frames."""
        return [(after - before) * 1000 for before, after in zip(self.at_s, self.at_s[1:], strict=False)]

    def underruns(self, jitter_buffer_ms: float) -> int:
        """How often a telephone with such a jitter buffer runs dry; after each it waits as long again."""
        delays = self.delays_s()
        count, patience_s = 0, jitter_buffer_ms / 1000
        anchor_s = delays[0] if delays else 0.0
        for delay in delays:
            if delay > anchor_s + patience_s:
                count += 1
                anchor_s = delay
        return count

    def media_s(self) -> float:
        """Seconds of sound."""
        return sum(self.sizes_bytes) / BYTES_PER_S
