"""Invented calls: believable, always the same ones, and such as a real call would have left them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from app.commands.history import days_of
from app.commands.history_calls import guessed_seconds, invent_call, invent_clients, moments
from app.dialogue.intents import Intent
from app.dialogue.prompts import load_prompts
from app.dialogue.states import State
from app.errors import ConfigError
from app.store.tickets import Ticket

NOW = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def tickets(seed: int = 7, count: int = 400) -> list[Ticket]:
    chance, prompts = Random(seed), load_prompts()
    people = invent_clients(chance, 50, NOW)
    times = moments(chance, NOW, 30, count / 30, PARIS)
    return [invent_call(chance, prompts, moment, people).ticket(guessed_seconds) for moment in times]


@pytest.mark.parametrize(("span", "days"), [("30d", 30), (" 12W ", 84), ("1y", 365), ("3650d", 3650)])
def test_spans(span: str, days: int) -> None:
    assert days_of(span) == days


@pytest.mark.parametrize("span", ["", "d", "0d", "30", "-3d", "3.5d", "11y", "30 d", "30d; rm"])
def test_what_is_no_span_is_told_in_one_line(span: str) -> None:
    with pytest.raises(ConfigError) as told:
        days_of(span)
    assert len(told.value.problems) == 1
    assert "30d, 12w or 1y" in told.value.problems[0]


def test_the_same_seed_makes_the_same_calls() -> None:
    assert tickets() == tickets()
    assert tickets() != tickets(seed=8)


def test_calls_lie_where_offices_have_them_and_none_in_the_future() -> None:
    times = moments(Random(1), NOW, 60, 100, PARIS)
    assert times == sorted(times)
    assert NOW - timedelta(days=61) < times[0]
    assert times[-1] < NOW
    hours = Counter(moment.astimezone(PARIS).hour for moment in times)
    assert sum(hours[hour] for hour in range(8, 18)) > 3 * sum(hours[hour] for hour in (*range(8), *range(18, 24)))


def test_every_kind_of_problem_ending_and_mood_is_there() -> None:
    made = tickets()
    assert {one.problem_type for one in made} == {"internet", "mobile", "modification", "other"}
    assert {one.status for one in made} == {"open", "resolved", "transferred", "abandoned"}
    assert {one.sentiment for one in made} == {"positive", "neutral", "negative"}
    assert any(one.client_id is None for one in made)
    assert any(entry.get("interrupted") for one in made for entry in one.transcript)


def test_transcripts_are_as_real_ones() -> None:
    for one in tickets(count=100):
        times = [entry["at_s"] for entry in one.transcript]
        assert times == sorted(times)
        assert one.duration_seconds is not None
        assert 0 < times[-1] <= one.duration_seconds
        assert one.summary
        turns = [entry for entry in one.transcript if entry["speaker"] == "caller"]
        for turn in turns:
            assert {State(turn["state"]), Intent(turn["intent"])}
            assert turn["total_ms"] == turn["endpoint_ms"] + turn["understanding_ms"] + turn["first_audio_ms"]


def test_numbers_are_nobodys() -> None:
    """Ranges that ARCEP keeps for fiction (decision 2018-0881)."""
    fiction = ("+3319900", "+3326191", "+3335301", "+3346571", "+3353649", "+3363998")
    people = invent_clients(Random(1), 500, NOW)
    assert len({one.phone for one in people}) == 500
    assert all(one.phone.startswith(fiction) and len(one.phone) == 12 for one in people)
    assert all(one.caller_number is None or one.caller_number.startswith(fiction) for one in tickets())
