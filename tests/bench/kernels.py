"""`python -m tests.bench.kernels`: the audio kernels beside what one would use instead of them.

Machines differ and change speed while they work, so figures are ratios: both sides take turns in one run, in several
rounds, and each ratio is given with its spread. Targets stand beside the figures that have one.
"""

import argparse
import json
import math
import platform
import time
import timeit
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ext import frames, g711, levels, playout, simd, stereo
from ext.voice_activity import VoiceActivity
from tests.bench.rivals import OURS, RIVALS, SOXR_HQ, Quality, Rival, quality
from tests.reference import frames as frames_twin
from tests.reference import levels as levels_twin
from tests.reference import playout as playout_twin

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

ROUNDS = 9
BATCH_S = 0.004
"""Long enough for the clock, short enough that both sides of a round meet the same speed of the machine."""
BULK_S = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kernel beside one alternative.

    Attributes:
        name: what was done.
        path: which vector instructions the kernel used.
        rival: the alternative; empty without one.
        us: median microseconds a call of the kernel.
        least: the lowest ratio of all rounds, as "so many times faster than the rival".
        times: the median.
        most: the highest.
        target: what the median must reach; None where nothing was promised.
    """

    name: str
    path: str
    rival: str
    us: float
    least: float | None = None
    times: float | None = None
    most: float | None = None
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached."""
        return None if self.target is None or self.times is None else self.times >= self.target


@dataclass(frozen=True, slots=True)
class Work:
    """A call to measure: without a lambda in between, which would be half of the cheapest kernels."""

    call: Callable[..., object]
    arguments: tuple[object, ...] = ()

    def timer(self) -> timeit.Timer:
        names = [f"a{number}" for number in range(len(self.arguments))]
        scope: dict[str, Any] = dict(zip(names, self.arguments, strict=True))
        call = f"call({', '.join(names)})"
        # Time on the processor: what other programs take of it is not ours.
        return timeit.Timer(call, timer=time.process_time, globals={"call": self.call, **scope})


def compare(
    name: str, ours: Work, rivals: dict[str, Work], targets: dict[str, float] | None = None
) -> list[Comparison]:
    """All sides in turn, round by round; one row for each rival."""
    timers = [ours.timer(), *(work.timer() for work in rivals.values())]
    counts = [max(1, math.ceil(BATCH_S / max(timer.timeit(3) / 3, 1e-8))) for timer in timers]
    costs_us: list[list[float]] = [[] for _ in timers]
    for _ in range(ROUNDS):
        for side, (timer, count) in enumerate(zip(timers, counts, strict=True)):
            costs_us[side].append(timer.timeit(count) / count * 1e6)
    us = median(costs_us[0])
    rows = []
    for rival, rival_us in zip(rivals, costs_us[1:], strict=True):
        ratios = [theirs / mine for theirs, mine in zip(rival_us, costs_us[0], strict=True)]
        target = (targets or {}).get(rival)
        rows.append(Comparison(name, simd.path(), rival, us, min(ratios), median(ratios), max(ratios), target))
    return rows or [Comparison(name, simd.path(), "", us)]


def speech_like(seconds: float, rate_hz: int) -> NDArray[np.int16]:
    """A voice's harmonics under gliding pitch and syllables, with pauses and noise: -26 dBFS or so while it speaks."""
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    pitch = 2 * np.pi * np.cumsum(130 + 30 * np.sin(2 * np.pi * 0.7 * time_s)) / rate_hz
    voice = sum(np.sin(k * pitch + k * k) / k for k in range(1, 24))
    syllables = np.clip(np.sin(2 * np.pi * 4 * time_s), 0, 1) * (np.sin(2 * np.pi * 0.35 * time_s) > -0.4)
    noise = np.random.default_rng(1).normal(0, 1, len(time_s))
    return np.rint(2500 * syllables * voice + 30 * noise).astype(np.int16)


SPEECH = speech_like(BULK_S, 8000).tobytes()
FRAME = SPEECH[16000:16320]


