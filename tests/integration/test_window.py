"""The window on calls in progress: what it shows, who may look, and what it does with those who ask strange things."""

import asyncio
import json
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from app.ops.window import OPENED_MAX, VISITORS_MAX, Window
from tests.integration.conftest import OpenHouse
from tests.integration.house import on_uvloop

Answer = dict[str, Any]


class Still:
    """A call that stands still."""

    def seen(self, *, whole: bool) -> dict[str, Any]:
        return {"call_uuid": "u", "said": "« été »", "whole": whole}


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: a socket's path has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="vb") as name:
        yield Path(name) / "live"


@asynccontextmanager
async def opened(window: Window) -> AsyncIterator[None]:
    await window.open()
    try:
        yield
    finally:
        await window.close()


def sockets_in(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


def rights_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def visitor(directory: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    (path,) = sockets_in(directory)
    return await asyncio.open_unix_connection(str(path))


async def ask(directory: Path, *uuids: str) -> list[Answer]:
    """One question on a connection of its own."""
    reader, writer = await visitor(directory)
    writer.write(json.dumps({"open": uuids}).encode() + b"\n")
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    calls: list[Answer] = json.loads(line)["calls"]
    return calls


@on_uvloop
async def test_a_call_is_seen_from_its_first_words_to_its_end(house_of: OpenHouse, directory: Path) -> None:
    async with house_of() as house, opened(Window(directory, lambda: house.server.talking)):
        assert await ask(directory) == []
        call_uuid = uuid4()
        peer = await house.call(call_uuid)
        await peer.heard(40)
        (call,) = await ask(directory)
        assert call["call_uuid"] == str(call_uuid)
        assert call["state"] == "WELCOME"
        assert "transcript" not in call
        assert call["last"]["speaker"] == "bot"
        assert call["last"]["now"] is True
        welcome = house.services.prompts.text("welcome")
        said = call["last"]["text"].rstrip(" …")
        assert said
        assert welcome.startswith(said), "only what has left"
        (whole,) = await ask(directory, str(call_uuid))
        assert whole["transcript"][-1]["text"].startswith(said)
        peer.finish()
        await peer.end()
        await house.empty()
        assert await ask(directory) == []


@on_uvloop
async def test_one_connection_asks_as_often_as_it_likes(directory: Path) -> None:
    async with opened(Window(directory, lambda: [("u", Still())])):
        reader, writer = await visitor(directory)
        for uuids, whole in ([], False), (["u"], True), (["other"], False):
            writer.write(json.dumps({"open": uuids}).encode() + b"\n")
            answer = json.loads(await asyncio.wait_for(reader.readline(), 10))
            assert answer == {"calls": [{"call_uuid": "u", "said": "« été »", "whole": whole}]}
        writer.close()


@pytest.mark.parametrize(
    "line",
    [
        *(b"\n", b"hello\n", b"[]\n", b'{"open": 7}\n', b"\xff\xfe\n", b"{" * 5000, b"[" * 4000 + b"\n"),
        json.dumps({"open": ["u"] * (OPENED_MAX + 1)}).encode() + b"\n",
    ],
    ids=["empty", "words", "list", "number", "no text", "no end", "deep", "too many"],
)
def test_what_is_no_question_ends_the_visit_and_nothing_else(directory: Path, line: bytes) -> None:
    @on_uvloop
    async def visit() -> None:
        async with opened(Window(directory, lambda: [("u", Still())])):
            reader, writer = await visitor(directory)
            writer.write(line)
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            assert len(await ask(directory)) == 1

    visit()


@on_uvloop
async def test_there_is_room_for_so_many_visitors(directory: Path) -> None:
    async with opened(Window(directory, list)):
        guests = [await visitor(directory) for _ in range(VISITORS_MAX)]
        for reader, writer in guests:
            writer.write(b"{}\n")
            assert await asyncio.wait_for(reader.readline(), 10) == b'{"calls": []}\n'
        reader, writer = await visitor(directory)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        for _, each in [*guests, (reader, writer)]:
            each.close()


@on_uvloop
async def test_group_and_owner_may_look_and_nobody_else(directory: Path) -> None:
    async with opened(Window(directory, list)):
        (path,) = sockets_in(directory)
        assert rights_of(path) == 0o660
        assert rights_of(directory) & 0o007 == 0
    assert sockets_in(directory) == []


def test_what_killed_workers_left_is_taken_away_and_the_living_stay(directory: Path) -> None:
    directory.mkdir()
    dead, alive = directory / "worker-1.sock", directory / "worker-2.sock"
    left, living = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    left.bind(str(dead))
    left.close()
    living.bind(str(alive))
    living.listen()

    @on_uvloop
    async def look() -> None:
        async with opened(Window(directory, list)):
            assert sockets_in(directory) == sorted([alive, directory / f"worker-{os.getpid()}.sock"])

    look()
    living.close()


@pytest.mark.parametrize("name", ["live", "x" * 120], ids=["a file is there", "too long"])
def test_a_place_that_can_not_be_had_keeps_no_call_from_being_answered(directory: Path, name: str) -> None:
    directory.write_text("a file")

    @on_uvloop
    async def open_it() -> None:
        window = Window(directory.with_name(name), list)
        with capture_logs() as log:
            await window.open()
        assert [entry["event"] for entry in log] == ["calls in progress can't be watched"]
        await window.close()

    open_it()
