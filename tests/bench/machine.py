"""The machine that is measured on: facts, speed, cores."""

import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from app.caller.load_level import OTHERS_LIMIT_PERCENT
from app.caller.process_meter import busy_percent, cpu_s, read_core, read_usage

NICENESS = -10
"""Keeps other work on the machine out of the lateness; without the right to it, it is left away."""
CALIBRATION_ROUNDS = 7
RETRIES = 2
"""What others disturbed is measured again: other work on the machine comes and goes."""
Result = TypeVar("Result")


def cores() -> tuple[int, int]:
    """(the server's core, the load's core); the same where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[1] if len(usable) > 1 else usable[0]


def facts() -> dict[str, str]:
    """What somebody who compares figures wants to know."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "memory": f"{memory_gb:.1f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


@contextmanager
def on_cores(*numbers: int) -> Iterator[None]:
    """What is started in here runs on those cores; this thread itself comes back."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, numbers)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def calibration_ms(core: int) -> float:
    """CPU milliseconds of a fixed piece of Python work: how fast that core is just now."""
    rounds = []
    with on_cores(core):
        for _ in range(CALIBRATION_ROUNDS):
            began_s = time.thread_time()
            kept: dict[int, bytes] = {}
            for number in range(60_000):
                kept[number & 255] = b"%d" % number
            rounds.append((time.thread_time() - began_s) * 1000)
    return statistics.median(rounds)


def foreign_percent(core: int, seconds: float = 0.5) -> float:
    """How busy a core is before anything of ours runs on it."""
    before = read_core(core)
    time.sleep(seconds)
    return busy_percent(before, read_core(core))


class CoreWatch:
    """Who else was on a server's core since this was made.

    Args:
        core: that the server is pinned to.
        pid: of the server.
    """

    def __init__(self, core: int, pid: int) -> None:
        self._core, self._pid = core, pid
        self._before = read_core(core), read_usage(pid)

    def others_percent(self) -> float:
        """Busy share of the core that was not the server's."""
        core, usage = self._before
        now = read_usage(self._pid)
        return max(0.0, busy_percent(core, read_core(self._core)) - cpu_s(usage, now) / (now.at_s - usage.at_s) * 100)


async def calmly(once: Callable[[], Awaitable[tuple[Result, float]]], console: Console) -> Result:
    """Repeats a measurement, twice at most, in which others took too much of the server's core.

    Args:
        once: gives the result and what others took, in percent.
    """
    for _ in range(RETRIES):
        result, others = await once()
        if others <= OTHERS_LIMIT_PERCENT:
            return result
        console.print(f"again: others took {others:.0f} % of the server's core")
    return (await once())[0]


@contextmanager
def hurried() -> Iterator[None]:
    """Raises the priority of this process and of what it starts, where that is allowed.

    Linux shares time between sessions first (sched(7), autogroup): the session's priority is given back at the end.
    """
    session = Path("/proc/self/autogroup")
    before = "0"
    with suppress(OSError):
        before = session.read_text().split()[-1]
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with suppress(OSError):
        session.write_text(str(NICENESS))
    try:
        yield
    finally:
        with suppress(OSError):
            session.write_text(before)
