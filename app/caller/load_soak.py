"""Call after call after call: what a server keeps of those that are over."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from app.caller.load import Load
from app.caller.server_meter import ServerMeter

FIRST_FRAME_TIMEOUT_S = 5.0
REST_S = 5.0
"""For what the server cleans up late."""
POINTS = 10
WARM_SHARE = 0.4
"""The first calls fill pools and caches; growth counts from here."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The server with no call in progress.

    Attributes:
        after_calls: how many it has had.
        memory_mb, threads, descriptors: of the process tree.
    """

    after_calls: int
    memory_mb: float
    threads: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Soak:
    """What came of it.

    Attributes:
        calls: how many were placed; overlap: so many at a time; call_s: each so long.
        unheard: those that heard nothing.
        refused: those that were not connected.
        points: the server along the way.
    """

    calls: int
    overlap: int
    call_s: float
    unheard: int
    refused: int
    points: tuple[Keep, ...]

    @property
    def grown(self) -> Keep:
        """Growth from the warm server to the end."""
        warm = self._warm
        last = self.points[-1]
        return Keep(
            last.after_calls - warm.after_calls,
            last.memory_mb - warm.memory_mb,
            last.threads - warm.threads,
            last.descriptors - warm.descriptors,
        )

    @property
    def grown_bytes_per_call(self) -> float:
        """Memory that each call leaves behind."""
        return self.grown.memory_mb * 2**20 / max(self.grown.after_calls, 1)

    @property
    def _warm(self) -> Keep:
        return next((point for point in self.points if point.after_calls >= WARM_SHARE * self.calls), self.points[0])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "grown": asdict(self.grown), "grown_bytes_per_call": self.grown_bytes_per_call}


async def soak(
    load: Load,
    meter: ServerMeter,
    calls: int,
    *,
    overlap: int = 20,
    call_s: float = 1.0,
    rest_s: float = REST_S,
    on_progress: Callable[[Keep], None] | None = None,
) -> Soak:
    """Places `calls`, `overlap` of them at a time, each `call_s` long; reads the server ten times, when it is idle.

    Args:
        meter: must know the process id.
        rest_s: after the last call, before the last reading; a fifth of it before the others.
    """
    points = [_keep(meter, 0)]
    unheard = refused = placed = 0

    async def caller(share: int) -> None:
        nonlocal unheard, refused
        for _ in range(share):
            channel = await load.call()
            if channel is None:
                refused += 1
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_FRAME_TIMEOUT_S):
                    await channel.heard_or_gone.wait()
            unheard += not channel.first_s
            await asyncio.sleep(call_s)
            await load.hang_up([channel])

    while placed < calls:
        batch = min(max(calls // POINTS, overlap), calls - placed)
        shares = [batch // overlap + (number < batch % overlap) for number in range(overlap)]
        await asyncio.gather(*map(caller, shares))
        placed += batch
        load.forget()
        await asyncio.sleep(rest_s if placed >= calls else rest_s / 5)
        points.append(_keep(meter, placed))
        if on_progress is not None:
            on_progress(points[-1])
    return Soak(calls, overlap, call_s, unheard, refused, tuple(points))


def _keep(meter: ServerMeter, after_calls: int) -> Keep:
    usage = meter.usage()
    assert usage is not None
    return Keep(after_calls, usage.rss_bytes / 2**20, usage.threads, usage.descriptors)
