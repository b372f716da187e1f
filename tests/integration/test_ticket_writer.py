"""Every ticket comes home: the database away, frozen, back; the process cut off; the disk full."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvloop

from app.errors import StoreError
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.spool import Spool
from app.store.tickets import Ticket, Tickets
from app.store.writer import TicketWriter

REPOSITORY = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
AWAY = "postgresql://postgres@/db_tickets?host=/nowhere"


def ticket(**changes: Any) -> Ticket:
    return replace(Ticket(call_uuid=uuid4(), started_at=START, status="abandoned"), **changes)


@pytest.fixture
def tickets(tickets_database: Database) -> Tickets:
    return Tickets(tickets_database)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
async def writer(spool: Spool, tickets: Tickets) -> AsyncIterator[TicketWriter]:
    writer = TicketWriter(spool, tickets)
    yield writer
    await writer.stop()


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server that the test may stop, freeze and kill."""
    async with EmbeddedPostgres(tmp_path / "pg") as server:
        await migrate(server.tickets_url, "tickets")
        yield server


async def until(condition: Callable[[], bool]) -> None:
    """Waits for other tasks to bring something about; pytest's own timeout is the bound."""
    while not condition():  # noqa: ASYNC110 - what is waited for is on disk or in another process
        await asyncio.sleep(0.01)


async def saved(tickets: Tickets, wanted: Ticket) -> Ticket:
    found = await tickets.by_call(wanted.call_uuid)
    assert found is not None
    return replace(found, id=None)


async def test_a_call_from_checkpoint_to_row(writer: TicketWriter, spool: Spool, tickets: Tickets) -> None:
    call = ticket()
    await writer.checkpoint(call)
    assert spool.entries() == [call]
    ended = replace(call, status="resolved", summary="C'est réparé.")
    assert await writer.close_call(ended)
    assert spool.entries() == []
    assert await saved(tickets, call) == ended
    assert writer.waiting == 0


async def test_checkpoints_of_one_call_stay_in_order(writer: TicketWriter, spool: Spool) -> None:
    call = ticket()
    states = [replace(call, summary=str(turn)) for turn in range(50)]
    await asyncio.gather(*(writer.checkpoint(state) for state in states))
    assert spool.entries() == [states[-1]]


async def test_an_active_call_is_not_replayed(writer: TicketWriter, spool: Spool, tickets: Tickets) -> None:
    call = ticket()
    await writer.checkpoint(call)
    assert await writer.replay() == 0
    assert await tickets.by_call(call.call_uuid) is None
    assert spool.entries() == [call]


async def test_a_late_checkpoint_does_not_bring_a_closed_call_back(
    writer: TicketWriter, spool: Spool, tickets: Tickets
) -> None:
    call = ticket()
    ended = replace(call, status="resolved")
    assert await writer.close_call(ended)
    await writer.checkpoint(call)
    assert spool.entries() == []
    await writer.replay()
    assert await saved(tickets, call) == ended


async def test_database_stopped_then_back(tmp_path: Path, own_server: EmbeddedPostgres, spool: Spool) -> None:
    told: list[int] = []
    home: list[Ticket] = []
    calls = [ticket(started_at=START + timedelta(minutes=n)) for n in range(3)]
    async with Database(own_server.tickets_url) as database:
        tickets = Tickets(database)
        writer = TicketWriter(spool, tickets, interval_s=0.05, on_change=told.append, on_replayed=home.append)
        assert await writer.close_call(calls[0])
        await own_server.stop()
        assert [await writer.close_call(call) for call in calls[1:]] == [False, False]
        assert await writer.replay() == 0
        assert writer.waiting == spool.count() == 2
        assert not database.healthy
        writer.start()
        await own_server.start()
        await until(lambda: not writer.waiting)
        await writer.stop()
        assert spool.entries() == []
        assert [each.call_uuid for each in await tickets.latest(9)] == [call.call_uuid for call in calls[::-1]]
        assert database.healthy
    assert home == calls[1:]
    assert (told[0], max(told), told[-1]) == (0, 2, 0)


