"""Who is served when: the wheel and its twin on a time that the test sets."""

from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext import clock
from tests.reference import clock as reference

FRAME_S = 0.020


@pytest.fixture(params=[clock, reference], ids=["ext", "reference"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def no_drop(_member: Any, error: Exception) -> None:
    raise AssertionError(f"thrown out: {error!r}")


class Run:
    """A wheel whose time passes in steps of 1 ms, and when each member was served."""

    def __init__(self, kernel: ModuleType, members: int = 0) -> None:
        self.kernel = kernel
        self.now_s = 100.0
        self.lateness: list[float] = []
        self.wheel = kernel.Wheel(no_drop, self.lateness.append)
        self.served: dict[int, list[float]] = {}
        self.members: dict[int, Any] = {}
        for number in range(members):
            self.join(number)

    def join(self, number: int, lead_s: float = 0.0) -> None:
        self.served[number] = []
        self.members[number] = self.kernel.Callback(lambda: self.served[number].append(self.now_s))
        self.wheel.join(self.members[number], self.now_s, lead_s)

    def turn(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.wheel.serve(self.now_s)
            self.now_s = round(self.now_s + 0.001, 6)


def test_members_are_spread_over_the_interval(kernel: ModuleType) -> None:
    run = Run(kernel, members=40)
    assert sorted(member.slot for member in run.members.values()) == sorted(list(range(5)) * 8)
    run.turn(0.1)
    assert run.wheel.members == 40
    for times in run.served.values():
        assert len(times) == 5
        assert [after - before for before, after in pairwise(times)] == pytest.approx([0.02] * 4)
    assert max(run.lateness) == pytest.approx(0.0, abs=1e-9)


def test_a_newcomer_may_ask_for_a_place_that_comes_a_little_later(kernel: ModuleType) -> None:
    run = Run(kernel)
    run.join(0, lead_s=0.008)
    run.turn(0.003)
    run.join(1, lead_s=0.008)
    run.turn(0.1)
    assert run.served[0][0] == pytest.approx(100.008)
    assert run.served[1][0] == pytest.approx(100.012)


def test_a_newcomer_takes_the_emptiest_place_that_comes_next(kernel: ModuleType) -> None:
    run = Run(kernel, members=1)
    run.turn(0.0075)
    run.join(1)
    run.turn(0.02)
    assert run.served[1][0] - 100.0 == pytest.approx(0.008)


def test_who_leaves_in_a_pass_is_not_served_any_more(kernel: ModuleType) -> None:
    wheel = kernel.Wheel(no_drop)
    calls: list[str] = []
    second = kernel.Callback(lambda: calls.append("second"))

    def first() -> None:
        calls.append("first")
        wheel.leave(second)

    members = [kernel.Callback(first)] + [kernel.Callback(lambda: None) for _ in range(19)]
    for member in members:
        wheel.join(member, 0.0)
    wheel.join(second, 0.0)
    assert second.slot == members[0].slot
    wheel.serve(0.0)
    assert calls == ["first"]
    assert wheel.members == 20
    wheel.leave(second)  # again: no harm
    assert wheel.members == 20


def test_one_that_raises_is_thrown_out_and_told(kernel: ModuleType) -> None:
    dropped: list[tuple[Any, str]] = []
    wheel = kernel.Wheel(lambda member, error: dropped.append((member, str(error))))
    told: list[str] = []

    def fail() -> None:
        raise ValueError("a bug")

    member = kernel.Callback(fail)
    member.on_drop = lambda: told.append("dropped")
    other: list[float] = []
    wheel.join(member, 0.0)
    wheel.join(kernel.Callback(lambda: other.append(1)), 0.0)
    for now_ms in range(60):
        wheel.serve(now_ms / 1000)
    assert dropped == [(member, "a bug")]
    assert told == ["dropped"]
    assert member.slot == -1
    assert len(other) == 3


def test_nobody_is_due_when_nobody_is_there(kernel: ModuleType) -> None:
    wheel = kernel.Wheel(no_drop)
    assert wheel.next_due_s() is None
    assert wheel.serve(5.0) is None
    member = kernel.Callback(lambda: None)
    wheel.join(member, 5.0)
    assert wheel.next_due_s() == 5.0
    assert wheel.serve(5.0) == pytest.approx(5.02)
    with pytest.raises(ValueError, match="already"):
        wheel.join(member, 5.0)
    wheel.leave(member)
    assert wheel.serve(9.0) is None
    wheel.join(member, 9.0)
    assert wheel.next_due_s() == 9.0, "old deadlines are forgotten"


@pytest.mark.parametrize(
    ("stall_s", "skipped"), [(0.019, 0), (0.045, 0), (0.059, 0), (0.065, 3), (0.5, 25), (3.0, 150)]
)
def test_a_stall_is_skipped_never_made_up_for_in_a_burst(kernel: ModuleType, stall_s: float, skipped: int) -> None:
    run = Run(kernel, members=3)
    run.turn(0.1)
    run.now_s = round(run.now_s + stall_s, 6)
    after_s = run.now_s
    run.turn(0.2)
    for times in run.served.values():
        burst = [time for time in times if after_s <= time < after_s + 0.0005]
        assert len(burst) <= 3, "40 ms ahead, and its own"
        late = [time for time in times if time >= after_s + 0.06]
        assert all(b - a == pytest.approx(0.02) for a, b in pairwise(late)), "in step within 60 ms"
    assert run.wheel.skipped_frames == pytest.approx(skipped, abs=1)
    assert max(run.lateness) == pytest.approx(stall_s, abs=0.02), "it is told, whatever place comes first"


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("join"), st.integers(0, 60)),
            st.tuples(st.just("leave"), st.integers(0, 60)),
            st.tuples(st.just("turn"), st.sampled_from([0.0003, 0.001, 0.004, 0.017, 0.03, 0.09, 0.7])),
        ),
        max_size=60,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_schedule_serves_the_same(steps: list[tuple[str, Any]]) -> None:
    both = [Run(module) for module in (clock, reference)]
    for name, value in steps:
        for run in both:
            if name == "join" and (value not in run.members or run.members[value].slot < 0):
                times = run.served.get(value, [])
                run.join(value)
                run.served[value] = times
            elif name == "leave" and value in run.members:
                run.wheel.leave(run.members[value])
            elif name == "turn":
                run.now_s = round(run.now_s + value, 6)
                run.wheel.serve(run.now_s)
        kernel, twin = both
        assert kernel.served == twin.served
        assert kernel.lateness == pytest.approx(twin.lateness, abs=1e-12)
        state = ("members", "passes", "skipped_frames")
        assert [getattr(kernel.wheel, one) for one in state] == [getattr(twin.wheel, one) for one in state]
        assert kernel.wheel.next_due_s() == twin.wheel.next_due_s()
