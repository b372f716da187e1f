"""Two thousand calls one after another, twenty at a time to be quick: what the server keeps of them."""

import asyncio
from typing import Any

from rich.console import Console

from app.caller.load import Load
from app.caller.load_soak import Soak, soak
from app.caller.load_sound import caller_frames
from app.caller.server_meter import ServerMeter
from tests.bench.house import House
from tests.bench.targets import Target

CALLS = 2000
OVERLAP = 20
CALL_S = 0.4
BYTES_PER_CALL = 2048.0
"""What counts as flat: the allocator's noise of some megabytes over the measured calls."""


async def measure(house: House, console: Console, calls: int = CALLS) -> tuple[list[Target], dict[str, Any]]:
    """A new server and its calls."""
    frames = await asyncio.to_thread(caller_frames, None)
    async with house.voicebot() as server, Load("127.0.0.1", server.port, frames) as load:
        done = await soak(load, ServerMeter(server.process.pid), calls, overlap=OVERLAP, call_s=CALL_S)
    console.print(
        f"{calls} calls, {OVERLAP} at a time, {CALL_S:g} s each: "
        + ", ".join(f"{point.memory_mb:.0f} MB" for point in done.points),
        soft_wrap=True,
    )
    return targets_of(done), done.as_dict()


def targets_of(done: Soak) -> list[Target]:
    """What was promised."""
    grown = done.grown
    name = f"{done.calls} calls, {done.overlap} at a time"
    complete = done.unheard + done.refused == 0
    return [
        Target(
            f"{name}: memory",
            f"flat (≤ {BYTES_PER_CALL / 1024:g} KB a call)",
            f"{grown.memory_mb:+.1f} MB over {grown.after_calls} calls, {done.grown_bytes_per_call / 1024:.2f} KB each",
            complete and done.grown_bytes_per_call <= BYTES_PER_CALL,
        ),
        Target(f"{name}: descriptors", "flat", f"{grown.descriptors:+d}", complete and grown.descriptors <= 2),
        Target(f"{name}: threads", "flat", f"{grown.threads:+d}", complete and grown.threads <= 1),
        Target(
            f"{name}: every one answered",
            "all",
            f"{done.unheard} heard nothing, {done.refused} not connected",
            complete,
        ),
    ]
