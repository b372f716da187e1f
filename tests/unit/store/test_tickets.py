"""A ticket outside the database: what it refuses, and its form on disk."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.tickets import Ticket, storable

START = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
TICKET = Ticket(
    call_uuid=UUID("6f1d0c1e-0000-4000-8000-000000000001"),
    started_at=START,
    caller_number="+33612345678",
    asterisk="192.0.2.10",
    client_id=7,
    ended_at=START + timedelta(seconds=95.5),
    duration_seconds=95.5,
    problem_type="internet",
    status="resolved",
    sentiment="positive",
    summary="Box redémarrée, « ça remarche ».",
    transcript=[
        {"speaker": "bot", "text": "Bonjour !", "at_s": 0.4, "interrupted": True},
        {"speaker": "caller", "text": "J'ai plus d'Internet", "at_s": 2.1},
    ],
    recording="call_6f1d0c1e.raw",
)


def test_json_and_back_is_the_same_ticket() -> None:
    assert Ticket.from_json(TICKET.to_json()) == TICKET


def test_a_bare_ticket_survives_too() -> None:
    bare = Ticket(call_uuid=TICKET.call_uuid, started_at=START)
    assert Ticket.from_json(bare.to_json()) == bare


def test_json_is_one_line_and_readable() -> None:
    text = TICKET.to_json()
    assert "\n" not in text
    assert "redémarrée" in text
    assert json.loads(text)["started_at"] == "2026-03-02T09:30:15.123456+00:00"


def test_keys_of_a_newer_version_are_ignored() -> None:
    text = json.dumps(json.loads(TICKET.to_json()) | {"mood_ring": "blue"})
    assert Ticket.from_json(text) == TICKET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        "{}",
        '{"call_uuid": "x", "started_at": "2026-03-02T09:30:15+00:00"}',
        '{"call_uuid": "6f1d0c1e-0000-4000-8000-000000000001", "started_at": "yesterday"}',
        '{"call_uuid": "6f1d0c1e-0000-4000-8000-000000000001", "started_at": "2026-03-02T09:30:15"}',
        '{"call_uuid": 7, "started_at": "2026-03-02T09:30:15+00:00"}',
        TICKET.to_json()[:-20],
        TICKET.to_json().replace("resolved", "lost"),
        "[" * 100_000,
    ],
)
def test_what_is_no_ticket_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json and datetime word it differently
        Ticket.from_json(text)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"status": "closed"}, "status"),
        ({"problem_type": "television"}, "problem_type"),
        ({"sentiment": "furious"}, "sentiment"),
        ({"duration_seconds": -1.0}, "duration_seconds"),
        ({"duration_seconds": float("nan")}, "duration_seconds"),
        ({"started_at": datetime(2026, 3, 2)}, "started_at"),
        ({"ended_at": datetime(2026, 3, 2)}, "ended_at"),
    ],
)
def test_what_the_table_would_refuse_is_refused_at_once(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        replace(TICKET, **changes)


def test_any_time_zone_is_the_same_moment() -> None:
    paris = replace(TICKET, started_at=START.astimezone(timezone(timedelta(hours=1))))
    assert Ticket.from_json(paris.to_json()) == TICKET


def test_storable_drops_what_postgresql_cannot_hold() -> None:
    dirty = {"a\0": ["x\0y", "\ud800", float("nan"), float("inf"), 1.5, None, True], "b": ({"c": "\0"},)}
    assert storable(dirty) == {"a": ["xy", "?", None, None, 1.5, None, True], "b": [{"c": ""}]}


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_written_as_utf8(text: str) -> None:
    clean = storable(text)
    assert "\0" not in clean
    assert Ticket.from_json(replace(TICKET, summary=text).to_json()).summary == clean
    clean.encode()
