"""A burst of calls over running ones: how soon each hears its first frame, and what it does to the others."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from app.caller.load import Load
from app.caller.load_channel import Channel
from app.caller.load_times import Spread, spread

FIRST_FRAME_TIMEOUT_S = 5.0
BEFORE_S = 2.0
AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of it.

    Attributes:
        calls: how many came.
        within_s: in how long a time.
        connected: how many got through.
        first_frame_ms: from the UUID to the first frame, of those that heard one.
        unheard: calls that heard nothing within 5 s.
        running: calls that were there before.
        others_lateness_ms: of the running calls, from 2 s before the burst to 2 s after it.
    """

    calls: int
    within_s: float
    connected: int
    first_frame_ms: Spread | None
    unheard: int
    running: int
    others_lateness_ms: Spread | None
    own_lateness_ms: Spread | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


async def burst(load: Load, calls: int, within_s: float = 1.0) -> Burst:
    """Opens `calls` more within so long, none waiting for the one before it."""
    loop = asyncio.get_running_loop()
    running = len(load.open)
    window = load.begin()
    await asyncio.sleep(BEFORE_S)
    began_s = loop.time()

    async def one(number: int) -> Channel | None:
        await asyncio.sleep(began_s + number * within_s / calls - loop.time())
        return await load.call()

    came = [channel for channel in await asyncio.gather(*(one(number) for number in range(calls))) if channel]
    took_s = loop.time() - began_s
    await load.all_heard(FIRST_FRAME_TIMEOUT_S)
    await asyncio.sleep(AFTER_S)
    load.end(window)
    late: list[float] = []
    for arrivals in window.arrivals:
        late += arrivals.lateness_ms()
    heard = [channel for channel in came if channel.first_s]
    return Burst(
        calls=calls,
        within_s=took_s,
        connected=len(came),
        first_frame_ms=spread((channel.first_s - channel.asked_s) * 1000 for channel in heard),
        unheard=len(came) - len(heard),
        running=running,
        others_lateness_ms=spread(late),
        own_lateness_ms=spread(late_s * 1000 for late_s in window.own_lateness_s),
    )
