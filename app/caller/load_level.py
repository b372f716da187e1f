"""One level of a load: so many calls, what they heard when, and what they cost the server."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from app.caller.load import Load, Window
from app.caller.load_times import Arrivals, Spread, spread
from app.caller.process_meter import CoreTime, busy_percent, read_core
from app.caller.server_meter import Reading, ServerMeter, cores_used, loop_lag_ms

FIRST_FRAME_TIMEOUT_S = 20.0
SETTLE_S = 3.0
"""From the last call's first frame to the window: welcomes are over their first sentence, caches are warm."""
JITTER_BUFFER_MS = 60.0
"""Of the simulated telephone, for its underruns (Asterisk's default target is 40 to 60 ms)."""
LAG_READINGS = 3
CALM_S = 0.1
"""Between what takes this process's own time (its memory, /proc) and the window."""
OWN_LATENESS_LIMIT_MS = 5.0
"""A load that is later than that itself (p99) judges nobody."""
OTHERS_LIMIT_PERCENT = 15.0
"""More than that of the server's core for others, and its lateness is theirs."""
BROKEN_LATENESS_MS = 100.0
BROKEN_CPU_PERCENT = 97.0
BROKEN_LOST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Level:
    """What was measured; None where nobody tells.

    Attributes:
        calls: how many were wanted.
        open_calls: how many were there at the window's end.
        seconds: length of the window.
        cpu_ms_per_call_s: CPU time of the server a second of each call.
        cpu_percent: of one core; system_percent: the kernel's share of it; wait_percent: runnable without a core.
        others_percent: what others took of the core that the server is pinned to.
        lateness_ms: arrival minus media time, relative to the earliest frame of each channel's first second.
        gap_ms: between consecutive frames.
        underruns_per_call_min: of a telephone with a 60 ms jitter buffer.
        realtime: seconds of sound heard a second and call; 1.0 is right.
        speech_share: of the frames that were looked into, how many carry speech.
        server_underruns: as the server counts them, in the window.
        loop_lag_ms: the worst that the server told.
        memory_mb: resident, the whole process tree; memory_kb_per_call: growth since the first level, a call.
        threads, descriptors: of the process tree.
        refused, unheard, lost: calls that were not connected, never heard a frame, ended in the window.
        stuck: frames that the server did not take.
        sent_bytes: callers' sound in the window.
        own_cpu_percent, own_core_percent, own_lateness_ms: the load's own CPU, its core's busy share, its clock.
        problems: why this level is not to be believed; empty when it is.
    """

    calls: int
    open_calls: int
    seconds: float
    cpu_ms_per_call_s: float | None
    cpu_percent: float | None
    system_percent: float | None
    wait_percent: float | None
    others_percent: float | None
    lateness_ms: Spread | None
    gap_ms: Spread | None
    underruns_per_call_min: float
    realtime: float
    speech_share: float
    server_underruns: float | None
    loop_lag_ms: float | None
    memory_mb: float | None
    memory_kb_per_call: float | None
    threads: int | None
    descriptors: int | None
    refused: int
    unheard: int
    lost: int
    stuck: int
    sent_bytes: int
    own_cpu_percent: float
    own_core_percent: float | None
    own_lateness_ms: Spread | None
    problems: tuple[str, ...] = ()

    @property
    def broken(self) -> str:
        """Why the server is over its limit at this level; empty if it is not."""
        if self.lateness_ms is None:
            return "nothing was heard"
        if self.lateness_ms.p99 > BROKEN_LATENESS_MS:
            return f"one frame in a hundred is {self.lateness_ms.p99:.0f} ms late"
        if (self.cpu_percent or 0.0) >= BROKEN_CPU_PERCENT and self.realtime < 0.99:
            return f"the core is full ({self.cpu_percent:.0f} %) and the sound slower than real time"
        missing = self.refused + self.unheard + self.lost
        if missing > BROKEN_LOST_SHARE * self.calls:
            return f"{missing} of {self.calls} calls were refused, lost or never heard"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON; milliseconds and shares with three decimals."""
        return {**_rounded(asdict(self)), "broken": self.broken}


async def measure_level(
    load: Load,
    calls: int,
    *,
    seconds: float,
    per_s: float,
    meter: ServerMeter,
    first: Level | None = None,
    settle_s: float = SETTLE_S,
    own_core: int | None = None,
) -> Level:
    """Brings the load to `calls`, lets it settle, measures for `seconds`.

    Args:
        per_s: calls opened a second.
        first: an earlier level of the same server: memory counts from there.
        own_core: the core whose busy share is told with it.
    """
    await load.grow(calls, per_s)
    await load.all_heard(FIRST_FRAME_TIMEOUT_S)
    await asyncio.sleep(settle_s)
    gc.collect()
    before, cores_before = await meter.read(), [_core(number) for number in (own_core, meter.core())]
    await asyncio.sleep(CALM_S)
    window = load.begin()
    pages = await _watch(meter, seconds)
    load.end(window)
    usage_after, cores_after = meter.usage(), [_core(number) for number in (own_core, meter.core())]
    after = await meter.read()
    if usage_after is not None:
        after = replace(after, usage=usage_after)
    lags = [lag_ms for page in pages if (lag_ms := loop_lag_ms(page)) is not None]
    busy = [_busy(*pair) for pair in zip(cores_before, cores_after, strict=True)]
    return await _level(load, calls, window, before, after, lags, first, busy)


async def _watch(meter: ServerMeter, seconds: float) -> list[str]:
    """Waits for so long, fetching the metrics now and then, as Prometheus does."""
    loop = asyncio.get_running_loop()
    began_s, pages = loop.time(), []
    for number in range(1, LAG_READINGS + 1):
        await asyncio.sleep(began_s + seconds * number / (LAG_READINGS + 1) - loop.time())
        pages.append(await meter.fetch())
    await asyncio.sleep(max(0.0, began_s + seconds - loop.time()))
    return pages


async def _level(
    load: Load,
    calls: int,
    window: Window,
    before: Reading,
    after: Reading,
    lags: list[float],
    first: Level | None,
    busy: list[float | None],
) -> Level:
    seconds, open_calls = window.end_s - window.start_s, len(load.open)
    late, gaps, underruns, media_s = await _heard(window.arrivals)
    used, usage = cores_used(before, after), after.usage
    memory_mb = usage.rss_bytes / 2**20 if usage is not None else None
    own_busy, server_busy = busy
    underran = None
    if before.underruns is not None and after.underruns is not None:
        underran = after.underruns - before.underruns
    level = Level(
        calls=calls,
        open_calls=open_calls,
        seconds=seconds,
        cpu_ms_per_call_s=None if used is None else used * 1000 / max(open_calls, 1),
        cpu_percent=None if used is None else used * 100,
        system_percent=_percent(before, after, "system_s"),
        wait_percent=_percent(before, after, "wait_s"),
        others_percent=None if used is None or server_busy is None else max(0.0, server_busy - used * 100),
        lateness_ms=spread(late),
        gap_ms=spread(gaps),
        underruns_per_call_min=underruns / max(len(window.arrivals), 1) / seconds * 60,
        realtime=media_s / seconds / max(len(window.arrivals), 1),
        speech_share=window.spoke / max(window.listened, 1),
        server_underruns=underran,
        loop_lag_ms=max(lags, default=None),
        memory_mb=memory_mb,
        memory_kb_per_call=_kb_per_call(first, memory_mb, calls),
        threads=usage.threads if usage is not None else None,
        descriptors=usage.descriptors if usage is not None else None,
        refused=load.refused,
        unheard=len(load.channels) - load.heard,
        lost=window.lost,
        stuck=sum(channel.stuck for channel in load.channels),
        sent_bytes=window.sent_bytes,
        own_cpu_percent=window.own_cpu_s / seconds * 100,
        own_core_percent=own_busy,
        own_lateness_ms=spread(late_s * 1000 for late_s in window.own_lateness_s),
    )
    return replace(level, problems=tuple(_problems(level)))


async def _heard(channels: Sequence[Arrivals]) -> tuple[list[float], list[float], int, float]:
    """Lateness and gaps in ms, underruns, seconds of sound; gives way to the calls between channels."""
    late: list[float] = []
    gaps: list[float] = []
    underruns, media_s = 0, 0.0
    for arrivals in channels:
        late += arrivals.lateness_ms()
        gaps += arrivals.gaps_ms()
        underruns += arrivals.underruns(JITTER_BUFFER_MS)
        media_s += arrivals.media_s()
        await asyncio.sleep(0)
    return late, gaps, underruns, media_s


def _problems(level: Level) -> list[str]:
    own = level.own_lateness_ms
    found = []
    if own is None or own.p99 > OWN_LATENESS_LIMIT_MS:
        found.append(f"the load itself was late (p99 {own.p99 if own else 0:.1f} ms): the machine had no time for it")
    if (level.others_percent or 0.0) > OTHERS_LIMIT_PERCENT:
        found.append(f"others took {level.others_percent:.0f} % of the server's core")
    return found


def _percent(before: Reading, after: Reading, name: str) -> float | None:
    if before.usage is None or after.usage is None:
        return None
    seconds = after.usage.at_s - before.usage.at_s
    return float(getattr(after.usage, name) - getattr(before.usage, name)) / seconds * 100


def _kb_per_call(first: Level | None, memory_mb: float | None, calls: int) -> float | None:
    if first is None or first.memory_mb is None or memory_mb is None or calls <= first.calls:
        return None
    return (memory_mb - first.memory_mb) * 1024 / (calls - first.calls)


def _core(number: int | None) -> CoreTime | None:
    return None if number is None else read_core(number)


def _busy(before: CoreTime | None, after: CoreTime | None) -> float | None:
    return None if before is None or after is None else busy_percent(before, after)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return value
