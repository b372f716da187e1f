"""Processes of our own: started, waited for until they say that they are ready, ended for sure."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from app.errors import VoicebotError

READY_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 20.0
LINE_LIMIT_BYTES = 1 << 20


@dataclass(slots=True)
class Child:
    """A running `voicebot` command whose lines are read as JSON.

    Attributes:
        process: the process itself.
        lines: the stream that is read.
    """

    process: asyncio.subprocess.Process
    lines: asyncio.StreamReader

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every JSON object that it writes from here on."""
        while line := await self.lines.readline():
            if (event := json_object(line)) is not None:
                yield event

    async def wait_for(self, name: str | None = None) -> dict[str, Any]:
        """The next JSON object (whose `event` is `name`).

        Raises:
            VoicebotError: it ended, or said nothing of the kind within 90 s; with its last line.
        """
        said = b""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while line := await self.lines.readline():
                    said = line.strip() or said
                    event = json_object(line)
                    if event is not None and name in (None, event.get("event")):
                        return event
        except TimeoutError:
            raise VoicebotError(f"not ready after {READY_TIMEOUT_S:.0f} s; it last said: {_text(said)}") from None
        raise VoicebotError(f"it ended instead of starting; it last said: {_text(said)}")


@asynccontextmanager
async def voicebot(
    *words: str, reads: Literal["stdout", "stderr"], environment: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Runs `voicebot WORDS` as a child; leaving ends it with SIGTERM, after 20 s with SIGKILL."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *_command(words),
        stdin=nothing,
        stdout=pipe if reads == "stdout" else nothing,
        stderr=pipe if reads == "stderr" else None,
        env=dict(os.environ if environment is None else environment),
        limit=LINE_LIMIT_BYTES,
    )
    lines = process.stdout if reads == "stdout" else process.stderr
    assert lines is not None
    child = Child(process, lines)
    try:
        yield child
    finally:
        if process.returncode is None:
            process.terminate()
            drain = asyncio.create_task(_drain(lines))  # a full pipe would keep it from ending
            await end_of(process, STOP_TIMEOUT_S)
            drain.cancel()


async def end_of(process: asyncio.subprocess.Process, within_s: float) -> None:
    """Waits for the end of a process that was told to end; one that takes longer is killed."""
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def finish(*words: str, environment: Mapping[str, str] | None = None) -> None:
    """Runs `voicebot WORDS` to its end.

    Raises:
        VoicebotError: it failed; with the last lines that it wrote.
    """
    process = await asyncio.create_subprocess_exec(
        *_command(words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ if environment is None else environment),
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        raise VoicebotError(f"voicebot {' '.join(words)} failed: {_text(said)[-500:]}")


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    return (sys.executable, "-m", "app", *words)


async def _drain(lines: asyncio.StreamReader) -> None:
    while await lines.read(65_536):
        pass


def json_object(line: bytes) -> dict[str, Any] | None:
    """The line's JSON object; None for any other line."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _text(said: bytes) -> str:
    return said.decode(errors="replace").strip()