async def test_a_database_frozen_whole_is_bounded_and_comes_back(own_server: EmbeddedPostgres) -> None:
    async with Database(own_server.tickets_url, name="tickets", pool_size=2) as database:
        tickets = Tickets(database)
        call = ticket()
        await tickets.save(call)
        with frozen(own_server):
            # More at once than the pool has connections: one frozen, one never made, the others wait.
            results = await asyncio.gather(
                *(database.fetch("SELECT 1", within_s=0.2) for _ in range(6)), return_exceptions=True
            )
            assert [str(error) for error in results] == ["tickets: no answer within 0.2 s"] * 6
            assert all(isinstance(error, StoreError) for error in results)
            assert not await database.ping(0.1)
        assert await database.ping(20.0)
        assert await saved(tickets, call) == call


async def test_closing_the_pool_of_a_frozen_server_is_bounded(own_server: EmbeddedPostgres) -> None:
    database = Database(own_server.tickets_url)
    assert await database.ping(5.0)
    with frozen(own_server):
        await database.close()
    with pytest.raises(StoreError, match="closed"):
        await database.fetch("SELECT 1")


async def test_a_slow_query_is_cut_off_and_its_connection_not_used_again(tickets_database: Database) -> None:
    with pytest.raises(StoreError, match=r"no answer within 0\.1 s"):
        await tickets_database.fetch("SELECT pg_sleep(60)", within_s=0.1)
    assert await tickets_database.ping(5.0)


async def test_a_lookup_given_up_by_the_call_frees_its_connection(tickets_url: str) -> None:
    async with Database(tickets_url, pool_size=1) as database:
        assert await database.ping(5.0)
        lookup = asyncio.create_task(database.fetch("SELECT pg_sleep(60)", within_s=60))
        await asyncio.sleep(0.05)
        lookup.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lookup
        assert await database.ping(5.0)


async def test_a_schema_that_is_not_there_yet_is_waited_for(own_server: EmbeddedPostgres, spool: Spool) -> None:
    async with Database(own_server.clients_url) as database:
        writer = TicketWriter(spool, Tickets(database))
        call = ticket()
        assert not await writer.close_call(call)
        await migrate(own_server.clients_url, "tickets")
        assert await writer.replay() == 1
        await writer.stop()
    assert spool.entries() == []


async def test_what_the_database_refuses_is_moved_aside_and_blocks_nobody(tmp_path: Path, tickets: Tickets) -> None:
    bad: list[str] = []
    spool = Spool(tmp_path / "spool", on_bad=lambda path, reason: bad.append(reason))
    poison, good = ticket(client_id=2**70), ticket(started_at=START + timedelta(hours=1))
    for each in (poison, good):
        spool.save(each)
        spool.release(each)
    writer = TicketWriter(spool, tickets)
    assert await writer.replay() == 1
    assert await writer.close_call(ticket(client_id=2**70)) is False
    await writer.stop()
    assert await saved(tickets, good) == good
    assert spool.entries() == []
    assert len(bad) == 2
    assert writer.waiting == 0


async def test_a_full_disk_does_not_keep_a_ticket_from_the_database(tmp_path: Path, tickets: Tickets) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    writer = TicketWriter(Spool(blocked), tickets)
    call = ticket()
    with pytest.raises(StoreError, match="spool"):
        await writer.checkpoint(call)
    assert await writer.close_call(call)
    assert await saved(tickets, call) == call
    await writer.stop()


async def test_when_neither_disk_nor_database_takes_it_the_caller_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    async with Database(AWAY) as database:
        writer = TicketWriter(Spool(blocked), Tickets(database))
        with pytest.raises(StoreError, match="spool"):
            await writer.close_call(ticket())
        await writer.stop()


