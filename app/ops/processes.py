"""What the system says of a process: processor time, memory, descriptors, threads (proc(5))."""

import os
from dataclasses import dataclass

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """One process at one moment."""

    cpu_s: float
    resident_bytes: int
    open_fds: int
    threads: int


def figures_of(pid: int) -> ProcessFigures | None:
    """Reads them; None when there is no such process, or not any more."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in parentheses may hold anything; fields are counted from behind it.
            fields = file.read().rpartition(b")")[2].split()
        open_fds = len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None
    return ProcessFigures(
        cpu_s=(int(fields[11]) + int(fields[12])) / TICKS_PER_S,
        resident_bytes=int(fields[21]) * PAGE_BYTES,
        open_fds=open_fds,
        threads=int(fields[17]),
    )