def g711_rows() -> list[Comparison]:
    """One frame and ten seconds, beside the standard library's C."""
    codes, bulk_codes = audioop.lin2ulaw(FRAME, 2), audioop.lin2ulaw(SPEECH, 2)
    a_codes = audioop.lin2alaw(FRAME, 2)
    jobs = [
        ("mu-law encode, 20 ms", g711.ulaw_encode, audioop.lin2ulaw, FRAME, 2.0),
        ("mu-law decode, 20 ms", g711.ulaw_decode, audioop.ulaw2lin, codes, 1.0),
        ("mu-law encode, 10 s", g711.ulaw_encode, audioop.lin2ulaw, SPEECH, 8.0),
        ("mu-law decode, 10 s", g711.ulaw_decode, audioop.ulaw2lin, bulk_codes, 2.0),
        ("A-law encode, 20 ms", g711.alaw_encode, audioop.lin2alaw, FRAME, None),
        ("A-law decode, 20 ms", g711.alaw_decode, audioop.alaw2lin, a_codes, None),
    ]
    rows = []
    for name, ours, theirs, sound, target in jobs:
        rival = {"audioop": Work(theirs, (sound, 2))}
        rows += compare(name, Work(ours, (sound,)), rival, {} if target is None else {"audioop": target})
    return rows


