"""What a server process and its children cost, read from the kernel's /proc (proc(5))."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigError

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Usage:
    """A process tree at one moment; counts since its start.

    Attributes:
        at_s: when, on the monotonic clock.
        user_s, system_s: CPU time, in steps of 10 ms; the dead children that were waited for included.
        run_s: CPU time to the nanosecond, of living threads only (schedstat).
        wait_s: time that runnable threads waited for a core.
        rss_bytes: resident memory.
        threads, descriptors, processes: how many.
    """

    at_s: float
    user_s: float
    system_s: float
    run_s: float
    wait_s: float
    rss_bytes: int
    threads: int
    descriptors: int
    processes: int


def cpu_s(before: Usage, after: Usage) -> float:
    """CPU time between two readings.

    The exact count leaves out threads that ended meanwhile: the coarse one is its floor.
    """
    coarse_s = after.user_s + after.system_s - before.user_s - before.system_s
    return max(after.run_s - before.run_s, 0.97 * coarse_s)


def read_usage(pid: int) -> Usage:
    """Reads a process and all its descendants; those that end meanwhile are left out.

    Raises:
        ConfigError: there is no such process, or no /proc.
    """
    if not (PROC / str(pid)).is_dir():
        raise ConfigError([f"--pid {pid}: no such process"])
    user = system = run = wait = pages = threads = descriptors = processes = 0
    for one in process_tree(pid):
        with suppress(OSError):
            fields = (PROC / str(one) / "stat").read_text().rsplit(")", 1)[1].split()
            user += int(fields[11]) + int(fields[13])
            system += int(fields[12]) + int(fields[14])
            threads += int(fields[17])
            processes += 1
            pages += int((PROC / str(one) / "statm").read_text().split()[1])
            for task in os.listdir(PROC / str(one) / "task"):
                with suppress(OSError):
                    ran, waited, _ = (PROC / str(one) / "task" / task / "schedstat").read_text().split()
                    run += int(ran)
                    wait += int(waited)
            descriptors += len(os.listdir(PROC / str(one) / "fd"))
    return Usage(
        time.monotonic(),
        user / TICKS_PER_S,
        system / TICKS_PER_S,
        run / 1e9,
        wait / 1e9,
        pages * PAGE_BYTES,
        threads,
        descriptors,
        processes,
    )


def process_tree(pid: int) -> Iterator[int]:
    """The process and all its descendants."""
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        with suppress(OSError):
            for task in os.listdir(PROC / str(one) / "task"):
                waiting += map(int, (PROC / str(one) / "task" / task / "children").read_text().split())


@dataclass(frozen=True, slots=True)
class CoreTime:
    """A core's time since the machine's start.

    Attributes:
        busy_s: not idle, whatever did it.
        total_s: all of it.
    """

    busy_s: float
    total_s: float


def busy_percent(before: CoreTime, after: CoreTime) -> float:
    """Share of a core that was busy between two readings."""
    return 100 * (after.busy_s - before.busy_s) / max(after.total_s - before.total_s, 1e-9)


def read_core(number: int | None) -> CoreTime:
    """Reads one core, or the sum of all of them (None); zeros where there is none of that number."""
    wanted = "cpu" if number is None else f"cpu{number}"
    with suppress(OSError):
        for line in (PROC / "stat").read_text().splitlines():
            name, *counts = line.split()
            if name == wanted:
                ticks = [int(count) for count in counts[:8]]
                total = sum(ticks)
                return CoreTime((total - ticks[3] - ticks[4]) / TICKS_PER_S, total / TICKS_PER_S)
    return CoreTime(0.0, 0.0)
