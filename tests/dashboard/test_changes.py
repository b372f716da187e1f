"""Tickets changed by hand: by whom it may be, each change kept, and the database says no by itself."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.errors import StoreError
from app.store.pool import Database
from dashboard.access.users import User
from dashboard.config import READER, as_role
from dashboard.queries.changes import ChangedMeanwhile, What, change, changes_of
from dashboard.queries.figures import figures
from dashboard.queries.tickets import ticket_opened
from tests.dashboard.conftest import AddTicket

ANNE, LUC = User("anne", "supervisor"), User("luc", "reader")


async def test_closed_assigned_and_commented_with_who_and_when(
    reading: Database, changing: Database, add_ticket: AddTicket
) -> None:
    number = await add_ticket(status="transferred")
    await change(changing, ANNE, number, "assignee", None, "luc")
    await change(changing, ANNE, number, "comment", None, "  Rappelé \0<b>ce matin</b>  ")
    await change(changing, ANNE, number, "status", "transferred", "resolved")
    history = await changes_of(reading, number)
    assert [(one.changed_by, one.what, one.before, one.after) for one in history] == [
        ("anne", "status", "transferred", "resolved"),
        ("anne", "comment", None, "Rappelé <b>ce matin</b>"),
        ("anne", "assignee", None, "luc"),
    ]
    assert history[0].changed_at >= history[2].changed_at
    opened = await ticket_opened(reading, number)
    assert opened is not None
    assert (opened.row.status, opened.row.assignee) == ("resolved", "luc")
    await change(changing, ANNE, number, "assignee", "luc", "")
    opened = await ticket_opened(reading, number)
    assert opened is not None
    assert opened.row.assignee is None


async def test_what_a_person_closed_was_not_resolved_without_one(
    reading: Database, changing: Database, add_ticket: AddTicket
) -> None:
    now = datetime.now(ZoneInfo("Europe/Paris"))
    number = await add_ticket(status="open", started_at=now.replace(hour=0, minute=0, second=0, microsecond=0))
    await change(changing, ANNE, number, "status", "open", "resolved")
    today, _, _ = await figures(reading, now)
    assert (today.calls, today.without_human) == (1, 0.0)


@pytest.mark.parametrize("what", ["status", "assignee"])
async def test_nobody_overwrites_what_they_have_not_seen(
    reading: Database, changing: Database, add_ticket: AddTicket, what: What
) -> None:
    number = await add_ticket(status="open", assignee="luc")
    with pytest.raises(ChangedMeanwhile):
        await change(changing, ANNE, number, what, "resolved" if what == "status" else "anne", "open")
    assert await changes_of(reading, number) == []


async def test_who_may_only_read_changes_nothing(reading: Database, changing: Database, add_ticket: AddTicket) -> None:
    number = await add_ticket()
    with pytest.raises(PermissionError):
        await change(changing, LUC, number, "comment", None, "x")
    # Had the dashboard forgotten to ask, the database would not have.
    with pytest.raises(StoreError, match="permission denied"):
        await change(reading, ANNE, number, "comment", None, "x")
    assert await changes_of(reading, number) == []


STATEMENTS = (
    "INSERT INTO tickets (call_uuid, started_at) VALUES (gen_random_uuid(), now())",
    "UPDATE tickets SET status = 'resolved'",
    "DELETE FROM tickets",
    "TRUNCATE tickets CASCADE",
    "DROP TABLE tickets CASCADE",
    "INSERT INTO ticket_changes (ticket_id, changed_by, what) SELECT id, 'x', 'comment' FROM tickets",
    "UPDATE ticket_changes SET changed_by = 'nobody'",
    "DELETE FROM ticket_changes",
    "CREATE TABLE mine (x int)",
    "CREATE ROLE another SUPERUSER",
    "COPY tickets TO PROGRAM 'cat'",
)


@pytest.mark.parametrize("sql", STATEMENTS)
async def test_neither_role_may_write_past_the_function(
    reading: Database, changing: Database, add_ticket: AddTicket, sql: str
) -> None:
    number = await add_ticket(status="open")
    for database in (reading, changing):
        with pytest.raises(StoreError, match=r"permission denied|must be owner"):
            await database.fetch(sql)
    opened = await ticket_opened(reading, number)
    assert opened is not None
    assert opened.row.status == "open"


async def test_the_reader_of_clients_may_only_read(clients_url: str) -> None:
    async with Database(as_role(clients_url, READER, "")) as clients:
        assert await clients.fetch("SELECT * FROM clients") == []
        with pytest.raises(StoreError, match="permission denied"):
            await clients.fetch("DELETE FROM clients")


@pytest.mark.parametrize(("what", "wanted"), [("status", "gone"), ("status", None), ("comment", "  \0 ")])
async def test_what_makes_no_sense_is_refused(
    changing: Database, add_ticket: AddTicket, what: What, wanted: str
) -> None:
    number = await add_ticket()
    with pytest.raises(ValueError, match=r"no status|empty"):
        await change(changing, ANNE, number, what, "open", wanted)


async def test_a_ticket_that_is_not_there(changing: Database) -> None:
    with pytest.raises(StoreError, match="no ticket 77"):
        await change(changing, ANNE, 77, "comment", None, "x")
