"""The clock of all calls, on a loop whose time jumps."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from app.media.clock import FRAME_S, FrameClock
from ext.clock import Member
from tests.jumping_loop import JumpingLoop, run

MAX_CATCH_UP_FRAMES = 2
"""At most 40 ms are ever sent ahead (`ext/clock.pxd`)."""


def this_loop() -> JumpingLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    return loop


async def ticks(seconds: float, on_tick: Callable[[int], None] = lambda _count: None) -> list[float]:
    """When one member was called, seconds after it joined."""
    loop, clock = this_loop(), FrameClock()
    start_s, times = loop.time(), list[float]()

    def tick() -> None:
        times.append(loop.time() - start_s)
        on_tick(len(times))

    key = clock.join(tick)
    await asyncio.sleep(seconds)
    clock.leave(key)
    await asyncio.sleep(1.0)
    return times


def test_a_frame_every_20_ms_from_the_first_moment() -> None:
    times = run(ticks(1.0))
    assert times == pytest.approx([number * FRAME_S for number in range(len(times))])
    assert len(times) in (50, 51)


def test_a_late_tick_does_not_move_the_ones_after_it() -> None:
    def dawdle(count: int) -> None:
        if count == 5:
            this_loop().stall(0.013)

    times = run(ticks(0.5, dawdle))
    assert times[5:10] == pytest.approx([0.1, 0.12, 0.14, 0.16, 0.18])


def test_a_short_stall_is_made_up_for() -> None:
    def stall(count: int) -> None:
        if count == 5:
            this_loop().stall(MAX_CATCH_UP_FRAMES * FRAME_S + 0.015)

    times = run(ticks(0.5, stall))
    assert times[5:9] == pytest.approx([0.135, 0.135, 0.14, 0.16])


def test_a_long_stall_is_skipped_and_never_sent_in_a_burst() -> None:
    async def work() -> tuple[FrameClock, list[float]]:
        loop, times, lost = this_loop(), list[float](), list[int]()
        clock = FrameClock(on_skipped=lost.append)
        start_s = loop.time()

        def tick() -> None:
            times.append(round(loop.time() - start_s, 6))
            if len(times) == 5:
                loop.stall(3.0)

        keys = [clock.join(tick), clock.join(lambda: None)]
        await asyncio.sleep(4.0)
        assert lost == [2 * clock.stats.skipped_frames], "of both members"
        for key in keys:
            clock.leave(key)
        return clock, times

    clock, times = run(work())
    after = [time for time in times if time >= 3.08]
    assert all(later - earlier == pytest.approx(FRAME_S) for earlier, later in pairwise(after[1:]))
    assert sum(time < 3.1 for time in after) <= 1 + MAX_CATCH_UP_FRAMES
    assert len(times) + clock.stats.skipped_frames == pytest.approx(4.0 / FRAME_S, abs=2)
    assert clock.stats.skipped_frames == pytest.approx(3.0 / FRAME_S, abs=2)
    assert clock.stats.worst_lateness_s == pytest.approx(3.0, abs=FRAME_S)


def test_lateness_is_told_once_a_pass() -> None:
    async def work() -> list[float]:
        told = list[float]()
        clock = FrameClock(told.append)
        keys = [clock.join(lambda: None) for _ in range(10)]
        await asyncio.sleep(0.1)
        for key in keys:
            clock.leave(key)
        return told

    told = run(work())
    assert len(told) == pytest.approx(25, abs=5), "five passes in each of five places"
    assert told == pytest.approx([0.0] * len(told), abs=1e-6)


def test_members_are_spread_over_the_interval_in_the_order_they_came() -> None:
    async def work() -> list[tuple[str, float]]:
        loop, clock, calls = this_loop(), FrameClock(), list[tuple[str, float]]()
        start_s = loop.time()
        keys = [
            clock.join(lambda name=name: calls.append((name, loop.time() - start_s)))  # type: ignore[misc]
            for name in "abc"
        ]
        await asyncio.sleep(0.05)
        for key in keys:
            clock.leave(key)
        return calls

    calls = run(work())
    assert [name for name, _ in calls] == ["a", "b", "c"] * 3
    assert [at_s for _, at_s in calls] == pytest.approx([0.0, 0.004, 0.008, 0.02, 0.024, 0.028, 0.04, 0.044, 0.048])


def test_one_that_joins_while_the_clock_waits_is_served_before_the_others() -> None:
    async def work() -> list[float]:
        loop, clock, times = this_loop(), FrameClock(), list[float]()
        first = clock.join(lambda: None)
        await asyncio.sleep(0.005)
        start_s = loop.time()
        second = clock.join(lambda: times.append(loop.time() - start_s))
        await asyncio.sleep(0.03)
        clock.leave(first)
        clock.leave(second)
        return times

    assert run(work()) == pytest.approx([0.003, 0.023], abs=0.0011)


def test_a_member_that_raises_is_thrown_out_and_the_others_go_on() -> None:
    async def work() -> tuple[list[dict[str, Any]], int, int]:
        loop, clock, problems = this_loop(), FrameClock(), list[dict[str, Any]]()
        loop.set_exception_handler(lambda _loop, context: problems.append(context))
        good, bad = list[None](), list[None]()

        def broken() -> None:
            bad.append(None)
            raise ValueError("a bug")

        clock.join(broken)
        key = clock.join(lambda: good.append(None))
        await asyncio.sleep(0.1)
        clock.leave(key)
        return problems, len(good), len(bad)

    problems, good, bad = run(work())
    assert bad == 1
    assert good in (5, 6)
    assert [str(problem["exception"]) for problem in problems] == ["a bug"]


def test_a_member_may_leave_itself_or_another_in_its_tick() -> None:
    async def work() -> tuple[int, int]:
        clock, first, second = FrameClock(), list[None](), list[None]()
        keys = list[Member]()

        def leave_both() -> None:
            first.append(None)
            for key in keys:
                clock.leave(key)

        keys.append(clock.join(leave_both))
        keys.append(clock.join(lambda: second.append(None)))
        await asyncio.sleep(0.2)
        return len(first), len(second)

    assert run(work()) == (1, 0), "who has left is not called any more"


def test_a_member_may_join_in_a_tick() -> None:
    async def work() -> int:
        clock, late = FrameClock(), list[None]()
        keys = list[Member]()

        def invite() -> None:
            if len(keys) == 1:
                clock.leave(keys[0])
                keys.append(clock.join(lambda: late.append(None)))

        keys.append(clock.join(invite))
        await asyncio.sleep(0.1)
        clock.leave(keys[1])
        await asyncio.sleep(0.1)
        return len(late)

    assert run(work()) in (4, 5), "one clock, not two"


def test_without_members_the_clock_sleeps_and_wakes_for_the_next() -> None:
    async def work() -> tuple[int, int, list[float]]:
        loop, clock, times = this_loop(), FrameClock(), list[float]()
        clock.leave(clock.join(lambda: times.append(loop.time())))
        clock.leave(None)
        await asyncio.sleep(10.0)
        asleep = clock.stats.passes
        start_s = loop.time()
        key = clock.join(lambda: times.append(loop.time() - start_s))
        await asyncio.sleep(0.05)
        clock.leave(key)
        return asleep, clock.stats.skipped_frames, times

    asleep, skipped, times = run(work())
    assert (asleep, skipped) == (0, 0)
    assert times == pytest.approx([0.0, 0.02, 0.04])
