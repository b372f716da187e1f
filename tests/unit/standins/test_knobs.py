"""Knobs: what can be set, and when a fault strikes."""

import random

import pytest

from app.standins.knobs import DeepgramKnobs, GroqKnobs, Stats


def test_changes_are_all_or_none() -> None:
    knobs = GroqKnobs()
    with pytest.raises(ValueError, match="no such knob") as caught:
        knobs.change({"first_token_ms": 1, "colour": "red", "fault": "http_999", "tokens_per_s": -1})
    assert len(str(caught.value).splitlines()) == 3
    assert knobs == GroqKnobs()
    knobs.change({"first_token_ms": 1, "tokens_per_s": 90, "fault": "cut"})
    assert (knobs.first_token_ms, knobs.tokens_per_s, knobs.fault) == (1, 90.0, "cut")


def test_kinds_are_checked() -> None:
    with pytest.raises(ValueError, match="int wanted"):
        DeepgramKnobs().change({"final_delay_ms": "soon"})


def test_a_fault_is_used_up() -> None:
    knobs = DeepgramKnobs(fault="mute", fault_count=2)
    dice = random.Random(1)
    assert [knobs.draw_fault(dice) for _ in range(4)] == ["mute", "mute", "none", "none"]


def test_a_fault_has_a_probability() -> None:
    knobs = DeepgramKnobs(fault="mute", fault_probability=0.25)
    dice = random.Random(1)
    struck = sum(knobs.draw_fault(dice) == "mute" for _ in range(1000))
    assert 200 < struck < 300


def test_stats() -> None:
    stats = Stats()
    with stats, stats:
        stats.count("requests")
        stats.add("audio_s", 0.5)
    assert stats.snapshot() == {"active": 0, "most_active": 2, "audio_s": 0.5, "requests": 1}
