"""Calls that run: asked of the server's workers over the sockets in LIVE_DIR (docs/dashboard.md), as they stand now.

Each worker has a socket there. One line of JSON asks, one line of JSON answers; nothing is sent to those who don't ask.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.desk import Desk

ANSWER_S = 0.8
LINE_MAX_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class RunningCall:
    """One call as it stands.

    Attributes:
        call_uuid: of the call; the ticket will have it.
        started_at: aware.
        state: of the dialogue.
        last: the newest entry of its transcript, if there is one.
        transcript: all entries, if they were asked for.
    """

    call_uuid: str
    started_at: datetime
    asterisk: str | None
    caller_number: str | None
    state: str
    last: Mapping[str, Any] | None
    transcript: tuple[Mapping[str, Any], ...]


def running_calls(desk: Desk, opened: str | None = None) -> list[RunningCall] | None:
    """All calls of all workers, the longest first.

    Args:
        desk: where the sockets are.
        opened: UUID of the call whose whole transcript is wanted.

    Returns:
        None if no worker answers: nobody knows.
    """
    return desk.loop.run(ask_workers(desk.settings.live_dir, opened))


def calls_running(desk: Desk) -> int | None:
    """How many there are."""
    found = running_calls(desk)
    return None if found is None else len(found)


async def ask_workers(directory: Path, opened: str | None = None) -> list[RunningCall] | None:
    """Asks all sockets of a directory at once; those of workers that are gone do not count."""
    sockets = await asyncio.to_thread(_sockets, directory)
    question = json.dumps({"open": [opened] if opened else []}).encode() + b"\n"
    answers = await asyncio.gather(*(_ask(path, question) for path in sockets))
    heard = [answer for answer in answers if answer is not None]
    if not heard:
        return None
    calls = [call for answer in heard for call in answer]
    return sorted(calls, key=lambda call: (call.started_at, call.call_uuid))


def _sockets(directory: Path) -> list[Path]:
    try:
        return sorted(directory.glob("worker-*.sock"))
    except OSError:
        return []


async def _ask(path: Path, question: bytes) -> Sequence[RunningCall] | None:
    writer = None
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE_MAX_BYTES)
            writer.write(question)
            return _calls(json.loads(await reader.readline()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    finally:
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _calls(answer: Mapping[str, Any]) -> list[RunningCall]:
    return [
        RunningCall(
            call_uuid=str(call["call_uuid"]),
            started_at=datetime.fromisoformat(call["started_at"]),
            asterisk=call.get("asterisk"),
            caller_number=call.get("caller_number"),
            state=str(call.get("state", "")),
            last=call.get("last"),
            transcript=tuple(call.get("transcript", ())),
        )
        for call in answer["calls"]
    ]
