from dataclasses import replace

import pytest

from app.caller.load_level import Level
from app.caller.load_soak import Keep, Soak
from app.caller.load_times import Spread

GOOD = Level(
    calls=100,
    open_calls=100,
    seconds=8.0,
    cpu_ms_per_call_s=1.5,
    cpu_percent=15.0,
    system_percent=5.0,
    wait_percent=0.1,
    others_percent=1.0,
    lateness_ms=Spread(40_000, 0.5, 2.0, 4.0, 6.0, 0.6),
    gap_ms=None,
    underruns_per_call_min=0.0,
    realtime=1.0,
    speech_share=1.0,
    server_underruns=0.0,
    loop_lag_ms=0.1,
    memory_mb=100.0,
    memory_kb_per_call=None,
    threads=5,
    descriptors=300,
    refused=0,
    unheard=0,
    lost=0,
    stuck=0,
    sent_bytes=0,
    own_cpu_percent=5.0,
    own_core_percent=None,
    own_lateness_ms=Spread(8000, 0.0, 1.0, 1.0, 1.0, 0.2),
)


def late(p99: float) -> Spread:
    return Spread(1, 0.0, p99, p99, p99, 0.0)


def test_a_good_level_is_not_broken() -> None:
    assert GOOD.broken == ""
    assert replace(GOOD, cpu_percent=99.0).broken == ""
    assert replace(GOOD, lost=1).broken == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lateness_ms": None}, "nothing was heard"),
        ({"lateness_ms": late(150.0)}, "150 ms late"),
        ({"cpu_percent": 99.0, "realtime": 0.9}, "the core is full"),
        ({"refused": 1, "lost": 1}, "2 of 100 calls"),
    ],
)
def test_where_it_breaks(change: dict[str, object], words: str) -> None:
    assert words in replace(GOOD, **change).broken  # type: ignore[arg-type]


def test_json_has_three_decimals() -> None:
    assert replace(GOOD, realtime=1.00049).as_dict()["realtime"] == 1.0
    assert GOOD.as_dict()["lateness_ms"]["p99"] == 2.0


def test_growth_counts_from_the_warm_server() -> None:
    points = [Keep(0, 90.0, 4, 20), Keep(400, 118.0, 9, 28), Keep(800, 119.0, 9, 28), Keep(1000, 119.5, 9, 27)]
    done = Soak(1000, 20, 0.5, 0, 0, tuple(points))
    assert done.grown == Keep(600, 1.5, 0, -1)
    assert done.grown_bytes_per_call == pytest.approx(1.5 * 2**20 / 600)
