"""Tickets: a page of them, how many there are, and one with everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard.queries.filters import Condition, TicketFilter, condition, storable_words
from dashboard.queries.source import QUERY_S, Source

PAGE_SIZE = 50
COUNT_MAX = 10_000
"""Beyond that it is "more than": nobody pages so far, and counting all of a year takes its time."""
EXPORT_MAX = 50_000
EXPORT_S = 30.0
NEWEST = "ORDER BY started_at DESC, id DESC"
COLUMNS = (
    "id, call_uuid, client_id, caller_number, asterisk, started_at, ended_at, duration_seconds, problem_type,"
    " status, sentiment, summary, assignee"
)


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of the list; the fields are the table's columns."""

    id: int
    call_uuid: str
    client_id: int | None
    caller_number: str | None
    asterisk: str | None
    started_at: datetime
    ended_at: datetime | None
    duration_seconds: float | None
    problem_type: str
    status: str
    sentiment: str
    summary: str
    assignee: str | None


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """One ticket with all that is kept of it.

    Attributes:
        row: as in the list.
        transcript: entries as `app.call.record` writes them.
        recordings: names of files, one for each leg of the call.
    """

    row: TicketRow
    transcript: tuple[Mapping[str, Any], ...]
    recordings: tuple[str, ...]


async def ticket_page(
    source: Source, wanted: TicketFilter, zone: ZoneInfo, *, offset: int = 0, limit: int = PAGE_SIZE
) -> list[TicketRow]:
    """Tickets of a filter, newest first, from `offset` on.

    Raises:
        StoreError: the database does not answer.
    """
    return await _rows(source, condition(wanted, zone), bool(storable_words(wanted.words)), offset, limit, QUERY_S)


async def ticket_count(source: Source, wanted: TicketFilter, zone: ZoneInfo) -> int:
    """How many there are; `COUNT_MAX + 1` stands for more than `COUNT_MAX`."""
    made = condition(wanted, zone)
    limit = made.argument(COUNT_MAX + 1)
    sql = f"SELECT count(*) AS found FROM (SELECT 1 FROM tickets WHERE {made.sql} LIMIT {limit}) AS limited"
    rows = await source.fetch(sql, *made.arguments, within_s=QUERY_S)
    return int(rows[0]["found"])


async def ticket_export(source: Source, wanted: TicketFilter, zone: ZoneInfo) -> list[TicketRow]:
    """The newest `EXPORT_MAX` tickets of a filter."""
    searched = bool(storable_words(wanted.words))
    return await _rows(source, condition(wanted, zone), searched, 0, EXPORT_MAX, EXPORT_S)


async def ticket_opened(source: Source, number: int) -> OpenedTicket | None:
    """One ticket, None if there is none with that number."""
    if not 0 < number < 2**63:
        return None
    return await _opened(source, "id = $1", number)


async def ticket_of_call(source: Source, call_uuid: str) -> OpenedTicket | None:
    """A call's ticket; None as long as there is none."""
    try:
        return await _opened(source, "call_uuid = $1", UUID(call_uuid))
    except ValueError:
        return None


async def ticket_recordings(source: Source, number: int) -> tuple[str, ...]:
    """Names of one ticket's recordings."""
    if not 0 < number < 2**63:
        return ()
    rows = await source.fetch("SELECT recording FROM tickets WHERE id = $1", number, within_s=QUERY_S)
    return tuple((rows[0]["recording"] or "").split()) if rows else ()


async def asterisks(source: Source) -> list[str]:
    """Every Asterisk that calls came from in the last 90 days."""
    rows = await source.fetch(
        "SELECT DISTINCT asterisk FROM tickets WHERE started_at > now() - interval '90 days'"
        " AND asterisk IS NOT NULL ORDER BY 1 LIMIT 100",
        within_s=QUERY_S,
    )
    return [row["asterisk"] for row in rows]


async def _opened(source: Source, condition: str, value: object) -> OpenedTicket | None:
    sql = f"SELECT {COLUMNS}, transcript, recording FROM tickets WHERE {condition}"
    rows = await source.fetch(sql, value, within_s=QUERY_S)
    if not rows:
        return None
    row = rows[0]
    entries = [entry for entry in row["transcript"] if isinstance(entry, dict)]
    return OpenedTicket(_row(row), tuple(entries), tuple((row["recording"] or "").split()))


async def _rows(
    source: Source, made: Condition, searched: bool, offset: int, limit: int, within_s: float
) -> list[TicketRow]:
    """Numbers first, from the index; then the rows of one page only.

    A search is materialised: the planner, which can't know how rare the words are, would else walk the calls of a year
    and take each transcript to pieces in the hope of an early match.
    """
    page = f"LIMIT {made.argument(limit)} OFFSET {made.argument(max(offset, 0))}"
    found = f"SELECT id, started_at FROM tickets WHERE {made.sql}"
    if searched:
        chosen = f"WITH found AS MATERIALIZED ({found}), page AS (SELECT * FROM found {NEWEST} {page})"
    else:
        chosen = f"WITH page AS ({found} {NEWEST} {page})"
    columns = ", ".join(f"t.{column}" for column in COLUMNS.split(", "))
    sql = f"{chosen} SELECT {columns} FROM page JOIN tickets t USING (id) ORDER BY t.started_at DESC, t.id DESC"
    rows = await source.fetch(sql, *made.arguments, within_s=within_s)
    return [_row(row) for row in rows]


def _row(row: Mapping[str, Any]) -> TicketRow:
    values = {name: row[name] for name in COLUMNS.split(", ")}
    return TicketRow(**{**values, "call_uuid": str(values["call_uuid"])})
