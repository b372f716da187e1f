"""`voicebot load`: many callers at once, more and more of them, and what they cost the server."""

import asyncio
import gc
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from app.caller.load import Load
from app.caller.load_burst import Burst, burst
from app.caller.load_level import Level, measure_level
from app.caller.load_picture import Curve, Point, draw
from app.caller.load_profile import check_file, profile, profiler
from app.caller.load_soak import Keep, Soak, soak
from app.caller.load_sound import caller_frames
from app.caller.load_target import check_target, make_room
from app.caller.metrics_page import MetricsPage
from app.caller.server_meter import ServerMeter
from app.errors import ConfigError, PeerError

MAX_CALLS = 2000
LIMIT_MS = 10.0
"""Of the lateness p99, for the line in the picture."""
LOCAL_METRICS = "http://127.0.0.1:9091/metrics"
"""Where the server shows its metrics when nothing else was set."""
CLOSED_HINT = "is this machine in REMOTE_ASTERISK_IP, and MAX_CONCURRENT_CALLS large enough?"


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """What is wanted; see `voicebot load --help`.

    Attributes:
        levels: numbers of calls, ascending.
        seconds: window of each level; of each call with `in_a_row`.
        per_s: calls opened a second.
        burst: so many calls at once over the running ones, after the last level; 0: none.
        in_a_row: so many calls one after the other instead of levels; 0: none.
        pin: core for this process; -1 leaves it to the kernel.
    """

    host: str
    port: int
    levels: tuple[int, ...]
    seconds: float
    per_s: float
    pid: int
    metrics: str
    wav: Path | None
    burst: int
    in_a_row: int
    json_file: Path | None
    picture: Path | None
    profile: Path | None
    pin: int
    public_too: bool


def levels_of(calls: int, ramp: str) -> tuple[int, ...]:
    """`--ramp 10,25,50`, or `--calls` alone.

    Raises:
        ConfigError: no ascending numbers, or too large ones.
    """
    if not ramp:
        return (calls,)
    try:
        levels = tuple(int(part) for part in ramp.split(","))
    except ValueError:
        raise ConfigError([f"--ramp {ramp!r}: write numbers of calls, such as 10,25,50,100"]) from None
    if list(levels) != sorted(set(levels)) or levels[0] < 1:
        raise ConfigError([f"--ramp {ramp!r}: the numbers must grow, from 1 on"])
    if levels[-1] > MAX_CALLS:
        raise ConfigError([f"--ramp {ramp!r}: at most {MAX_CALLS} calls at once"])
    return levels


async def put_under_load(order: LoadOrder) -> int:
    """Calls, measures, reports; exit code 1 if not even the first level went well.

    Raises:
        ConfigError: options that can't work.
        PeerError: nobody answers.
    """
    _check(order)
    await check_target(order.host, order.port, public_too=order.public_too)
    make_room(order.levels[-1] + order.burst)
    frames = await asyncio.to_thread(caller_frames, order.wav)
    meter = ServerMeter(order.pid, await _page(order))
    console = Console(highlight=False)
    news = Console(stderr=True, highlight=False)
    if order.pin >= 0:
        os.sched_setaffinity(0, {order.pin})
    gc.collect()
    gc.freeze()
    gc.disable()  # thousands of frames a second must not wait for it; it runs between the windows
    try:
        await meter.check()
        async with Load(order.host, order.port, frames) as load:
            if order.in_a_row:
                return _soaked(order, await _soak(order, load, meter, news), console)
            levels = await _climb(order, load, meter, news)
            came = await _burst(order, load, levels, news)
            await _profile(order, levels, news)
    finally:
        gc.enable()
        await meter.close()
    console.print(table_of(levels))
    if came is not None:
        console.print(_burst_words(came), soft_wrap=True)
    _write(order, levels, came)
    first = levels[0]
    if not order.pid and first.cpu_percent is None:
        news.print("voicebot: no figures of CPU and memory: give --pid, or --metrics of a server that tells them")
    for level in levels:
        for words in (*level.problems, *filter(None, [level.broken])):
            news.print(f"voicebot: {level.calls} calls: {words}", markup=False, soft_wrap=True)
    if first.lateness_ms is None:
        news.print(f"voicebot: no call heard anything: {CLOSED_HINT}", soft_wrap=True)
    return 1 if first.broken else 0


def table_of(levels: list[Level]) -> Table:
    """The levels, one a row."""
    table = Table("calls", "CPU ms/call-s", "CPU %", "late p50", "p99", "p99.9", "max", "gap p99", "loop lag")
    for name in ("memory", "KB/call", "underruns", "lost"):
        table.add_column(name)
    for level in levels:
        late, gap = level.lateness_ms, level.gap_ms
        table.add_row(
            str(level.calls),
            _figure(level.cpu_ms_per_call_s, 3),
            _figure(level.cpu_percent, 1),
            *(_figure(value, 1) for value in ((late.p50, late.p99, late.p999, late.max) if late else [None] * 4)),
            _figure(gap.p99 if gap else None, 1),
            _figure(level.loop_lag_ms, 1),
            "-" if level.memory_mb is None else f"{level.memory_mb:.0f} MB",
            _figure(level.memory_kb_per_call, 0),
            f"{level.underruns_per_call_min:.2f}",
            str(level.refused + level.unheard + level.lost),
        )
    table.caption = "times in ms; underruns a call-minute, of a telephone with a 60 ms jitter buffer"
    return table


