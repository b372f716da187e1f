"""Tickets found again: by what they are, by what was said, page after page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from app.store.pool import Database
from dashboard.queries.filters import TicketFilter
from dashboard.queries.tickets import (
    asterisks,
    ticket_count,
    ticket_export,
    ticket_of_call,
    ticket_opened,
    ticket_page,
    ticket_recordings,
)
from tests.dashboard.conftest import START, AddTicket

PARIS = ZoneInfo("Europe/Paris")
EVERYTHING = TicketFilter()


async def found(reading: Database, wanted: TicketFilter) -> list[int]:
    """Numbers, after it was made sure that list, count and export agree."""
    rows = await ticket_page(reading, wanted, PARIS, limit=1000)
    assert await ticket_count(reading, wanted, PARIS) == len(rows)
    assert await ticket_export(reading, wanted, PARIS) == rows
    return [row.id for row in rows]


async def test_the_newest_first_and_page_after_page(reading: Database, add_ticket: AddTicket) -> None:
    numbers = [await add_ticket(started_at=START + timedelta(minutes=number // 2)) for number in range(7)]
    newest = numbers[::-1]
    assert await found(reading, EVERYTHING) == newest
    pages = [await ticket_page(reading, EVERYTHING, PARIS, offset=offset, limit=3) for offset in (0, 3, 6, 9)]
    assert [[row.id for row in page] for page in pages] == [newest[:3], newest[3:6], newest[6:], []]


async def test_each_filter_and_all_together(reading: Database, add_ticket: AddTicket) -> None:
    one = {
        "problem_type": "mobile",
        "status": "resolved",
        "sentiment": "positive",
        "asterisk": "192.0.2.1",
        "caller_number": "+33612345678",
        "client_id": 4,
    }
    await add_ticket("autre chose")
    right = await add_ticket("la carte SIM", **one)
    wanted = TicketFilter(
        problems=("mobile",),
        statuses=("resolved", "open"),
        sentiments=("positive",),
        asterisks=("192.0.2.1",),
        number="06 12 34 56 78",
        client_id=4,
        words="cartes sim",
        first_day=START.date(),
        last_day=START.date(),
    )
    for name in TicketFilter.__dataclass_fields__:
        alone = replace(EVERYTHING, **{name: getattr(wanted, name)})
        assert right in await found(reading, alone), name
        if not name.endswith("_day") and name != "statuses":
            assert await found(reading, alone) == [right], name
    assert await found(reading, wanted) == [right]
    assert await found(reading, replace(wanted, last_day=START.date() - timedelta(days=1))) == []


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        *(("voyants", True), ("ROUGE voyant", True), ("eteint", True), ("Éteint", True), ('"voyant rouge"', True)),
        *(('"rouge voyant"', False), ("voyant -rouge", False), ("voyant -facture", True), ("vert or rouge", True)),
        *(("speaker", False), ("caller", False), ("résumé", True), ("'; DROP TABLE tickets; --", False)),
        *(("%", True), ("& | !", True), ("   ", True)),  # no word at all: no filter
    ],
)
async def test_words_said_in_the_call(reading: Database, add_ticket: AddTicket, words: str, matches: bool) -> None:
    number = await add_ticket("Le voyant rouge s'est éteint.", summary="Un résumé")
    rows = await ticket_page(reading, TicketFilter(words=words), PARIS)
    if not words.strip("%&|! "):
        assert len(rows) in (0, 1)  # PostgreSQL finds nothing for words that are none
    else:
        assert [row.id for row in rows] == [number] * matches


async def test_a_very_long_call_is_stored_and_found(reading: Database, add_ticket: AddTicket) -> None:
    number = await add_ticket("xylophone", *(f"mot{index} " * 20 for index in range(3000)))
    assert await found(reading, TicketFilter(words="xylophone")) == [number]


async def test_one_ticket_with_all_that_is_kept(reading: Database, add_ticket: AddTicket) -> None:
    call_uuid = uuid4()
    transcript = [{"speaker": "bot", "text": "<script>alert(1)</script>", "at_s": 0.4, "interrupted": True}, 7, None]
    number = await add_ticket(transcript=transcript, call_uuid=call_uuid, recording="a.raw b.raw")
    opened = await ticket_opened(reading, number)
    assert opened is not None
    assert opened.transcript == (transcript[0],)
    assert opened.recordings == ("a.raw", "b.raw") == await ticket_recordings(reading, number)
    assert opened.row.call_uuid == str(call_uuid)
    assert await ticket_of_call(reading, str(call_uuid)) == opened
    for strange in ("", "x", str(uuid4())):
        assert await ticket_of_call(reading, strange) is None
    for nobody in (0, -1, 2**63, number + 1):
        assert await ticket_opened(reading, nobody) is None
        assert await ticket_recordings(reading, nobody) == ()


async def test_every_asterisk_of_late(reading: Database, add_ticket: AddTicket) -> None:
    now = datetime.now(UTC)
    for name, days in (("192.0.2.2", 1), ("192.0.2.1", 2), ("192.0.2.1", 3), (None, 1), ("192.0.2.9", 100)):
        await add_ticket(asterisk=name, started_at=now - timedelta(days=days))
    assert await asterisks(reading) == ["192.0.2.1", "192.0.2.2"]
