"""The server's process is stopped for half a second: no burst afterwards, the old rhythm soon, and it is counted."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from rich.console import Console

from app.caller.load import Load
from app.caller.load_sound import caller_frames
from app.caller.load_times import Arrivals
from app.caller.metrics_page import MetricsPage, Sample
from app.caller.process_meter import process_tree
from tests.bench.house import House
from tests.bench.machine import CoreWatch, calmly
from tests.bench.server import CALLS_PER_S
from tests.bench.targets import Target

CALLS = 100
STALL_S = 0.5
SETTLE_S = 3.0
BEFORE_S, AFTER_S = 1.0, 2.5
LOOK_S = 0.2
"""In so long after the stall a server in rhythm sends 10 frames; two more may be ahead of real time (40 ms)."""
FRAME_S = 0.020
AHEAD_FRAMES = 2
RHYTHM_MS = 10.0
"""A frame further than this from the later rhythm is out of it."""
RESYNC_MS = 60.0
LATENESS_BUCKET_S = "0.16"
LATENESS = "voicebot_playout_lateness_seconds"


@dataclass(frozen=True, slots=True)
class Stall:
    """What came of it, the worst of all calls.

    Attributes:
        calls: that were running.
        stalled_s: how long the process really stood.
        frames_after: most frames of a call within 200 ms after it; 10 is right, 12 allowed.
        resync_ms: from the end of the stall to the last frame that was out of rhythm.
        counted: series of the server that tell of it, and by how much they grew.
        fallbacks: providers given up because of it.
    """

    calls: int
    stalled_s: float
    frames_after: int
    resync_ms: float
    counted: dict[str, float]
    fallbacks: float


async def measure(house: House, console: Console) -> tuple[list[Target], dict[str, Any]]:
    """The stall, and what was promised of it."""
    stall = await calmly(partial(_once, house), console)
    told = ", ".join(f"{name} {value:+g}" for name, value in stall.counted.items()) or "nothing"
    console.print(
        f"stall of {stall.stalled_s * 1000:.0f} ms with {stall.calls} calls: the server counted {told};"
        f" providers given up {stall.fallbacks:g}",
        soft_wrap=True,
    )
    return targets_of(stall), asdict(stall)


async def _once(house: House) -> tuple[Stall, float]:
    """A new server, running calls, SIGSTOP, SIGCONT."""
    frames = await asyncio.to_thread(caller_frames, None)
    async with house.voicebot() as server, Load("127.0.0.1", server.port, frames) as load:
        page = MetricsPage(server.metrics_url)
        await load.grow(CALLS, CALLS_PER_S)
        await asyncio.sleep(SETTLE_S)
        before, watch = await page.read(), CoreWatch(house.server_core, server.process.pid)
        await asyncio.sleep(BEFORE_S)
        window = load.begin()
        await asyncio.sleep(BEFORE_S)
        stopped_s, went_on_s = await _stand_still(list(process_tree(server.process.pid)))
        await asyncio.sleep(AFTER_S)
        load.end(window)
        others, after = watch.others_percent(), await page.read()
        await page.close()
    seen = [seen_after(arrivals, went_on_s) for arrivals in window.arrivals]
    stall = Stall(
        calls=len(window.arrivals),
        stalled_s=went_on_s - stopped_s,
        frames_after=max(frames_after for frames_after, _ in seen),
        resync_ms=max(resync_ms for _, resync_ms in seen),
        counted=_counted(before, after),
        fallbacks=(after.total("voicebot_fallbacks_total") or 0.0) - (before.total("voicebot_fallbacks_total") or 0.0),
    )
    return stall, others


async def _stand_still(processes: list[int]) -> tuple[float, float]:
    """Stops them for half a second; when they stood, and when they went on."""
    stopped_s = time.monotonic()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(STALL_S)
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    return stopped_s, time.monotonic()


def seen_after(arrivals: Arrivals, went_on_s: float) -> tuple[int, float]:
    """(frames within 200 ms after the stall, ms until the rhythm was found again) of one call."""
    soon = sum(1 for at_s in arrivals.at_s if went_on_s <= at_s < went_on_s + LOOK_S)
    delays = [
        (at_s, delay) for at_s, delay in zip(arrivals.at_s, arrivals.delays_s(), strict=True) if at_s >= went_on_s
    ]
    return soon, rhythm_found_ms(delays, went_on_s)


def rhythm_found_ms(delays: Sequence[tuple[float, float]], went_on_s: float) -> float:
    """When the last frame came that is out of the rhythm of the second half; infinite without frames."""
    if len(delays) < 2:
        return float("inf")
    later = sorted(delay for _, delay in delays[len(delays) // 2 :])
    usual = later[len(later) // 2]
    out = [at_s for at_s, delay in delays if abs(delay - usual) * 1000 > RHYTHM_MS]
    return (max(out, default=went_on_s) - went_on_s) * 1000


def _counted(before: Sample, after: Sample) -> dict[str, float]:
    """Series that tell of the stall: skipped frames, or a lateness beyond 160 ms."""
    grown = {
        name: after.sums[name] - before.sums.get(name, 0.0)
        for name in after.sums
        if any(word in name for word in ("skip", "stall")) and name.endswith("_total")
    }
    beyond = [
        (sample.total(f"{LATENESS}_count") or 0.0) - sample.bucket(LATENESS, LATENESS_BUCKET_S)
        for sample in (before, after)
    ]
    grown[f"{LATENESS} beyond {LATENESS_BUCKET_S} s"] = beyond[1] - beyond[0]
    return {name: value for name, value in grown.items() if value > 0}


def targets_of(stall: Stall) -> list[Target]:
    """What was promised."""
    allowed = round(LOOK_S / FRAME_S) + AHEAD_FRAMES
    name = f"stall of {stall.stalled_s * 1000:.0f} ms"
    return [
        Target(
            f"{name}: frames within {LOOK_S * 1000:.0f} ms afterwards",
            f"≤ {allowed} (no burst)",
            f"{stall.frames_after}",
            stall.frames_after <= allowed,
        ),
        Target(
            f"{name}: rhythm found again",
            f"≤ {RESYNC_MS:g} ms",
            f"{stall.resync_ms:.0f} ms",
            stall.resync_ms <= RESYNC_MS,
        ),
        Target(f"{name}: counted in the metrics", "yes", ", ".join(stall.counted) or "no", bool(stall.counted)),
    ]
