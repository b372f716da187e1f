"""Asking the workers: all of them at once, whatever some of them do."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dashboard.live import ask_workers

CALL = {
    "call_uuid": "6b0f6f0e-8d0c-4e0e-9f55-6f1f4d3f6d2a",
    "started_at": "2026-03-02T13:05:00+00:00",
    "asterisk": "192.0.2.1",
    "caller_number": None,
    "state": "WELCOME",
    "last": {"speaker": "bot", "text": "Bonjour", "at_s": 0.4, "now": True},
}


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: a socket's path has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="vb") as name:
        yield Path(name)


@asynccontextmanager
async def worker(directory: Path, number: int, answer: bytes) -> AsyncIterator[list[Any]]:
    """One that answers so; what it was asked is in the list."""
    asked: list[Any] = []

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.append(task)
        asked.append(json.loads(await reader.readline()))
        writer.write(answer)
        await reader.read()  # until the visitor has gone
        writer.close()
        await writer.wait_closed()

    visits: list[asyncio.Task[None]] = []
    server = await asyncio.start_unix_server(visited, str(directory / f"worker-{number}.sock"))
    yield asked
    server.close()
    await asyncio.gather(*visits)


def line(*calls: dict[str, Any]) -> bytes:
    return json.dumps({"calls": calls}).encode() + b"\n"


async def test_all_calls_of_all_workers_the_longest_first(directory: Path) -> None:
    later = {**CALL, "started_at": "2026-03-02T13:06:00+00:00", "transcript": [CALL["last"]]}
    async with worker(directory, 1, line(later)) as asked, worker(directory, 2, line(CALL)):
        found = await ask_workers(directory, "u")
    assert found is not None
    assert [call.started_at.minute for call in found] == [5, 6]
    assert (found[0].state, found[0].last) == ("WELCOME", CALL["last"])
    assert found[1].transcript == (CALL["last"],)
    assert asked == [{"open": ["u"]}]


@pytest.mark.parametrize("answer", [b"\n", b"no\n", b"[]\n", b'{"calls": [{}]}\n', b'{"calls": 7}\n', b""])
async def test_one_that_answers_nonsense_or_nothing_hides_no_other(directory: Path, answer: bytes) -> None:
    async with worker(directory, 1, answer), worker(directory, 2, line(CALL)):
        found = await ask_workers(directory)
    assert found is not None
    assert [call.call_uuid for call in found] == [CALL["call_uuid"]]


async def test_nobody_knows_where_nobody_answers(directory: Path) -> None:
    assert await ask_workers(directory / "none") is None
    async with worker(directory, 1, b"no\n"):
        assert await ask_workers(directory) is None
    async with worker(directory, 2, line()):
        assert await ask_workers(directory) == []
