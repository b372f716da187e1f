"""Databases as the dashboard sees them: real ones, each asked as the role that asks it in production."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.store.pool import Database
from dashboard.config import READER, SUPERVISOR, as_role

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AddTicket = Callable[..., Awaitable[int]]


@pytest.fixture
async def reading(tickets_url: str) -> AsyncIterator[Database]:
    """Tickets, for the role that reads."""
    async with Database(as_role(tickets_url, READER, ""), name="tickets") as database:
        yield database


@pytest.fixture
async def changing(tickets_url: str) -> AsyncIterator[Database]:
    """Tickets, for the role that changes."""
    async with Database(as_role(tickets_url, SUPERVISOR, ""), name="tickets") as database:
        yield database


@pytest.fixture
def add_ticket(tickets_database: Database) -> AddTicket:
    """Writes a ticket as the server would, and returns its number."""

    async def add(*said: str, **values: Any) -> int:
        transcript = values.pop("transcript", [{"speaker": "caller", "text": text, "at_s": 1.0} for text in said])
        row = {"call_uuid": uuid4(), "started_at": START, "transcript": transcript, **values}
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        sql = f"INSERT INTO tickets ({', '.join(row)}) VALUES ({places}) RETURNING id"
        assert json.dumps(transcript)
        (made,) = await tickets_database.fetch(sql, *row.values())
        return int(made["id"])

    return add
