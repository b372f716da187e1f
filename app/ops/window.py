"""A window on the calls in progress: a unix socket that tells how they stand to whoever asks, and else costs nothing.

    LIVE_DIR/worker-{pid}.sock     one for each worker; who may open it is decided by the rights of directory and socket

One line of JSON asks, `{"open": ["UUID", …]}`, and one line answers, `{"calls": [{…}, …]}`: each call with its last
words, those that are named with all of them. Asked again on the same connection as often as one likes, ten times a
second at most. Frames leave every 20 ms meanwhile: an answer is made in pieces of some calls, between which the loop
goes on.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

QUESTION_MAX_BYTES = 4096
VISITORS_MAX = 8
"""Dashboards, and an operator with socat."""
OPENED_MAX = 4
PIECE_CALLS = 4
"""Some 80 µs of work; one with all its words takes another 120."""
REST_S = 0.1
IDLE_S = 60.0
TAKE_S = 2.0
DIRECTORY_MODE, SOCKET_MODE = 0o2750, 0o660
"""The group may look; files in it belong to the directory's group."""
PATH_MAX_BYTES = 107
"""sun_path holds 108 bytes with the final zero (unix(7))."""


class Seen(Protocol):
    """A call in progress."""

    def seen(self, *, whole: bool) -> dict[str, Any]:
        """How it stands, ready for JSON: `call_uuid` and the rest; `whole` with all that was said."""
        ...


class Window:
    """The window of one worker.

    Args:
        directory: LIVE_DIR; made when missing.
        calls: those in progress, each with its UUID.
    """

    def __init__(self, directory: Path, calls: Callable[[], Iterable[tuple[str, Seen]]]) -> None:
        self._directory = directory
        self._calls = calls
        self._path = directory / f"worker-{os.getpid()}.sock"
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begins to answer. Never raises: calls are worth more than being seen."""
        try:
            self._directory.mkdir(mode=DIRECTORY_MODE & 0o777, parents=True, exist_ok=True)
            if len(os.fsencode(self._path)) > PATH_MAX_BYTES:
                raise OSError(f"the path of a socket may have {PATH_MAX_BYTES} bytes: {self._path}")
            _clear(self._directory)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            self._path.unlink(missing_ok=True)
            listener.bind(str(self._path))
            os.chmod(self._path, SOCKET_MODE)
            self._server = await asyncio.start_unix_server(self._visited, sock=listener, limit=QUESTION_MAX_BYTES)
        except OSError as error:
            log.warning("calls in progress can't be watched", detail=str(error))

    async def close(self) -> None:
        """Takes the socket away."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._visits.add(task)
        try:
            if len(self._visits) <= VISITORS_MAX:
                await self._answer_all(reader, writer)
        except (OSError, ValueError, TimeoutError, RecursionError):
            pass  # gone, or says nothing that is a question
        except asyncio.CancelledError:
            pass  # by `close`; asyncio's streams of Python 3.11 complain of a visit that ends as cancelled
        finally:
            self._visits.discard(task)
            writer.transport.abort()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(IDLE_S):
                line = await reader.readline()
            if not line:
                return
            opened = _question(line)
            async with asyncio.timeout(TAKE_S):
                writer.write(await self._answer(opened))
                await writer.drain()
            await asyncio.sleep(REST_S)

    async def _answer(self, opened: frozenset[str]) -> bytes:
        told = []
        for index, (call_uuid, call) in enumerate(tuple(self._calls())):
            if index and index % PIECE_CALLS == 0:
                await asyncio.sleep(0)
            told.append(json.dumps(call.seen(whole=call_uuid in opened), ensure_ascii=False))
        return f'{{"calls": [{", ".join(told)}]}}\n'.encode("utf-8", "replace")


def _question(line: bytes) -> frozenset[str]:
    """Raises ValueError for what is none."""
    question = json.loads(line)
    opened = question.get("open", []) if isinstance(question, dict) else None
    if not isinstance(opened, list) or len(opened) > OPENED_MAX:
        raise ValueError("no question")
    return frozenset(str(one) for one in opened)


def _clear(directory: Path) -> None:
    """Takes away sockets of workers that were killed: nobody listens there any more."""
    for path in directory.glob("worker-*.sock"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.settimeout(0.2)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