def _check(order: LoadOrder) -> None:
    problems = []
    if order.levels[-1] + order.burst > MAX_CALLS:
        problems.append(f"--calls, --burst: at most {MAX_CALLS} calls at once")
    if order.in_a_row and not order.pid:
        problems.append("--in-a-row: give --pid, it is the process's memory and descriptors that are watched")
    if order.picture is not None and order.picture.suffix != ".svg":
        problems.append(f"--picture {order.picture}: pictures are SVG, give it a name that ends in .svg")
    if order.profile is not None and not order.pid:
        problems.append("--profile: give --pid, the process that is looked into")
    if order.pin >= 0 and order.pin not in os.sched_getaffinity(0):
        problems.append(f"--pin {order.pin}: this process may use the cores {sorted(os.sched_getaffinity(0))}")
    if problems:
        raise ConfigError(problems)
    if order.profile is not None:
        check_file(order.profile)
        profiler()


async def _page(order: LoadOrder) -> MetricsPage | None:
    """The page that was named; else the local one, where there is one."""
    if order.metrics:
        return MetricsPage(order.metrics)
    if order.host not in ("127.0.0.1", "localhost", "::1"):
        return None
    page = MetricsPage(LOCAL_METRICS)
    try:
        await page.read()
    except PeerError:
        await page.close()
        return None
    return page


async def _climb(order: LoadOrder, load: Load, meter: ServerMeter, news: Console) -> list[Level]:
    levels: list[Level] = []
    for calls in order.levels:
        with news.status(
            f"{calls} calls: opening at {order.per_s:g} a second, then measuring for {order.seconds:g} s…"
        ):
            level = await measure_level(
                load,
                calls,
                seconds=order.seconds,
                per_s=order.per_s,
                meter=meter,
                first=levels[0] if levels else None,
                own_core=order.pin if order.pin >= 0 else None,
            )
        levels.append(level)
        news.print(_line(level), markup=False, soft_wrap=True)
        if level.broken:
            break
    return levels


async def _burst(order: LoadOrder, load: Load, levels: list[Level], news: Console) -> Burst | None:
    if not order.burst or levels[-1].broken:
        return None
    with news.status(f"{order.burst} calls within a second…"):
        return await burst(load, order.burst)


async def _profile(order: LoadOrder, levels: list[Level], news: Console) -> None:
    """After the windows: being looked into costs time."""
    if order.profile is not None:
        with news.status(f"profile of {levels[-1].calls} calls…"):
            await profile(order.pid, order.profile, order.seconds)
        news.print(f"written: {order.profile}", markup=False)


async def _soak(order: LoadOrder, load: Load, meter: ServerMeter, news: Console) -> Soak:
    def show(keep: Keep) -> None:
        news.print(
            f"{keep.after_calls:5} calls  {keep.memory_mb:7.1f} MB"
            f"  {keep.threads} threads  {keep.descriptors} descriptors"
        )

    return await soak(load, meter, order.in_a_row, overlap=order.levels[-1], call_s=order.seconds, on_progress=show)


def _soaked(order: LoadOrder, done: Soak, console: Console) -> int:
    grown = done.grown
    console.print(
        f"{done.calls} calls, {done.overlap} at a time: from call {done.calls - grown.after_calls} on memory grew by"
        f" {grown.memory_mb:+.1f} MB ({done.grown_bytes_per_call:.0f} bytes a call), threads by {grown.threads:+d},"
        f" descriptors by {grown.descriptors:+d}; refused {done.refused}, unheard {done.unheard}",
        soft_wrap=True,
    )
    _save(order, {"soak": done.as_dict()})
    return 1 if done.refused + done.unheard else 0


def _burst_words(came: Burst) -> str:
    first, late = came.first_frame_ms, came.others_lateness_ms
    return (
        f"burst: {came.connected} of {came.calls} calls within {came.within_s:.2f} s over {came.running} running ones;"
        f" first frame after {_figure(first.p50 if first else None, 1)} ms (p50),"
        f" {_figure(first.max if first else None, 1)} ms (longest), {came.unheard} heard none;"
        f" frames of the others at most {_figure(late.max if late else None, 1)} ms late"
    )


def _write(order: LoadOrder, levels: list[Level], came: Burst | None) -> None:
    _save(
        order,
        {"levels": [level.as_dict() for level in levels], "burst": came.as_dict() if came is not None else None},
    )
    if order.picture is not None:
        curve = Curve(f"{order.host}:{order.port}", [point_of(level) for level in levels])
        order.picture.parent.mkdir(parents=True, exist_ok=True)
        order.picture.write_text(draw("voicebot under load", [curve], LIMIT_MS), encoding="utf-8")


def point_of(level: Level) -> Point:
    """A level in the picture."""
    late = level.lateness_ms
    return Point(level.calls, level.cpu_ms_per_call_s, late.p99 if late else None, late.p999 if late else None)


def _save(order: LoadOrder, report: dict[str, Any]) -> None:
    if order.json_file is None:
        return
    head = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "server": f"{order.host}:{order.port}",
        "sound": str(order.wav) if order.wav is not None else "speech-like",
    }
    order.json_file.parent.mkdir(parents=True, exist_ok=True)
    order.json_file.write_text(json.dumps(head | report, indent=1, ensure_ascii=False), encoding="utf-8")


def _line(level: Level) -> str:
    late = level.lateness_ms
    return (
        f"{level.calls:5} calls  {_figure(level.cpu_ms_per_call_s, 3)} ms/call-s"
        f"  late p99 {_figure(late.p99 if late else None, 1)} ms  {_figure(level.memory_mb, 0)} MB"
    )


def _figure(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"
