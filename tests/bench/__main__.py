"""`make bench`: what the parts of the audio path cost, as a table and as JSON.

Machines differ and change speed, so each row also gives the ratio to its pure-Python twin, measured in the same run.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.dialogue.states import State
from app.providers.rules import understand
from ext import frames, g711, levels, playout, resample
from ext.voice_activity import VoiceActivity
from tests.reference import frames as frames_twin
from tests.reference import g711 as g711_twin
from tests.reference import levels as levels_twin
from tests.reference import playout as playout_twin
from tests.reference import resample as resample_twin

FRAME = bytes(range(256)) + bytes(range(64))
WIDE_FRAME = FRAME * 3
"""20 ms at 24 kHz."""
MEASURE_S = 0.3
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One benchmark.

    Attributes:
        name: what was measured, for 20 ms of sound.
        us: the best of three rounds, in microseconds a call.
        times_twin: how many times faster than the pure-Python twin; None without one.
    """

    name: str
    us: float
    times_twin: float | None = None


def cost_us(work: Callable[[], object]) -> float:
    """Microseconds a call, the best of three rounds."""
    work()
    best = float("inf")
    for _ in range(ROUNDS):
        calls = 0
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < MEASURE_S:
            work()
            calls += 1
        best = min(best, spent / calls * 1e6)
    return best


def compared(name: str, fast: Callable[[], object], twin: Callable[[], object]) -> Row:
    """A kernel beside its twin."""
    us = cost_us(fast)
    return Row(name, us, cost_us(twin) / us)


def push_and_pull(buffer: "playout.PlayoutBuffer | playout_twin.PlayoutBuffer") -> Callable[[], object]:
    """One frame in, one frame out."""

    def work() -> None:
        buffer.push(buffer.epoch, FRAME, 0.0)
        buffer.pull()

    return work


def rows() -> list[Row]:
    """All benchmarks."""
    wire = frames.build(frames.KIND_SLIN_8000, FRAME)
    parser, parser_twin = frames.FrameParser(), frames_twin.FrameParser()
    narrow = resample.Resampler(24000, 8000)
    codes = g711.ulaw_encode(FRAME)
    voice = VoiceActivity()
    sentence = "non mais c'est bon ça remarche depuis cinq minutes merci"
    return [
        compared("g711.ulaw_encode", lambda: g711.ulaw_encode(FRAME), lambda: g711_twin.ulaw_encode(FRAME)),
        compared("g711.ulaw_decode", lambda: g711.ulaw_decode(codes), lambda: g711_twin.ulaw_decode(codes)),
        compared("frames.FrameParser.feed", lambda: parser.feed(wire), lambda: parser_twin.feed(wire)),
        compared(
            "playout push + pull",
            push_and_pull(playout.PlayoutBuffer()),
            push_and_pull(playout_twin.PlayoutBuffer()),
        ),
        compared("levels.rms_dbfs", lambda: levels.rms_dbfs(FRAME), lambda: levels_twin.rms_dbfs(FRAME)),
        compared(
            "resample 24 → 8 kHz",
            lambda: narrow.process(WIDE_FRAME),
            # The twin keeps its whole input: a new one for each piece.
            lambda: resample_twin.Resampler(24000, 8000).process(WIDE_FRAME),
        ),
        Row("voice activity", cost_us(lambda: voice.feed(FRAME))),
        Row("rules: one utterance", cost_us(lambda: understand(State.VERIFICATION, sentence))),
    ]


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("bench-results/kernels.json"), help="where the figures go")
    target = parser.parse_args().json
    results = rows()
    table = Table("20 ms of sound", "µs", "× pure Python")
    for row in results:
        table.add_row(row.name, f"{row.us:.2f}", "-" if row.times_twin is None else f"{row.times_twin:.0f}")
    Console().print(table)
    target.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rows": [asdict(row) for row in results],
    }
    target.write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"written: {target}")


if __name__ == "__main__":
    main()
