"""`voicebot demo`: one complete spoken French call, watched live, with nothing configured.

Three processes, as in production: the stand-ins (where no real key is set), the server, and this one, which is the
telephone. What is shown live is the server's own structured log.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from rich.console import Console

from app.caller.caller import place_call
from app.caller.report import CallReport
from app.caller.script import read_script
from app.commands.children import Child, finish, voicebot
from app.commands.demo_view import DemoView
from app.config import Settings, load_settings
from app.store.clients import Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.tickets import Ticket, Tickets

KEYS = {"deepgram": "DEEPGRAM", "groq": "GROQ", "elevenlabs": "ELEVENLABS"}
TICKET_TIMEOUT_S = 10.0
SOLUTION_WAIT_S = 3
"""The two minutes of unplugging the box, shortened for an audience."""


async def demonstrate(script: str, directory: Path, *, as_json: bool) -> int:
    """Sets up, calls, shows; exit code 0 when the call went through and its ticket is stored.

    Raises:
        VoicebotError: a part that does not start, with the last line it said.
    """
    console = Console(stderr=as_json, highlight=False)
    scenario = read_script(script)
    settings = load_settings()
    call_uuid = uuid4()
    view = DemoView(console)
    async with AsyncExitStack() as stack:
        view.step("PostgreSQL")
        postgres = await stack.enter_async_context(EmbeddedPostgres(directory / "postgres"))
        await migrate(postgres.clients_url, "clients")
        await migrate(postgres.tickets_url, "tickets")
        await _seed(postgres)
        view.step("Deepgram, Groq, ElevenLabs")
        environment = await _providers(stack, settings, _phrases_of(script))
        environment |= {
            "REMOTE_ASTERISK_IP": "127.0.0.1",  # the caller of the demonstration, whatever the .env allows
            "CLIENTS_DATABASE_URL": postgres.clients_url,
            "TICKETS_DATABASE_URL": postgres.tickets_url,
            "RECORDINGS_DIR": str(directory / "recordings"),
            "SPOOL_DIR": str(directory / "spool"),
            "LIVE_DIR": str(directory / "live"),
            "CACHE_DIR": str(directory / "cache"),
            "AUDIOSOCKET_HOST": "127.0.0.1",
            "AUDIOSOCKET_PORT": "0",
            "METRICS_PORT": "0",
            "STRUCTURED_LOGGING": "true",
            "SOLUTION_WAIT_SECONDS": str(SOLUTION_WAIT_S),
        }
        view.step("phrases")
        await finish("cache", "build", environment=environment)
        view.step("serveur AudioSocket")
        server = await stack.enter_async_context(voicebot("serve", reads="stderr", environment=environment))
        listening = await server.wait_for("listening")
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


def _phrases_of(script: str) -> list[str]:
    """A script of the user's own: its sentences must be known to the stand-ins."""
    file = Path(script)
    return ["--phrases", script] if file.is_file() and "say:" in file.read_text(encoding="utf-8") else []


async def _providers(stack: AsyncExitStack, settings: Settings, phrases: list[str]) -> dict[str, str]:
    """The environment, with stand-ins for the providers whose key is missing there and in the .env."""
    environment = dict(os.environ)
    keys = {
        "deepgram": settings.deepgram_api_key,
        "groq": settings.groq_api_key,
        "elevenlabs": settings.elevenlabs_api_key,
    }
    missing = [name for name, key in keys.items() if not key.get_secret_value()]
    if missing:
        ports = [part for name in KEYS for part in (f"--{name}-port", "0")]
        standins = await stack.enter_async_context(voicebot("standins", *ports, *phrases, reads="stdout"))
        addresses = await standins.wait_for()
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
            started_at = datetime.now(UTC) - timedelta(days=1)
            ended_at = started_at + timedelta(seconds=95)
            await tickets.save(
                Ticket(
                    uuid4(),
                    started_at=started_at,
                    ended_at=ended_at,
                    duration_seconds=95.0,
                    client_id=client.id,
                    problem_type="internet",
                )
            )


async def _watch(server: Child, view: DemoView) -> None:
    async for event in server.events():
        view.show(event)


async def _stored(tickets: Tickets, call_uuid: UUID) -> Ticket | None:
    """The call's ticket, as soon as it is closed."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + TICKET_TIMEOUT_S
    while loop.time() < end_s:
        ticket = await tickets.by_call(call_uuid)
        if ticket is not None and ticket.ended_at is not None:
            return ticket
        await asyncio.sleep(0.1)
    return None
