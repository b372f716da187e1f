"""The whole server beside the reference: CPU a call-second and lateness, interleaved, in one run on one machine.

python -m tests.bench.server --levels 50,200 --passes 1 --window 8
"""

import argparse
import asyncio
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from app.caller.load import Load
from app.caller.load_sound import caller_frames
from app.caller.load_times import Spread, spread
from app.caller.process_meter import busy_percent, cpu_s, read_core, read_usage
from tests.bench.house import House, Server, open_house
from tests.bench.machine import calibration_ms, cores, facts, hurry

SECONDS_TO_FIRST = 20.0
SETTLE_S = 3.0
CALLS_PER_S = 50.0


@dataclass(frozen=True, slots=True)
class Level:
    """One server at one number of calls."""

    server: str
    calls: int
    window_s: float
    cpu_ms_per_call_s: float
    cpu_percent: float
    system_percent: float
    wait_percent: float
    lateness_ms: Spread | None
    gap_ms: Spread | None
    underruns: int
    realtime: float
    speech: float
    sink: float
    rss_mb: float
    threads: int
    descriptors: int
    own_percent: float
    load_core_percent: float
    server_core_percent: float
    own_lateness_ms: Spread | None
    lost: int
    refused: int
    unheard: int
    calibration_ms: float
    problems: tuple[str, ...]


async def measure(house: House, name: str, server: Server, load: Load, calls: int, window_s: float) -> Level:
    """Grows the load to `calls`, lets it settle, measures."""
    speed_ms = calibration_ms(house.server_core) if not load.channels else 0.0
    await load.grow(calls, CALLS_PER_S)
    await load.all_heard(SECONDS_TO_FIRST)
    await asyncio.sleep(SETTLE_S)
    gc.collect()
    sink_before = await house.sink_counts()
    usage, cores_before = (
        read_usage(server.process.pid),
        [read_core(core) for core in (house.server_core, house.load_core)],
    )
    window = await load.measure(window_s)
    after, cores_after = (
        read_usage(server.process.pid),
        [read_core(core) for core in (house.server_core, house.load_core)],
    )
    sink_after = await house.sink_counts()
    seconds, open_calls = window.end_s - window.start_s, len(load.open)
    late: list[float] = []
    gaps: list[float] = []
    media_s, underruns = 0.0, 0
    for arrivals in window.arrivals:
        late += arrivals.lateness_ms()
        gaps += arrivals.gaps_ms()
        media_s += arrivals.media_s()
        underruns += arrivals.underruns(60.0)
        await asyncio.sleep(0)
    used_s = cpu_s(usage, after)
    level = dict(
        server=name,
        calls=calls,
        window_s=seconds,
        cpu_ms_per_call_s=used_s * 1000 / seconds / max(open_calls, 1),
        cpu_percent=used_s / seconds * 100,
        system_percent=(after.system_s - usage.system_s) / seconds * 100,
        wait_percent=(after.wait_s - usage.wait_s) / seconds * 100,
        lateness_ms=spread(late),
        gap_ms=spread(gaps),
        underruns=underruns,
        realtime=media_s / seconds / max(open_calls, 1),
        speech=window.spoke / max(window.listened, 1),
        sink=(sink_after["sound_bytes"] - sink_before["sound_bytes"]) / max(window.sent_bytes, 1),
        rss_mb=after.rss_bytes / 2**20,
        threads=after.threads,
        descriptors=after.descriptors,
        own_percent=window.own_cpu_s / seconds * 100,
        server_core_percent=busy_percent(cores_before[0], cores_after[0]),
        load_core_percent=busy_percent(cores_before[1], cores_after[1]),
        own_lateness_ms=spread(1000 * late_s for late_s in window.own_lateness_s),
        lost=window.lost,
        refused=load.refused,
        unheard=len(load.channels) - load.heard,
        calibration_ms=speed_ms,
    )
    return Level(**level, problems=tuple(problems_of(level)))  # type: ignore[arg-type]


