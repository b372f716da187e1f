"""What the server under load costs: from the kernel where it runs on this machine, else from its metrics page."""

import os
import time
from dataclasses import dataclass

from app.caller.metrics_page import MetricsPage, Sample, sample_of
from app.caller.process_meter import Usage, cpu_s, read_usage

CPU = "process_cpu_seconds_total"
MEMORY = "process_resident_memory_bytes"
DESCRIPTORS = "process_open_fds"
PREFIXES = ("voicebot_", "")
"""prometheus_client's own names, with the product's namespace or without."""
LOOP_LAG = "voicebot_loop_lag_seconds"
UNDERRUNS = "voicebot_playout_underruns_total"


@dataclass(frozen=True, slots=True)
class Reading:
    """The server at one moment.

    Attributes:
        usage: CPU and memory; None where nobody tells.
        loop_lag_ms: as the server measured it last.
        underruns: times that its own speech ran dry, since its start.
    """

    usage: Usage | None
    loop_lag_ms: float | None
    underruns: float | None


class ServerMeter:
    """Reads the server.

    Args:
        pid: of the process; its children count too. 0: read the page.
        page: its metrics; None if they can't be reached.
    """

    def __init__(self, pid: int = 0, page: MetricsPage | None = None) -> None:
        self.pid = pid
        self._page = page

    async def check(self) -> None:
        """Finds out at start what would fail in the middle.

        Raises:
            ConfigError: no such process.
            PeerError: nobody answers on the metrics page.
        """
        if self.pid:
            read_usage(self.pid)
        if self._page is not None:
            await self._page.read()

    def core(self) -> int | None:
        """The core that the server is pinned to; None if it may choose."""
        try:
            cores = os.sched_getaffinity(self.pid) if self.pid else set()
        except OSError:
            return None
        return min(cores) if len(cores) == 1 else None

    def usage(self) -> Usage | None:
        """CPU and memory from the kernel, at once."""
        return read_usage(self.pid) if self.pid else None

    async def read(self) -> Reading:
        """All there is to know now. The page comes last: rendering it costs the server time."""
        usage = self.usage()
        if self._page is None:
            return Reading(usage, None, None)
        sample = await self._page.read()
        lag_s = sample.largest(LOOP_LAG)
        return Reading(usage or _of_page(sample), None if lag_s is None else lag_s * 1000, sample.total(UNDERRUNS))

    async def fetch(self) -> str:
        """The metrics page as text; empty without one."""
        return "" if self._page is None else await self._page.fetch()

    async def close(self) -> None:
        """Closes the page's connection."""
        if self._page is not None:
            await self._page.close()


def loop_lag_ms(text: str) -> float | None:
    """The lag that a fetched page tells, the largest of all workers."""
    lag_s = sample_of(text).largest(LOOP_LAG)
    return None if lag_s is None else lag_s * 1000


def cores_used(before: Reading, after: Reading) -> float | None:
    """CPU seconds a second between two readings; None where nobody tells."""
    if before.usage is None or after.usage is None:
        return None
    return cpu_s(before.usage, after.usage) / (after.usage.at_s - before.usage.at_s)


def _of_page(sample: Sample) -> Usage | None:
    for prefix in PREFIXES:
        spent_s, memory = sample.total(prefix + CPU), sample.total(prefix + MEMORY)
        if spent_s is not None and memory is not None:
            descriptors = int(sample.total(prefix + DESCRIPTORS) or 0)
            return Usage(time.monotonic(), spent_s, 0.0, spent_s, 0.0, int(memory), 0, descriptors, 1)
    return None
