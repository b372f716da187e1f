"""Two thousand calls, one after another on each worker: nothing of them stays."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from app.store.pool import POOL_SIZE
from tests.integration.house import Ground
from tests.integration.peer import hello
from tests.integration.serving import Serving, serving

pytestmark = pytest.mark.timeout(400)

CALLS = 2_000
WARM_UP_CALLS = 1_000
AT_ONCE = 4
MEMORY_GROWTH_BYTES = 12_000_000
"""A worker's heap finds its size in its first hundreds of calls and then breathes, as the old are collected in quiet
moments only. Five hundred calls of each worker that left two seconds of sound each would be more than this."""


async def short_call(server: Serving) -> None:
    """Says who it is, hears two frames, hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.ports["audiosocket_port"])
    writer.write(hello(uuid4()))
    await reader.readexactly(2 * 323)
    writer.close()
    await writer.wait_closed()


async def place(server: Serving, calls: int) -> None:
    """So many calls, a few at a time, and waits until all have ended."""
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            await short_call(server)
            server.log.clear()

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    await server.holds(0)


async def figures(server: Serving) -> dict[str, dict[str, float]]:
    """Memory, descriptors and threads of each process."""
    page = await server.metrics()
    found: dict[str, dict[str, float]] = {}
    for (name, labels), value in page.items():
        if name.startswith("voicebot_process_") and not name.endswith("_created"):
            found.setdefault(labels[0][1], {})[name.removeprefix("voicebot_process_")] = value
    return found


async def test_memory_descriptors_and_threads_stay_flat(ground: Ground, tmp_path: Path) -> None:
    async with serving(ground, tmp_path, {"MAX_CONCURRENT_CALLS": 200}) as server:
        await place(server, WARM_UP_CALLS)
        before = await figures(server)
        await place(server, CALLS - WARM_UP_CALLS)
        after = await figures(server)
        for worker, was in before.items():
            now = after[worker]
            assert now["resident_memory_bytes"] - was["resident_memory_bytes"] < MEMORY_GROWTH_BYTES, (worker, was, now)
            # The pools of two databases open connections when they need them and keep them for minutes.
            assert now["open_fds"] - was["open_fds"] <= 2 * POOL_SIZE, (worker, was, now)
            assert now["threads"] - was["threads"] <= 1, (worker, was, now)
        page = await server.metrics()
        ended = sum(value for (name, _), value in page.items() if name == "voicebot_calls_total")
        assert ended == CALLS