def problems_of(level: dict[str, Any]) -> list[str]:
    """Why a row can't be trusted."""
    found = []
    if level["lost"] or level["refused"] or level["unheard"]:
        found.append(f"calls lost {level['lost']}, refused {level['refused']}, unheard {level['unheard']}")
    if level["speech"] < 0.8:
        found.append(f"only {level['speech']:.0%} of what was heard is speech")
    if not 0.95 < level["sink"] < 1.05:
        found.append(f"the ears were sent {level['sink']:.0%} of what the callers said")
    own = level["own_lateness_ms"]
    if own is None or own.p99 > 5.0:
        found.append(f"the load itself was late: p99 {own.p99 if own else 0:.1f} ms")
    return found


def line(level: Level) -> str:
    """One row for people."""
    late, own = level.lateness_ms, level.own_lateness_ms
    words = (
        f"{level.server:<6} N={level.calls:<4} {level.cpu_ms_per_call_s:6.3f} ms/call-s  "
        f"cpu {level.cpu_percent:5.1f} % "
        f"(sys {level.system_percent:4.1f}, wait {level.wait_percent:4.1f})  "
    )
    if late:
        words += f"late p50/p99/p99.9/max {late.p50:.1f}/{late.p99:.1f}/{late.p999:.1f}/{late.max:.1f} ms  "
    words += (
        f"rss {level.rss_mb:6.1f} MB  speech {level.speech:.2f} rt {level.realtime:.3f} sink {level.sink:.3f} "
        f"under {level.underruns}  load {level.own_percent:.0f} % of core {level.load_core_percent:.0f} %"
    )
    if own:
        words += f" tick p99 {own.p99:.1f}"
    return words + "".join(f"  !! {problem}" for problem in level.problems)


async def compare(
    house: House, servers: Sequence[str], levels: Sequence[int], passes: int, window_s: float, console: Console
) -> list[Level]:
    """Every server at every level, a new process each time, one after the other, `passes` times."""
    frames = await asyncio.to_thread(caller_frames, None)
    rows = []
    for _ in range(passes):
        for calls in levels:
            for name in servers:
                place = house.plain if name == "plain" else house.voicebot
                async with place(house.server_core) as server, Load("127.0.0.1", server.port, frames) as load:
                    row = await measure(house, name, server, load, calls, window_s)
                rows.append(row)
                console.print(line(row), markup=False, soft_wrap=True)
    return rows


def summary(rows: Sequence[Level]) -> Table:
    """Medians by level, and the ratio."""
    table = Table("calls", "plain ms/call-s", "voicebot ms/call-s", "ratio", "p99 plain", "p99 voicebot")
    for calls in sorted({row.calls for row in rows}):
        costs = {}
        late = {}
        for name in ("plain", "ours"):
            mine = [row for row in rows if row.calls == calls and row.server == name]
            if mine:
                costs[name] = statistics.median(row.cpu_ms_per_call_s for row in mine)
                late[name] = statistics.median(row.lateness_ms.p99 for row in mine if row.lateness_ms)
        ratio = f"{costs['ours'] / costs['plain']:.2f}" if len(costs) == 2 else "-"
        table.add_row(
            str(calls),
            *(f"{costs[name]:.3f}" if name in costs else "-" for name in ("plain", "ours")),
            ratio,
            *(f"{late[name]:.1f}" if name in late else "-" for name in ("plain", "ours")),
        )
    return table


async def run(options: argparse.Namespace) -> list[Level]:
    """The whole comparison."""
    console = Console(highlight=False)
    server_core, load_core = cores()
    console.print(", ".join(f"{name} {value}" for name, value in facts().items()), soft_wrap=True)
    hurry()
    gc.disable()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder:
        async with open_house(Path(folder), server_core, load_core) as house:
            os.sched_setaffinity(0, {load_core})
            rows = await compare(
                house, options.servers.split(","), options.levels, options.passes, options.window, console
            )
    console.print(summary(rows))
    console.print(f"{time.monotonic() - began_s:.0f} s")
    return rows


def main() -> None:
    """Reads the arguments, measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--levels", type=lambda text: [int(part) for part in text.split(",")], default=[50, 200])
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--window", type=float, default=8.0, help="seconds measured")
    parser.add_argument("--servers", default="plain,ours")
    parser.add_argument("--json", type=Path, default=Path("bench-results/server.json"))
    options = parser.parse_args()
    rows = uvloop.run(run(options))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
