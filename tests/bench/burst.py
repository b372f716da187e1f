"""A burst of a hundred calls within a second over a hundred running ones."""

import asyncio
from functools import partial
from typing import Any

from rich.console import Console

from app.caller.load import Load
from app.caller.load_burst import Burst, burst
from app.caller.load_level import CALM_S
from app.caller.load_sound import caller_frames
from tests.bench.house import House
from tests.bench.machine import CoreWatch, calmly
from tests.bench.server import CALLS_PER_S
from tests.bench.targets import Target

RUNNING = 100
CALLS = 100
WITHIN_S = 1.0
SETTLE_S = 3.0
FIRST_FRAME_MS = 100.0
OTHERS_MS = 20.0


async def measure(house: House, console: Console) -> tuple[list[Target], dict[str, Any]]:
    """The burst, and what was promised of it."""
    came = await calmly(partial(_once, house), console)
    console.print(
        f"burst: {came.connected} of {CALLS} calls within {came.within_s:.2f} s over {came.running};"
        f" own clock late p99 {came.own_lateness_ms.p99 if came.own_lateness_ms else 0:.1f} ms",
        soft_wrap=True,
    )
    return targets_of(came), came.as_dict()


async def _once(house: House) -> tuple[Burst, float]:
    """A new server, running calls, the burst."""
    frames = await asyncio.to_thread(caller_frames, None)
    async with house.voicebot() as server, Load("127.0.0.1", server.port, frames) as load:
        await load.grow(RUNNING, CALLS_PER_S)
        await asyncio.sleep(SETTLE_S)
        watch = CoreWatch(house.server_core, server.process.pid)
        await asyncio.sleep(CALM_S)
        came = await burst(load, CALLS, WITHIN_S)
        return came, watch.others_percent()


def targets_of(came: Burst) -> list[Target]:
    """What was promised."""
    first, others = came.first_frame_ms, came.others_lateness_ms
    all_heard = came.connected == came.calls and came.unheard == 0
    longest = f"p50 {first.p50:.1f}, longest {first.max:.1f} ms" if first else "-"
    if not all_heard:
        longest += f"; {came.calls - came.connected} not connected, {came.unheard} heard nothing"
    return [
        Target(
            f"burst of {came.calls} within {WITHIN_S:g} s: first frame after the UUID",
            f"≤ {FIRST_FRAME_MS:g} ms for all",
            longest,
            first is not None and first.max <= FIRST_FRAME_MS and all_heard,
        ),
        Target(
            f"burst: latest frame of the {came.running} others",
            f"≤ {OTHERS_MS:g} ms",
            f"p99 {others.p99:.1f}, latest {others.max:.1f} ms" if others else "-",
            others is not None and others.max <= OTHERS_MS,
        ),
    ]
