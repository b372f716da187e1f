"""When a loop is too late to take on more."""

import pytest

from app.ops.lag import Lag

LIMIT_S = 0.06
BAD_S, GOOD_S = 0.08, 0.001


def over(lag: Lag, start_s: float, *stretches: tuple[float, float]) -> list[bool]:
    """Goes through (how long, how late) with a sample every 50 ms; whether it was over the limit, each time."""
    found, now_s = [], start_s
    for length_s, lateness_s in stretches:
        for _ in range(round(length_s / 0.05)):
            lag.note(lateness_s, now_s)
            found.append(lag.over(LIMIT_S, now_s))
            now_s += 0.05
    return found


@pytest.mark.parametrize("start_s", [100.0, 100.1, 100.25, 100.4])
@pytest.mark.parametrize("before_s", [0.3, 1.0, 1.15])
def test_one_hiccup_is_no_overload(start_s: float, before_s: float) -> None:
    assert not any(over(Lag(), start_s, (before_s, GOOD_S), (0.5, BAD_S), (3.0, GOOD_S)))
    assert not any(over(Lag(), start_s, (before_s, GOOD_S), (0.05, 5.0), (3.0, GOOD_S)))


def test_hiccup_after_hiccup_with_a_good_second_between_is_none_either() -> None:
    assert not any(over(Lag(), 100.0, *[(0.5, BAD_S), (1.0, GOOD_S)] * 5))


def test_what_goes_on_is_and_ends_with_a_good_second() -> None:
    lag = Lag()
    during = over(lag, 100.0, (3.0, BAD_S))
    assert during.index(True) * 0.05 <= 2.0
    assert all(during[during.index(True) :])
    assert not lag.over(0.09, 103.0)
    after = over(lag, 103.0, (2.0, GOOD_S))
    assert after.index(False) * 0.05 <= 1.1
    assert not any(after[after.index(False) :])


def test_silence_is_no_lateness() -> None:
    lag = Lag()
    over(lag, 100.0, (3.0, BAD_S))
    assert not lag.over(LIMIT_S, 110.0)
    assert lag.worst_s(110.0) == 0.0


def test_the_worst_is_that_of_the_last_second() -> None:
    lag = Lag()
    over(lag, 100.0, (0.05, 0.5), (0.9, GOOD_S))
    assert lag.worst_s(100.95) == 0.5
    over(lag, 100.95, (0.8, 0.002))
    assert lag.worst_s(101.75) == 0.002
