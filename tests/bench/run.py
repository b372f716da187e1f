"""The frame of every server bench: a temporary house, this process on the load's core, nothing left behind."""

import asyncio
import gc
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import uvloop
from rich.console import Console

from app.caller.load_target import make_room
from tests.bench.house import House, open_house
from tests.bench.machine import cores, facts, foreign_percent, hurried

MAX_CALLS = 2000
BUSY_PERCENT = 10.0
Result = TypeVar("Result")


def in_a_house(work: Callable[[House, Console], Awaitable[Result]]) -> Result:
    """Runs `work` and takes everything down again, on SIGTERM and Ctrl-C too."""
    try:
        return uvloop.run(_run(work))
    except asyncio.CancelledError:
        raise SystemExit("stopped") from None


async def _run(work: Callable[[House, Console], Awaitable[Result]]) -> Result:
    console = Console(highlight=False, width=None if os.isatty(1) else 160)
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    server_core, load_core = cores()
    os.sched_setaffinity(0, {load_core})  # before any thread is made: they and what they start stay there
    console.print(" · ".join(f"{name} {value}" for name, value in facts().items()), soft_wrap=True)
    for core in {server_core, load_core}:
        if (busy := await asyncio.to_thread(foreign_percent, core)) > BUSY_PERCENT:
            console.print(f"core {core} is {busy:.0f} % busy with something else: lateness will show it")
    if server_core == load_core:
        console.print("one core for everything: costs can be compared, lateness and limits can't")
    make_room(MAX_CALLS)
    gc.disable()  # between the windows the levels collect
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as folder, hurried():
        async with open_house(Path(folder), server_core, load_core) as house:
            result = await work(house, console)
    console.print(f"{time.monotonic() - began_s:.0f} s")
    return result