def resample_row(source_hz: int, target_hz: int, rivals: list[Rival], target: float | None) -> list[Comparison]:
    """20 ms of a stream, beside other resamplers."""
    chunk = speech_like(1, source_hz)[source_hz // 4 :][: source_hz // 50]
    ours = Work(OURS.open(source_hz, target_hz), (OURS.chunk(chunk),))
    others = {rival.name: Work(rival.open(source_hz, target_hz), (rival.chunk(chunk),)) for rival in rivals}
    name = f"{source_hz / 1000:g} → {target_hz / 1000:g} kHz, 20 ms"
    return compare(name, ours, others, {} if target is None else {SOXR_HQ.name: target})


def resample_rows() -> list[Comparison]:
    """What the issue promises a ratio for, and the other rates beside the same rival."""
    rows = resample_row(24000, 8000, RIVALS, 3.0) + resample_row(22050, 8000, RIVALS, 3.0)
    for pair in [(16000, 8000), (48000, 8000), (8000, 16000)]:
        rows += resample_row(*pair, [SOXR_HQ], None)
    return rows


def level_rows() -> list[Comparison]:
    """Level, gain, fades, mixing: the standard library's C where it has the same."""
    other, both = SPEECH[32000:32320], stereo.interleave(FRAME, FRAME)
    return [
        *compare("level in dBFS", Work(levels.rms_dbfs, (FRAME,)), {"audioop.rms": Work(audioop.rms, (FRAME, 2))}),
        *compare("peak", Work(levels.peak, (FRAME,)), {"audioop.max": Work(audioop.max, (FRAME, 2))}),
        *compare("gain", Work(levels.apply_gain, (FRAME, 0.7)), {"audioop.mul": Work(audioop.mul, (FRAME, 2, 0.7))}),
        *compare("fade", Work(levels.fade, (FRAME, 0.0, 1.0)), {"twin": Work(levels_twin.fade, (FRAME, 0.0, 1.0))}),
        *compare("mix", Work(stereo.mix, (FRAME, other)), {"audioop.add": Work(audioop.add, (FRAME, other, 2))}),
        *compare(
            "two tracks to stereo",
            Work(stereo.interleave, (FRAME, other)),
            {"audioop.tostereo, add": Work(_audioop_stereo, (FRAME, other))},
        ),
        *compare(
            "stereo to two tracks",
            Work(stereo.deinterleave, (both,)),
            {"audioop.tomono, twice": Work(_audioop_mono, (both,))},
        ),
        *compare("voice activity", Work(VoiceActivity().feed, (FRAME,)), {}),
    ]


def _audioop_stereo(left: bytes, right: bytes) -> bytes:
    return audioop.add(audioop.tostereo(left, 2, 1, 0), audioop.tostereo(right, 2, 0, 1), 2)


def _audioop_mono(stereo: bytes) -> tuple[bytes, bytes]:
    return audioop.tomono(stereo, 2, 1, 0), audioop.tomono(stereo, 2, 0, 1)


def frame_and_playout_rows() -> list[Comparison]:
    """What has no competitor, beside its pure-Python twin."""
    wire = frames.build(frames.KIND_SLIN_8000, FRAME)
    return [
        *compare(
            "frames: parse one",
            Work(frames.FrameParser().feed, (wire,)),
            {"twin": Work(frames_twin.FrameParser().feed, (wire,))},
        ),
        *compare(
            "playout: push and pull",
            Work(_pushed_and_pulled(playout)),
            {"twin": Work(_pushed_and_pulled(playout_twin))},
        ),
        *compare(
            "playout: comfort noise",
            Work(playout.PlayoutBuffer(comfort_noise_db=-60.0).pull),
            {"twin": Work(playout_twin.PlayoutBuffer(comfort_noise_db=-60.0).pull)},
        ),
        *compare("playout: 40 ms that run dry", Work(_ran_dry, (playout,)), {"twin": Work(_ran_dry, (playout_twin,))}),
    ]


def _pushed_and_pulled(module: Any) -> Callable[[], bytes]:
    buffer = module.PlayoutBuffer()
    frame: bytes = FRAME

    def work() -> bytes:
        buffer.push(1, frame, 0.0)
        pulled: bytes = buffer.pull()
        return pulled

    return work


def _ran_dry(module: Any) -> None:
    """A new buffer, two frames of speech, and the beginning of a concealment with its search for the period."""
    buffer = module.PlayoutBuffer()
    buffer.push(1, FRAME + FRAME, 0.0)
    for _ in range(3):
        buffer.pull()


def rows() -> list[Comparison]:
    """All kernels on the best path, then what has a target on the others."""
    found = [*g711_rows(), *resample_rows(), *level_rows(), *frame_and_playout_rows()]
    usual = simd.path()
    for path in simd.paths()[:-1]:
        simd.use_path(path)
        try:
            promised = [*g711_rows(), *(row for hz in (24000, 22050) for row in resample_row(hz, 8000, [SOXR_HQ], 3.0))]
        finally:
            simd.use_path(usual)
        found += [row for row in promised if row.target is not None]
    return found


def qualities() -> list[Quality]:
    """What each resampler holds back and lets through."""
    theirs = [quality(rival, source_hz, 8000) for source_hz in (24000, 22050) for rival in [OURS, *RIVALS]]
    return theirs + [quality(OURS, source_hz, 8000) for source_hz in (16000, 48000)]


def verdict(met: bool | None) -> str:
    """For the table."""
    return {None: "", True: "[green]met[/]", False: "[red]not met[/]"}[met]


def show(comparisons: list[Comparison], resamplers: list[Quality]) -> None:
    """Two tables."""
    table = Table("what", "path", "µs", "beside", "times faster (lowest to highest)", "target", "")
    for row in comparisons:
        spread = "" if row.times is None else f"{row.times:.2f} ({row.least:.2f} to {row.most:.2f})"
        target = "" if row.target is None else f"{row.target:g}"
        table.add_row(row.name, row.path, f"{row.us:.3f}", row.rival, spread, target, verdict(row.met))
    console = Console()
    console.width = max(console.width, 120)  # a log has no width of its own
    console.print(table)
    table = Table("resampler", "kHz", "held back, ms (most)", "pass-band, dB", "aliases, dB", "")
    for made in resamplers:
        good = made.held_back_most_ms <= 4 and made.pass_band_db <= 0.05 and made.stop_band_db <= -85
        table.add_row(
            made.name,
            f"{made.source_hz / 1000:g} → {made.target_hz / 1000:g}",
            f"{made.held_back_ms:.2f} ({made.held_back_most_ms:.2f})",
            f"{made.pass_band_db:.3f}",
            f"{made.stop_band_db:.1f}",
            verdict(good if made.name == OURS.name else None),
        )
    console.print(table)


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("bench-results/kernels.json"), help="where the figures go")
    target = parser.parse_args().json
    comparisons, resamplers = rows(), qualities()
    show(comparisons, resamplers)
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "paths": simd.paths(),
        "rows": [asdict(row) | {"met": row.met} for row in comparisons],
        "resamplers": [asdict(row) for row in resamplers],
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"written: {target}")


if __name__ == "__main__":
    main()
