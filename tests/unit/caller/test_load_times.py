from itertools import accumulate

import pytest

from app.caller.load_times import Arrivals, percentile, spread

FRAME = 320


def steady(frames: int, start_s: float = 100.0) -> list[float]:
    """Arrivals of a bot that sends in real time."""
    return [start_s + 0.020 * number for number in range(frames)]


def arrivals(at_s: list[float]) -> Arrivals:
    return Arrivals(at_s, [FRAME] * len(at_s))


@pytest.mark.parametrize(
    ("share", "wanted"), [(0, 1.0), (1, 1.0), (50, 50.0), (50.5, 51.0), (99, 99.0), (99.9, 100.0), (100, 100.0)]
)
def test_percentiles_are_the_nearest_rank(share: float, wanted: float) -> None:
    assert percentile([float(number) for number in range(1, 101)], share) == wanted


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert [percentile([7.0], share) for share in (0, 50, 99.9, 100)] == [7.0] * 4


def test_a_spread_needs_no_order() -> None:
    found = spread([3.0, 1.0, 2.0])
    assert found is not None
    assert (found.count, found.p50, found.p99, found.p999, found.max, found.mean) == (3, 2.0, 3.0, 3.0, 3.0, 2.0)


def test_nothing_has_no_spread() -> None:
    assert spread([]) is None


def test_a_steady_bot_is_never_late() -> None:
    assert arrivals(steady(200)).lateness_ms() == pytest.approx([0.0] * 200, abs=1e-6)


def test_one_late_frame_is_late_by_itself_alone() -> None:
    at_s = steady(100)
    at_s[60] += 0.015
    late = arrivals(at_s).lateness_ms()
    assert late[60] == pytest.approx(15.0)
    assert sum(late) == pytest.approx(15.0, abs=1e-6)


def test_a_late_first_frame_is_not_what_in_time_means() -> None:
    at_s = steady(100)
    at_s[0] += 0.012
    assert arrivals(at_s).lateness_ms()[:2] == pytest.approx([12.0, 0.0], abs=1e-6)


def test_the_earliest_frame_is_looked_for_in_the_first_second_only() -> None:
    at_s = steady(100)
    at_s[80] -= 0.005
    assert arrivals(at_s).lateness_ms()[80] == pytest.approx(-5.0)


def test_a_stall_that_is_skipped_stays_late_and_one_that_is_made_up_for_does_not() -> None:
    skipped = [*steady(50), *(at_s + 0.5 for at_s in steady(50, 101.0))]
    assert arrivals(skipped).lateness_ms()[-1] == pytest.approx(500.0)
    made_up = [*steady(50), *[101.5] * 25, *steady(25, 101.5)]
    assert arrivals(made_up).lateness_ms()[-1] == pytest.approx(0.0, abs=1e-6)


def test_media_time_is_counted_in_bytes_not_in_frames() -> None:
    sizes = [160, 480, 320, 640]
    at_s = [100.0 + before / 16_000 for before in accumulate([0, *sizes[:-1]])]
    assert Arrivals(at_s, sizes).lateness_ms() == pytest.approx([0.0] * 4, abs=1e-6)
    assert Arrivals(at_s, sizes).media_s() == pytest.approx(0.1)


def test_gaps_are_between_neighbours() -> None:
    assert arrivals([1.0, 1.02, 1.05]).gaps_ms() == pytest.approx([20.0, 30.0])


def test_nothing_heard_is_no_lateness_and_no_underrun() -> None:
    assert (arrivals([]).lateness_ms(), arrivals([]).gaps_ms(), arrivals([]).underruns(60.0)) == ([], [], 0)


def test_a_jitter_buffer_forgives_what_it_holds() -> None:
    at_s = steady(100)
    at_s[40] += 0.055
    assert arrivals(at_s).underruns(60.0) == 0
    assert arrivals(at_s).underruns(50.0) == 1


def test_after_an_underrun_the_telephone_has_waited() -> None:
    at_s = [*steady(50), *(at_s + 0.1 for at_s in steady(50, 101.0)), *(at_s + 0.3 for at_s in steady(50, 102.0))]
    assert arrivals(at_s).underruns(60.0) == 2
