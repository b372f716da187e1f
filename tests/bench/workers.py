"""Two workers on two cores against one worker on one core, on a machine that has no third core for the load.

Each core gets the same share of everything: alone, one worker, its callers and its providers share one core; together,
two workers, twice the callers (two processes) and the providers share two. The load takes the same part of
a core in both runs, so it is the limit of neither, and the ratio is that of the workers.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from app.config import Settings
from app.errors import VoicebotError
from tests.bench.house import House, Process, Server
from tests.bench.targets import Target

STEP_CALLS = 40
START_CALLS = 80
MAX_CALLS = 480
WINDOW_S = 4.0
P99_MS, P999_MS = 10.0, 20.0
FACTOR = 1.8
TRIES = (2.0, 1.9, 1.8, 1.7, 1.5)
"""Times the calls of one worker that are tried with two, in this order."""


@dataclass(frozen=True, slots=True)
class Workers:
    """What came of it.

    Attributes:
        alone: most calls of one worker within the limits.
        together: most calls of two; 0 if none of the tries was within them.
        tries: what was tried with two: calls, and the worst p99 and p99.9 of both halves in ms.
    """

    alone: int
    together: int
    tries: tuple[tuple[int, float, float], ...]


async def measure(house: House, console: Console) -> tuple[list[Target], dict[str, Any]]:
    """One worker to its limit, then two at multiples of it."""
    usable = os.sched_getaffinity(house.providers_pid)
    cores = sorted({house.server_core, house.load_core})
    if len(cores) < 2 or not _two_workers_possible():
        why = "this machine has one core" if len(cores) < 2 else "WORKERS=2 is not offered yet"
        console.print(f"workers: not measured, {why}")
        return [Target("two workers on two cores", f"≥ {FACTOR} × one", f"not measured: {why}", None)], {}
    try:
        pin(house.providers_pid, {cores[0]})
        alone = await _alone(house, console, cores[0])
        pin(house.providers_pid, set(cores))
        tries = await _together(house, console, cores, alone)
    finally:
        pin(house.providers_pid, usable)
    good = [calls for calls, p99, p999 in tries if p99 <= P99_MS and p999 <= P999_MS]
    done = Workers(alone, max(good, default=0), tuple(tries))
    return targets_of(done), asdict(done)


def targets_of(done: Workers) -> list[Target]:
    """What was promised."""
    name = f"two workers on two cores, p99 ≤ {P99_MS:g} ms and p99.9 ≤ {P999_MS:g} ms"
    if not done.alone:
        return [Target(name, f"≥ {FACTOR} × one", "one worker alone is late from the start", None)]
    ratio = done.together / done.alone
    measured = f"{done.together} calls to {done.alone}: {ratio:.2f} ×"
    return [Target(name, f"≥ {FACTOR} × one", measured, ratio >= FACTOR - 0.005)]


async def _alone(house: House, console: Console, core: int) -> int:
    """Most calls of one worker with everything on one core."""
    best = 0
    async with house.voicebot(core) as server:
        levels = range(START_CALLS, MAX_CALLS + 1, STEP_CALLS)
        for calls, p99, p999 in await _lateness(house, server, [",".join(map(str, levels))], [core]):
            console.print(f"one worker, {calls} calls: p99 {p99:.1f}, p99.9 {p999:.1f} ms")
            if p99 > P99_MS or p999 > P999_MS:
                break
            best = calls
    return best


async def _together(house: House, console: Console, cores: list[int], alone: int) -> list[tuple[int, float, float]]:
    """Two workers at multiples of what one could hold, until one is good."""
    tries: list[tuple[int, float, float]] = []
    for factor in TRIES if alone else ():
        half = round(alone * factor / 2)
        async with house.voicebot(*cores, WORKERS="2") as server:
            halves = await _lateness(house, server, [str(half), str(half)], cores)
        worst = (2 * half, max(p99 for _, p99, _ in halves), max(p999 for _, _, p999 in halves))
        console.print(f"two workers, {worst[0]} calls ({factor:g} ×): p99 {worst[1]:.1f}, p99.9 {worst[2]:.1f} ms")
        tries.append(worst)
        if worst[1] <= P99_MS and worst[2] <= P999_MS:
            break
    return tries


async def _lateness(house: House, server: Server, ramps: list[str], cores: list[int]) -> list[tuple[int, float, float]]:
    """(calls, p99, p99.9) of every level of one `voicebot load` a core, all at once."""
    directory = server.process.log.parent
    words = [sys.executable, "-m", "app", "load", "--port", str(server.port), "--seconds", str(WINDOW_S)]
    loads = []
    for number, (ramp, core) in enumerate(zip(ramps, cores, strict=True)):
        file = directory / f"load-{number}.json"
        options = ["--ramp", ramp, "--json", str(file), "--cps", str(50 / len(cores)), "--metrics", server.metrics_url]
        loads.append((Process([*words, *options], (core,), directory / f"load-{number}.log"), file))
    try:
        for load, _ in loads:
            await asyncio.to_thread(load.popen.wait)
    finally:
        for load, _ in loads:
            await load.stop()
    return [level for load, file in loads for level in _read(load, file)]


def _read(load: Process, file: Path) -> list[tuple[int, float, float]]:
    if not file.is_file():
        raise VoicebotError(f"the load failed: {load.log.read_text(errors='replace').strip()[-300:]}")
    found = []
    for level in json.loads(file.read_text())["levels"]:
        late = level["lateness_ms"]
        if level["broken"] or late is None:
            found.append((level["calls"], float("inf"), float("inf")))
        else:
            found.append((level["calls"], late["p99"], late["p999"]))
    return found


def _two_workers_possible() -> bool:
    try:
        Settings(workers=2, _env_file=None)
    except ValidationError:
        return False
    return True


def pin(pid: int, cores: set[int]) -> None:
    """Moves a process that runs, all its threads."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), cores)
