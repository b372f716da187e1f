"""The alarm rings once, at the latest moment that was set."""

import asyncio
from math import inf

from app.call.alarm import Alarm
from tests.jumping_loop import run


def rings(*moments_s: float, stops: bool = False) -> list[float]:
    """When it rang, in seconds, after being set to these one after the other."""

    async def work() -> list[float]:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        rung: list[float] = []
        alarm = Alarm(lambda now_s: rung.append(round(now_s - began_s, 3)))
        for moment_s in moments_s:
            alarm.set(began_s + moment_s)
        if stops:
            alarm.stop()
            alarm.set(began_s + 1)
        await asyncio.sleep(10)
        return rung

    return run(work())


def test_only_the_latest_moment_counts() -> None:
    assert rings(1.0) == [1.0]
    assert rings(1.0, 0.5, 2.0) == [2.0]


def test_moments_that_are_past_or_never_come_are_left_to_the_ticks() -> None:
    assert rings(inf) == []
    assert rings(1.0, inf) == []
    assert rings(-1.0) == []


def test_a_stopped_one_wakes_nobody() -> None:
    assert rings(1.0, stops=True) == []
