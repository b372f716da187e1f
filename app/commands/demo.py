"""`voicebot demo`: one complete spoken French call, watched live, with nothing configured.

Three processes, as in production: the stand-ins (where no real key is set), the server, and this one, which is the
telephone. What is shown live is the server's own structured log.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console

from app.caller.caller import place_call
from app.caller.report import CallReport
from app.caller.script import read_script
from app.commands.demo_view import DemoView
from app.errors import VoicebotError
from app.store.clients import Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.tickets import Ticket, Tickets

KEYS = {"deepgram": "DEEPGRAM", "groq": "GROQ", "elevenlabs": "ELEVENLABS"}
READY_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 15.0
TICKET_TIMEOUT_S = 10.0
SOLUTION_WAIT_S = 3
"""The two minutes of unplugging the box, shortened for an audience."""
LINE_LIMIT_BYTES = 1 << 20


async def demonstrate(script: str, directory: Path, *, as_json: bool) -> int:
    """Sets up, calls, shows; exit code 0 when the call went through and its ticket is stored.

    Raises:
        VoicebotError: a part that does not start, with the last line it said.
    """
    console = Console(stderr=as_json, highlight=False)
    scenario = read_script(script)
    directory.mkdir(parents=True, exist_ok=True)
    call_uuid = uuid4()
    view = DemoView(console)
    async with AsyncExitStack() as stack:
        view.step("PostgreSQL")
        postgres = await stack.enter_async_context(EmbeddedPostgres(directory / "postgres"))
        await migrate(postgres.clients_url, "clients")
        await migrate(postgres.tickets_url, "tickets")
        await _seed(postgres)
        view.step("Deepgram, Groq, ElevenLabs")
        environment = await _providers(stack, directory)
        environment |= {
            "CLIENTS_DATABASE_URL": postgres.clients_url,
            "TICKETS_DATABASE_URL": postgres.tickets_url,
            "RECORDINGS_DIR": str(directory / "recordings"),
            "SPOOL_DIR": str(directory / "spool"),
            "CACHE_DIR": str(directory / "cache"),
            "AUDIOSOCKET_HOST": "127.0.0.1",
            "AUDIOSOCKET_PORT": "0",
            "METRICS_PORT": "0",
            "STRUCTURED_LOGGING": "true",
            "SOLUTION_WAIT_SECONDS": str(SOLUTION_WAIT_S),
        }
        view.step("phrases")
        await _finish(_command("cache", "build", environment=environment))
        view.step("serveur AudioSocket")
        server = await stack.enter_async_context(_process(_command("serve", environment=environment), "stderr"))
        listening = await _wait_for(server, "listening")
        view.ready(listening["audiosocket_port"])
        watcher = asyncio.create_task(_watch(server, view), name="watch the log")
        report = await place_call(scenario, "127.0.0.1", listening["audiosocket_port"], call_uuid=call_uuid)
        async with Database(postgres.tickets_url) as database:
            ticket = await _stored(Tickets(database), call_uuid)
        watcher.cancel()
        view.ticket(ticket)
        view.recording(directory / "recordings", ticket)
        view.latencies(report)
    if as_json:
        print(report.to_json(), flush=True)
    return 0 if ticket is not None and _went_through(report) else 1


def _went_through(report: CallReport) -> bool:
    return report.ended_by in ("bot", "caller")


async def _providers(stack: AsyncExitStack, directory: Path) -> dict[str, str]:
    """The environment's own keys, and stand-ins for those that are missing."""
    environment = dict(os.environ)
    missing = [name for name, prefix in KEYS.items() if not environment.get(f"{prefix}_API_KEY")]
    if missing:
        ports = [part for name in KEYS for part in (f"--{name}-port", "0")]
        standins = await stack.enter_async_context(_process(_command("standins", *ports), "stdout"))
        addresses = await _wait_for(standins, None)
        for name in missing:
            environment[f"{KEYS[name]}_API_KEY"] = "stand-in"
            environment[f"{KEYS[name]}_URL"] = addresses[name]
    return environment


async def _seed(postgres: EmbeddedPostgres) -> None:
    """A client with a ticket waiting, for the script `ticket_en_cours`; invented, as everything here."""
    async with Database(postgres.clients_url) as clients_db, Database(postgres.tickets_url) as tickets_db:
        clients, tickets = Clients(clients_db), Tickets(tickets_db)
        if await clients.find_by_phone("+33199000001") is None:
            client = await clients.add(
                first_name="Marie", last_name="Lopez", company="Boulangerie Martin", phone="+33199000001"
            )
            ticket = Ticket(uuid4(), client_id=client.id, problem_type="internet", **_a_moment())
            await tickets.save(ticket)


def _a_moment() -> dict[str, Any]:
    from datetime import UTC, datetime, timedelta

    started_at = datetime.now(UTC) - timedelta(days=1)
    return {"started_at": started_at, "ended_at": started_at + timedelta(seconds=95), "duration_seconds": 95.0}


def _command(*words: str, environment: dict[str, str] | None = None) -> Any:
    return lambda **pipes: asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", *words, env=environment, limit=LINE_LIMIT_BYTES, **pipes
    )


@asynccontextmanager
async def _process(start: Any, reads: str) -> AsyncIterator[asyncio.StreamReader]:
    """A process of ours, its `stdout` or `stderr` to read; ended with SIGTERM, then killed."""
    pipes = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.DEVNULL, "stderr": None}
    process = await start(**{**pipes, reads: asyncio.subprocess.PIPE})
    try:
        yield process.stdout if reads == "stdout" else process.stderr
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _finish(start: Any) -> None:
    process = await start(stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    if process.returncode != 0:
        raise VoicebotError(f"the phrases could not be spoken: {said.decode(errors='replace').strip()[-300:]}")


async def _wait_for(lines: asyncio.StreamReader, event: str | None) -> dict[str, Any]:
    """The first JSON line (with this event name)."""
    said = ""
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while line := await lines.readline():
                said = line.decode(errors="replace").strip() or said
                found = _json(said)
                if found is not None and event in (None, found.get("event")):
                    return found
    except TimeoutError:
        raise VoicebotError(f"not ready after {READY_TIMEOUT_S:.0f} s; it last said: {said}") from None
    raise VoicebotError(f"it ended instead of starting; it last said: {said}")


async def _watch(lines: asyncio.StreamReader, view: DemoView) -> None:
    while line := await lines.readline():
        if (event := _json(line.decode(errors="replace"))) is not None:
            view.show(event)


def _json(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


async def _stored(tickets: Tickets, call_uuid: Any) -> Ticket | None:
    """The call's ticket, as soon as it is closed."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + TICKET_TIMEOUT_S
    while loop.time() < end_s:
        ticket = await tickets.by_call(call_uuid)
        if ticket is not None and ticket.ended_at is not None:
            return ticket
        await asyncio.sleep(0.1)
    return None