async def test_a_close_cut_off_half_way_is_replayed(own_server: EmbeddedPostgres, spool: Spool) -> None:
    async with Database(own_server.tickets_url) as database:
        tickets = Tickets(database)
        assert await database.ping(5.0)
        writer = TicketWriter(spool, tickets)
        call = ticket(status="resolved")
        with frozen(own_server):
            closing = asyncio.create_task(writer.close_call(call))
            await until(lambda: spool.count() == 1)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing
        assert writer.waiting == 1
        assert await writer.replay() == 1
        await writer.stop()
        assert await saved(tickets, call) == call
        assert spool.entries() == []


async def test_after_stop_everything_is_a_store_error(writer: TicketWriter) -> None:
    writer.start()
    await writer.stop()
    await writer.stop()
    with pytest.raises(StoreError, match="closed"):
        await writer.checkpoint(ticket())


CRASHING_WORKER = """
import asyncio, os, sys
from pathlib import Path
from app.store.pool import Database
from app.store.spool import Spool
from app.store.tickets import Ticket, Tickets
from app.store.writer import TicketWriter

async def main():
    writer = TicketWriter(Spool(Path(sys.argv[1])), Tickets(Database(sys.argv[2])))
    await writer.checkpoint(Ticket.from_json(sys.argv[3]))
    print("checkpointed", flush=True)
    await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


async def test_a_killed_workers_call_is_stored_by_the_next_but_not_while_it_lives(
    tickets_url: str, writer: TicketWriter, spool: Spool, tickets: Tickets
) -> None:
    call = ticket(summary="coupé")
    command = [sys.executable, "-c", CRASHING_WORKER, str(spool.directory), tickets_url, call.to_json()]
    with subprocess.Popen(  # noqa: ASYNC220 - starts at once
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "checkpointed\n"
        assert await writer.replay() == 0
        assert writer.waiting == 0
        worker.kill()
        worker.wait(10)
    assert await writer.replay() == 1
    assert await saved(tickets, call) == call


async def test_a_server_killed_under_load_loses_no_ticket(own_server: EmbeddedPostgres, spool: Spool) -> None:
    calls = [ticket(started_at=START + timedelta(seconds=n), status="resolved") for n in range(100)]
    async with Database(own_server.tickets_url, pool_size=4) as database:
        writer = TicketWriter(spool, Tickets(database))
        closing = [asyncio.create_task(writer.close_call(call)) for call in calls]
        await asyncio.wait(closing, return_when=asyncio.FIRST_COMPLETED)
        assert own_server.pid is not None
        os.kill(own_server.pid, signal.SIGKILL)
        stored = await asyncio.gather(*closing)
        waiting = stored.count(False)
        assert waiting == writer.waiting == spool.count()
        await own_server.stop()
        await own_server.start()
        assert await writer.replay() == waiting
        await writer.stop()
        found = {each.call_uuid for each in await Tickets(database).latest(1000)}
    assert found == {call.call_uuid for call in calls}


def test_the_same_on_uvloop(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async def scenario() -> tuple[bool, bool, int]:
        call = ticket()
        async with Database(AWAY) as away, Database(postgres.url("template1")) as wrong:
            writer = TicketWriter(Spool(tmp_path / "spool"), Tickets(away))
            first = await writer.close_call(call)
            await writer.stop()
            writer = TicketWriter(Spool(tmp_path / "spool"), Tickets(wrong))
            second = await writer.close_call(replace(call, call_uuid=uuid4()))
            await writer.replay()
            await writer.stop()
            return first, second, writer.waiting

    assert uvloop.run(scenario()) == (False, False, 2)


@contextmanager
def frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """The whole server stands still: the postmaster first, so that it has no more children, then those that it has.

    A child may be at its end just then (autovacuum's come and go), so one that is gone is no fault.
    """
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    stopped = [server.pid]
    try:
        while Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)
        for child in map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGSTOP)
                stopped.append(child)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
