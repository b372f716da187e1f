"""Tickets on a real disk."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.errors import StoreError
from app.store.spool import Spool
from app.store.tickets import Ticket

REPOSITORY = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TICKET = Ticket(call_uuid=UUID("6f1d0c1e-0000-4000-8000-000000000001"), started_at=START, status="abandoned")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def names(spool: Spool) -> set[str]:
    return {path.name for path in spool.directory.iterdir() if path.name != ".claims"}


def test_an_empty_or_missing_directory_holds_nothing(spool: Spool) -> None:
    assert spool.entries() == []
    assert spool.unclaimed() == []
    assert spool.count() == len(spool) == 0


def test_saving_again_replaces(spool: Spool) -> None:
    spool.save(TICKET)
    spool.save(replace(TICKET, summary="plus tard"))
    assert [entry.summary for entry in spool.entries()] == ["plus tard"]
    assert names(spool) == {f"{TICKET.call_uuid}_20260302T093000000000Z.json"}


def test_the_same_uuid_at_another_time_is_another_call(spool: Spool) -> None:
    spool.save(TICKET)
    spool.save(replace(TICKET, started_at=START + timedelta(microseconds=1)))
    assert spool.count() == 2


def test_entries_come_oldest_first_and_remove_forgets(spool: Spool) -> None:
    later = replace(TICKET, call_uuid=uuid4(), started_at=START + timedelta(hours=1))
    for ticket in (later, TICKET):
        spool.save(ticket)
    assert spool.entries() == [TICKET, later]
    assert spool.unclaimed() == [spool.path_of(TICKET), spool.path_of(later)]
    spool.remove(TICKET)
    spool.remove(TICKET)
    assert spool.entries() == [later]


def test_tickets_are_for_the_owner_only(spool: Spool) -> None:
    spool.save(TICKET)
    assert spool.directory.stat().st_mode & 0o777 == 0o700
    assert spool.path_of(TICKET).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b"\0" * 4096])
def test_a_corrupt_file_is_moved_aside_once_and_blocks_nobody(tmp_path: Path, content: bytes) -> None:
    told: list[tuple[Path, str]] = []
    spool = Spool(tmp_path, on_bad=lambda path, reason: told.append((path, reason)))
    spool.save(TICKET)
    bad = spool.path_of(replace(TICKET, call_uuid=uuid4()))
    bad.write_bytes(content)
    assert spool.entries() == [TICKET]
    assert spool.entries() == [TICKET]
    assert [path for path, _ in told] == [bad.with_name(bad.name + ".bad")]
    assert told[0][0].read_bytes() == content
    assert "\n" not in told[0][1]


def test_claiming_a_corrupt_file_moves_it_aside(spool: Spool) -> None:
    spool.save(TICKET)
    path = spool.path_of(TICKET)
    path.write_text("{")
    assert spool.claim(path) is None
    assert names(spool) == {path.name + ".bad"}


def test_a_file_under_another_calls_name_is_moved_aside(spool: Spool) -> None:
    spool.save(TICKET)
    other = spool.path_of(replace(TICKET, call_uuid=uuid4()))
    spool.path_of(TICKET).rename(other)
    assert spool.entries() == []
    assert names(spool) == {other.name + ".bad"}


def test_a_disk_that_refuses_is_a_store_error_and_the_old_state_stays(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with pytest.raises(StoreError, match="spool"):
        Spool(blocked).save(TICKET)
    spool = Spool(tmp_path / "spool")
    spool.save(TICKET)
    # A directory where the fresh file has to go: even root can't write there.
    spool.path_of(TICKET).with_suffix(".tmp").mkdir()
    with pytest.raises(StoreError, match="spool"):
        spool.save(replace(TICKET, summary="neu"))
    assert spool.entries() == [TICKET]


def test_a_torn_write_of_a_dead_process_is_cleared_but_not_our_own(spool: Spool) -> None:
    spool.save(TICKET)
    own = spool.path_of(TICKET).with_suffix(".tmp")
    dead = spool.path_of(replace(TICKET, call_uuid=uuid4())).with_suffix(".tmp")
    for path in (own, dead):
        path.write_text("{")
    assert spool.unclaimed() == [spool.path_of(TICKET)]
    assert own.exists()
    assert not dead.exists()


OTHER_WORKER = """
import sys
from pathlib import Path
from app.store.spool import Spool
from app.store.tickets import Ticket

spool = Spool(Path(sys.argv[1]))
spool.save(Ticket.from_json(sys.argv[2]))
print("saved", flush=True)
for line in sys.stdin:
    if line.strip() == "release":
        spool.release(Ticket.from_json(sys.argv[2]))
        print("released", flush=True)
"""


def other_worker(spool: Spool, ticket: Ticket) -> "subprocess.Popen[str]":
    worker = subprocess.Popen(
        [sys.executable, "-c", OTHER_WORKER, str(spool.directory), ticket.to_json()],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "saved\n"
    return worker


def test_a_call_of_another_living_worker_is_left_alone_until_it_dies(spool: Spool) -> None:
    spool.directory.mkdir(mode=0o700)
    path = spool.path_of(TICKET)
    torn = path.with_suffix(".tmp")
    with other_worker(spool, TICKET) as worker:
        torn.write_text("{")
        assert spool.entries() == [TICKET]
        assert spool.unclaimed() == []
        assert torn.exists()
        assert spool.claim(path) is None
        worker.kill()
        worker.wait(10)
    assert spool.unclaimed() == [path]
    assert not torn.exists()
    assert spool.claim(path) == TICKET


def test_a_released_ticket_may_be_taken_by_another_worker(spool: Spool) -> None:
    spool.directory.mkdir(mode=0o700)
    with other_worker(spool, TICKET) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write("release\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == "released\n"
        assert spool.claim(spool.path_of(TICKET)) == TICKET


def test_closing_gives_claims_and_descriptors_back(spool: Spool) -> None:
    before = len(os.listdir("/proc/self/fd"))
    spool.save(TICKET)
    spool.close()
    assert len(os.listdir("/proc/self/fd")) == before
