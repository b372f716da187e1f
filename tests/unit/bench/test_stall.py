import math

import pytest

from app.caller.load_times import Arrivals
from tests.bench.stall import rhythm_found_ms, seen_after

WENT_ON_S = 101.5


def after_stall(*first_s: float) -> Arrivals:
    """A second of rhythm, half a second of nothing, then these frames and a rhythm of 20 ms."""
    before = [100.0 + 0.020 * number for number in range(50)]
    start_s = first_s[-1] if first_s else WENT_ON_S
    rest = [start_s + 0.020 * number for number in range(1, 100)]
    at_s = [*before, *first_s, *rest]
    return Arrivals(at_s, [320] * len(at_s))


def test_a_server_that_skips_is_in_rhythm_at_once() -> None:
    frames, resync_ms = seen_after(after_stall(WENT_ON_S + 0.001), WENT_ON_S)
    assert frames == 10
    assert resync_ms == 0.0


def test_two_frames_ahead_are_seen_but_no_burst() -> None:
    frames, resync_ms = seen_after(after_stall(WENT_ON_S, WENT_ON_S + 0.0001, WENT_ON_S + 0.0002), WENT_ON_S)
    assert frames == 12
    assert resync_ms < 1.0


def test_a_burst_is_seen() -> None:
    frames, _ = seen_after(after_stall(*[WENT_ON_S + 0.0001 * number for number in range(25)]), WENT_ON_S)
    assert frames == 34


def test_a_rhythm_that_is_lost_for_longer() -> None:
    late = [WENT_ON_S + 0.2, WENT_ON_S + 0.201]
    _, resync_ms = seen_after(after_stall(WENT_ON_S + 0.001, *late), WENT_ON_S)
    assert resync_ms == pytest.approx(200.0, abs=2.0)


def test_silence_for_ever_is_no_rhythm() -> None:
    assert math.isinf(rhythm_found_ms([], WENT_ON_S))
