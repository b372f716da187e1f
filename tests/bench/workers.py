"""Two workers on two cores against one, on a machine that has no third core for the load.

The load must not be the limit, and it takes as much of a core as the server does. So a worker gets a quarter of a core
(`throttle`) and reaches its limit while the rest of the core, with callers and stand-ins, is half idle. Everything
else is the same for one worker and for two: half the callers and a sink on each core, so that in both runs half of all
bytes cross from one core to the other, which costs more than a loopback that stays on one.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from app.errors import VoicebotError
from tests.bench.house import House, Process, Server
from tests.bench.targets import Target
from tests.bench.throttle import NoThrottleError, throttled

SHARE = 0.25
LEVELS = range(60, 301, 20)
WINDOW_S = 4.0
P99_MS, P999_MS = 10.0, 20.0
FACTOR = 1.8
TRIES = (2.0, 1.9, 1.8, 1.7, 1.6, 1.5)
"""Times the calls of one worker that are tried with two, in this order."""


@dataclass(frozen=True, slots=True)
class Level:
    """What came of so many calls: the worse half's lateness in ms, infinite where calls are missing."""

    calls: int
    p99: float
    p999: float

    @property
    def good(self) -> bool:
        """Whether it is within the limits."""
        return self.p99 <= P99_MS and self.p999 <= P999_MS


@dataclass(frozen=True, slots=True)
class Workers:
    """What came of it.

    Attributes:
        alone: most calls of one worker within the limits.
        together: most calls of two; 0 if none of the tries was within them.
        tries: what was tried with two.
    """

    alone: int
    together: int
    tries: tuple[Level, ...]


async def measure(house: House, console: Console) -> tuple[list[Target], dict[str, Any]]:
    """One worker to its limit, then two at multiples of it."""
    cores = sorted({house.server_core, house.load_core})
    if len(cores) < 2:
        return _not_measured("this machine has one core", console)
    try:
        async with house.second_sink(house.server_core):
            alone = await _alone(house, console, cores)
            tries = await _together(house, console, cores, alone)
    except NoThrottleError as error:
        return _not_measured(str(error), console)
    done = Workers(alone, max((level.calls for level in tries if level.good), default=0), tuple(tries))
    return targets_of(done), asdict(done)


def _not_measured(why: str, console: Console) -> tuple[list[Target], dict[str, Any]]:
    console.print(f"workers: not measured, {why}")
    return [Target("two workers on two cores", f"≥ {FACTOR} × one", f"not measured: {why}", None)], {}


def targets_of(done: Workers) -> list[Target]:
    """What was promised."""
    name = f"two workers on two cores, p99 ≤ {P99_MS:g} ms and p99.9 ≤ {P999_MS:g} ms"
    if not done.alone:
        return [Target(name, f"≥ {FACTOR} × one", "one worker alone is late from the start", None)]
    ratio = done.together / done.alone
    measured = f"{done.together} calls to {done.alone}, a worker having {SHARE:.0%} of a core: {ratio:.2f} ×"
    return [Target(name, f"≥ {FACTOR} × one", measured, ratio >= FACTOR - 0.005)]


async def _alone(house: House, console: Console, cores: list[int]) -> int:
    """Most calls of one worker."""
    best = 0
    async with house.voicebot(house.server_core) as server:
        for level in await _measured(house, server, cores[:1], cores, list(LEVELS)):
            console.print(f"one worker, {level.calls} calls: p99 {level.p99:.1f}, p99.9 {level.p999:.1f} ms")
            if not level.good:
                break
            best = level.calls
    return best


async def _together(house: House, console: Console, cores: list[int], alone: int) -> list[Level]:
    """Two workers at multiples of what one could hold, until one is good."""
    tries: list[Level] = []
    for factor in TRIES if alone else ():
        async with house.voicebot(*cores, WORKERS="2") as server:
            (level,) = await _measured(house, server, cores, cores, [round(alone * factor / 2) * 2])
        console.print(
            f"two workers, {level.calls} calls ({factor:g} ×): p99 {level.p99:.1f}, p99.9 {level.p999:.1f} ms"
        )
        tries.append(level)
        if level.good:
            break
    return tries


async def _measured(
    house: House, server: Server, worker_cores: list[int], cores: list[int], levels: list[int]
) -> list[Level]:
    """Both halves of the load at once, while each worker has a part of its core."""
    workers = children_of(server.process.pid)
    for worker, core in zip(workers, worker_cores, strict=True):
        pin(worker, {core})  # the kernel would put both on one core now and then
    with throttled(workers, SHARE):
        halves = await _loads(server, cores, [level // 2 for level in levels])
    return [
        Level(one.calls + other.calls, max(one.p99, other.p99), max(one.p999, other.p999))
        for one, other in zip(*halves, strict=True)
    ]


async def _loads(server: Server, cores: list[int], levels: list[int]) -> list[list[Level]]:
    """Every level of one `voicebot load` on each core, all at once."""
    directory = server.process.log.parent
    words = [sys.executable, "-m", "app", "load", "--port", str(server.port), "--seconds", str(WINDOW_S)]
    words += ["--ramp", ",".join(map(str, levels)), "--metrics", server.metrics_url, "--cps", "25"]
    loads = []
    for core in cores:
        file = directory / f"load-{core}.json"
        loads.append((Process([*words, "--json", str(file)], (core,), directory / f"load-{core}.log"), file))
    try:
        for load, _ in loads:
            await asyncio.to_thread(load.popen.wait)
    finally:
        for load, _ in loads:
            await load.stop()
    found = [_read(load, file) for load, file in loads]
    reached = min(map(len, found))  # the ramp of a half ends where it breaks
    return [half[:reached] for half in found]


def _read(load: Process, file: Path) -> list[Level]:
    if not file.is_file():
        raise VoicebotError(f"the load failed: {load.log.read_text(errors='replace').strip()[-300:]}")
    found = []
    for level in json.loads(file.read_text())["levels"]:
        late = {"p99": float("inf"), "p999": float("inf")} if level["broken"] else level["lateness_ms"]
        found.append(Level(level["calls"], late["p99"], late["p999"]))
    return found


def children_of(pid: int) -> list[int]:
    """The workers of a supervisor, in the order of their start."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def pin(pid: int, cores: set[int]) -> None:
    """Moves a process that runs, all its threads."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), cores)
