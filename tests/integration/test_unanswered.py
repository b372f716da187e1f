"""Tickets of callers whom no technician answered, in a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from app.call.unanswered import Unanswered
from app.dialogue.prompts import default_prompts
from app.store.pool import Database
from app.store.tickets import Ticket, Tickets
from tests.integration.peer import TIMEOUT_S

BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAMES = default_prompts().names
SAID = "Panne Internet · Marie Lopez."


@pytest.fixture
def tickets(tickets_database: Database) -> Tickets:
    return Tickets(tickets_database)


def transferred() -> Ticket:
    summary = f"{SAID} {NAMES.status['transferred']}"
    return Ticket(uuid4(), BEGAN, "+33612345678", ended_at=BEGAN, status="transferred", summary=summary)


@asynccontextmanager
async def at_work(tickets: Tickets) -> AsyncIterator[Unanswered]:
    unanswered = Unanswered(tickets, NAMES, retry_s=0.02)
    unanswered.start()
    try:
        yield unanswered
    finally:
        await unanswered.stop()


async def becomes(tickets: Tickets, ticket: Ticket, right: Callable[[Ticket], bool]) -> Ticket:
    end_s = asyncio.get_running_loop().time() + TIMEOUT_S
    while (found := await tickets.by_call(ticket.call_uuid)) is None or not right(found):
        assert asyncio.get_running_loop().time() < end_s, f"still {found}"
        await asyncio.sleep(0.01)
    return found


async def test_it_becomes_open_and_says_whom_to_call(tickets: Tickets) -> None:
    ticket = transferred()
    await tickets.save(ticket)
    async with at_work(tickets) as unanswered, at_work(tickets) as another_worker:
        unanswered.note(ticket.call_uuid)
        another_worker.note(ticket.call_uuid)
        found = await becomes(tickets, ticket, lambda found: found.status == "open")
    assert found.summary == f"{SAID} Technicien injoignable, à rappeler : +33612345678."
    assert replace(found, id=None) == replace(ticket, status="open", summary=found.summary)


async def test_it_waits_for_a_ticket_that_is_still_being_written(tickets: Tickets) -> None:
    ticket = transferred()
    async with at_work(tickets) as unanswered:
        unanswered.note(ticket.call_uuid)
        await asyncio.sleep(0.1)
        await tickets.save(replace(ticket, ended_at=None))
        await asyncio.sleep(0.1)
        found = await tickets.by_call(ticket.call_uuid)
        assert found is not None
        assert found.status == "transferred", "its last state is still to come, and would undo it"
        await tickets.save(ticket)
        await becomes(tickets, ticket, lambda found: found.status == "open")


async def test_what_somebody_else_has_written_stays(tickets: Tickets) -> None:
    """The caller came back to a bot, or another worker was first."""
    ticket = transferred()
    await tickets.save(ticket)
    read = await tickets.by_call(ticket.call_uuid)
    assert read is not None
    theirs = replace(ticket, status="resolved", summary="Rappelé.")
    await tickets.save(theirs)
    assert not await tickets.unanswered(read, "à rappeler")
    async with at_work(tickets) as unanswered:
        unanswered.note(ticket.call_uuid)
        await asyncio.sleep(0.1)
    found = await tickets.by_call(ticket.call_uuid)
    assert found is not None
    assert (found.status, found.summary) == ("resolved", "Rappelé.")


async def test_what_could_not_be_done_is_said(tickets: Tickets) -> None:
    unknown = uuid4()
    with capture_logs() as log:
        async with at_work(tickets) as unanswered:
            unanswered.note(unknown)
    assert [(entry["log_level"], entry["call_id"]) for entry in log] == [("warning", str(unknown))]
