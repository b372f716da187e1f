from dataclasses import replace

import pytest

from app.caller.load_level import Level
from app.caller.load_times import Spread
from tests.bench.rows import Row, problems_of, ratios, targets_of

LEVEL = Level(
    calls=200,
    open_calls=200,
    seconds=8.0,
    cpu_ms_per_call_s=1.2,
    cpu_percent=24.0,
    system_percent=10.0,
    wait_percent=0.1,
    others_percent=1.0,
    lateness_ms=Spread(80_000, 0.5, 2.0, 4.0, 6.0, 0.6),
    gap_ms=None,
    underruns_per_call_min=0.0,
    realtime=1.0,
    speech_share=1.0,
    server_underruns=0.0,
    loop_lag_ms=0.1,
    memory_mb=100.0,
    memory_kb_per_call=90.0,
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


def row(server: str, cost: float, calls: int = 200, **change: float) -> Row:
    return Row(server, replace(LEVEL, calls=calls, cpu_ms_per_call_s=cost), change.get("sink_share", 1.0), 4.2, ())


def test_an_honest_row_is_believed() -> None:
    assert problems_of(row("voicebot", 1.2)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"speech_share": 0.1}, "is speech"),
        ({"lost": 1}, "lost 1"),
        ({"unheard": 2}, "unheard 2"),
    ],
)
def test_what_can_not_be_believed(change: dict[str, object], words: str) -> None:
    wrong = row("voicebot", 1.2)
    wrong = replace(wrong, level=replace(wrong.level, **change))  # type: ignore[arg-type]
    assert words in " ".join(problems_of(wrong))


@pytest.mark.parametrize("share", [0.9, 1.1])
def test_ears_that_get_too_little_or_too_much(share: float) -> None:
    assert "the ears were sent" in problems_of(row("voicebot", 1.2, sink_share=share))[0]


def test_what_others_disturbed_counts_only_if_nothing_else_is_there() -> None:
    pair = [row("plain", 2.0), row("voicebot", 1.0)]
    loud = [replace(one, level=replace(one.level, problems=("others",), cpu_ms_per_call_s=2.0)) for one in pair]
    assert targets_of([*loud, *pair])[0].measured.startswith("0.50")
    assert targets_of(loud)[0].measured.startswith("1.00")


def test_ratios_are_taken_pass_by_pass() -> None:
    rows = [row("plain", 2.0), row("voicebot", 1.0), row("plain", 1.0), row("voicebot", 0.7), row("plain", 9.0, 400)]
    assert ratios(rows, 200) == [0.5, 0.7]


def test_plain_of_a_climb_is_no_measure() -> None:
    climbs = [row("plain", 2.0), row("plain", 2.0, 400), row("voicebot", 1.9), row("voicebot", 1.9, 400)]
    assert targets_of([row("plain", 2.0), row("voicebot", 1.0), *climbs])[0].measured.startswith("0.50")


def test_a_cost_that_grows_is_seen() -> None:
    verdicts = {
        costs: targets_of([row("voicebot", cost, calls) for calls, cost in zip((50, 100, 400), costs, strict=True)])[-1]
        for costs in ((2.0, 1.5, 1.4), (1.0, 1.1, 1.0))
    }
    assert [target.met for target in verdicts.values()] == [True, False]


def test_a_server_that_breaks_before_400_calls_grows() -> None:
    late = Spread(1, 500.0, 500.0, 500.0, 500.0, 500.0)
    broken = row("voicebot", 1.0, 400)
    broken = replace(broken, level=replace(broken.level, lateness_ms=late))
    growth = targets_of([row("voicebot", 2.0, 100), broken])[-1]
    assert growth.met is False
    assert "breaks at 400" in growth.measured


def test_growth_is_seen_within_a_climb_alone() -> None:
    """Another process, minutes before, met another machine."""
    passes = [row("voicebot", 1.0), row("voicebot", 1.1)]
    climb = [row("voicebot", cost, calls) for calls, cost in ((100, 1.3), (200, 1.2), (400, 1.2))]
    assert targets_of([*passes, *climb])[-1].measured.startswith("1.00")
