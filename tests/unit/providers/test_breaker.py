"""The breaker, on a clock that the test turns."""

from app.providers.breaker import FAILURES_TO_OPEN, OPEN_S, Breaker


def opened(at_s: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.allows(at_s)
        breaker.failed(at_s)
    return breaker


def test_failures_one_after_the_other_open_it() -> None:
    breaker = Breaker(failures_to_open=3)
    for _ in range(2):
        breaker.failed(1.0)
        assert not breaker.is_open
        assert breaker.allows(1.0)
    breaker.failed(1.0)
    assert breaker.is_open
    assert not breaker.allows(1.0)


def test_an_answer_between_failures_forgives_them() -> None:
    breaker = Breaker(failures_to_open=2)
    for _ in range(10):
        breaker.failed(1.0)
        breaker.succeeded()
    assert not breaker.is_open


def test_open_it_lets_one_probe_through_after_a_while() -> None:
    breaker = opened(100.0)
    assert not breaker.allows(100.0 + OPEN_S - 0.01)
    assert breaker.allows(100.0 + OPEN_S)
    assert not breaker.allows(100.0 + OPEN_S), "one probe at a time"
    assert breaker.is_open


def test_a_probe_that_succeeds_closes_it() -> None:
    breaker = opened(100.0)
    assert breaker.allows(100.0 + OPEN_S)
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.allows(100.0 + OPEN_S)
    breaker.failed(100.0 + OPEN_S)
    assert breaker.allows(100.0 + OPEN_S), "failures are counted anew"


def test_a_probe_that_fails_opens_it_for_the_whole_time_again() -> None:
    breaker = opened(100.0)
    assert breaker.allows(115.0)
    breaker.failed(116.0)
    assert not breaker.allows(116.0 + OPEN_S - 0.01)
    assert breaker.allows(116.0 + OPEN_S)


def test_a_probe_that_nobody_reports_on_is_followed_by_another() -> None:
    breaker = opened(100.0)
    assert breaker.allows(100.0 + OPEN_S)
    assert not breaker.allows(100.0 + 2 * OPEN_S - 0.01)
    assert breaker.allows(100.0 + 2 * OPEN_S)
