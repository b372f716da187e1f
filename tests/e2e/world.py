"""A whole installation for end-to-end tests: stand-ins, server and PostgreSQL as processes of their own.

Everything goes over real sockets and through the real SDKs. A world lives inside one `asyncio.run`; what is left of
it (reports, tickets, recordings, metrics) is judged afterwards.
"""

import asyncio
import base64
import os
import time
from array import array
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families

from app.caller.caller import CallEvent, place_call
from app.caller.process_meter import busy_percent, read_core
from app.caller.report import CallReport
from app.caller.script import Script, read_script
from app.commands.call import bot_phrases
from app.commands.children import finish, voicebot
from app.media.clock import FrameClock
from app.store.clients import Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.tickets import Ticket, Tickets
from tests.transcript import said_by

TICKET_TIMEOUT_S = 20.0


@dataclass(slots=True)
class CallResult:
    """One call, from outside and from inside.

    Attributes:
        began_at: when the UUID was sent, on the same clock as the times of the server's log.
    """

    report: CallReport
    ticket: Ticket
    recording: Path
    began_at: datetime

    @property
    def caller_words(self) -> list[str]:
        """What the bot understood the caller to say."""
        return said_by("caller", self.ticket)

    @property
    def bot_words(self) -> str:
        """Everything of the bot that was heard."""
        return " ".join(said_by("bot", self.ticket))


@dataclass(frozen=True, slots=True)
class Reel:
    """Sound as it went over the wire to or from a stand-in; kept with the knob `tape_bytes`."""

    label: str
    form: str
    sound: bytes


@dataclass(slots=True)
class World:
    """What is left when it is over."""

    calls: dict[str, CallResult] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    exit_code: int | None = None
    deepgram_tape: list[Reel] = field(default_factory=list)
    elevenlabs_tape: list[Reel] = field(default_factory=list)
    spent: dict[str, dict[str, float]] = field(default_factory=dict)
    """What the calls took of each stand-in: its counters, without what filling the cache took."""
    lateness_s: "array[float]" = field(default_factory=lambda: array("d"))
    """How late each pass of the callers' own clock was: this machine, not the server."""
    busy_percent: float = 0.0
    """Of all cores of this machine, while the calls lasted."""
    directory: Path = Path()

    def metric(self, name: str, **labels: str) -> float:
        """One sample of the last scrape; 0.0 where there is none."""
        return self.metrics.get(_key(name, labels), 0.0)


def run_world(
    directory: Path,
    scripts: Mapping[str, Script | str],
    environment: Mapping[str, str] | None = None,
    knobs: Sequence[str] = (),
    phrases: Sequence[Path] = (),
    at_once: int | None = None,
) -> World:
    """Starts everything, places all calls (at most `at_once` at a time), waits for their tickets, stops everything.

    Args:
        directory: everything that is written goes below it.
        scripts: by name, a script or the name of a shipped one.
        environment: settings besides the harness's own.
        knobs: of the stand-ins, "groq.fault=hang".
        phrases: files with more sentences for the recogniser.
    """
    return asyncio.run(_run(directory, scripts, dict(environment or {}), knobs, phrases, at_once or len(scripts)))


async def _run(
    directory: Path,
    scripts: Mapping[str, Script | str],
    environment: dict[str, str],
    knobs: Sequence[str],
    phrases: Sequence[Path],
    at_once: int,
) -> World:
    world = World(directory=directory)
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(EmbeddedPostgres(directory / "postgres"))
        await migrate(postgres.clients_url, "clients")
        await migrate(postgres.tickets_url, "tickets")
        clients_db = await stack.enter_async_context(Database(postgres.clients_url))
        tickets_db = await stack.enter_async_context(Database(postgres.tickets_url))
        tickets = Tickets(tickets_db)
        await seed(Clients(clients_db), tickets)
        words = [part for name in ("deepgram", "groq", "elevenlabs") for part in (f"--{name}-port", "0")]
        words += [part for knob in knobs for part in ("--knob", knob)]
        words += [part for file in phrases for part in ("--phrases", str(file))]
        standins = await stack.enter_async_context(voicebot("standins", *words, reads="stdout"))
        addresses = await standins.wait_for()
        settings = settings_of(directory, postgres, addresses) | environment
        await finish("cache", "build", environment=settings)
        server_stack = AsyncExitStack()
        server = await server_stack.enter_async_context(voicebot("serve", reads="stderr", environment=settings))
        async with server_stack:
            listening = await server.wait_for("listening")
            watcher = asyncio.create_task(_watch(server, world))
            uuids = {name: uuid4() for name in scripts}
            before, cores = await _spent(addresses), read_core(None)
            reports, began = await _place(scripts, uuids, listening["audiosocket_port"], at_once, world.lateness_s)
            world.busy_percent = busy_percent(cores, read_core(None))
            world.spent = {
                name: {count: value - before[name].get(count, 0) for count, value in counts.items()}
                for name, counts in (await _spent(addresses)).items()
            }
            for name, call_uuid in uuids.items():
                ticket = await ticket_of(tickets, call_uuid)
                recording = directory / "recordings" / (ticket.recording or "none")
                world.calls[name] = CallResult(reports[name], ticket, recording, began[name])
            world.metrics = await scrape(listening["metrics_port"])
            world.deepgram_tape = await _tape(addresses["deepgram"].replace("ws://", "http://"))
            world.elevenlabs_tape = await _tape(addresses["elevenlabs"])
            watcher.cancel()
        world.exit_code = server.process.returncode
    return world


def settings_of(directory: Path, postgres: EmbeddedPostgres, addresses: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")}
    return kept | {
        "DEEPGRAM_API_KEY": "a-key",
        "GROQ_API_KEY": "a-key",
        "ELEVENLABS_API_KEY": "a-key",
        "DEEPGRAM_URL": addresses["deepgram"],
        "GROQ_URL": addresses["groq"],
        "ELEVENLABS_URL": addresses["elevenlabs"],
        "CLIENTS_DATABASE_URL": postgres.clients_url,
        "TICKETS_DATABASE_URL": postgres.tickets_url,
        "RECORDINGS_DIR": str(directory / "recordings"),
        "SPOOL_DIR": str(directory / "spool"),
        "CACHE_DIR": str(directory / "cache"),
        "AUDIOSOCKET_HOST": "127.0.0.1",
        "AUDIOSOCKET_PORT": "0",
        "METRICS_PORT": "0",
        "MAX_CONCURRENT_CALLS": "60",
        "ELEVENLABS_MAX_STREAMS": "60",
        "MAX_LOOP_LAG_MS": "0",  # callers, stand-ins and whatever else runs on this machine make it late, too
        "STRUCTURED_LOGGING": "true",
        "SOLUTION_WAIT_SECONDS": "3",
    }


async def seed(clients: Clients, tickets: Tickets) -> None:
    """Marie Lopez of the shipped script, whose ticket is waiting."""
    client = await clients.add(
        first_name="Marie", last_name="Lopez", company="Boulangerie Martin", phone="+33199000001"
    )
    began = datetime.now(UTC) - timedelta(days=1)
    await tickets.save(
        Ticket(uuid4(), started_at=began, ended_at=began, client_id=client.id, problem_type="internet", status="open")
    )


async def _place(
    scripts: Mapping[str, Script | str],
    uuids: Mapping[str, UUID],
    port: int,
    at_once: int,
    lateness_s: "array[float]",
) -> tuple[dict[str, CallReport], dict[str, datetime]]:
    read = {name: script if isinstance(script, Script) else read_script(script) for name, script in scripts.items()}
    recogniser = bot_phrases() if any(script.repeat_when for script in read.values()) else None
    clock = FrameClock(on_lateness=lateness_s.append)
    places = asyncio.Semaphore(at_once)
    began: dict[str, datetime] = {}

    async def place(name: str, script: Script) -> CallReport:
        began[name] = datetime.now(UTC)

        def note(event: CallEvent) -> None:
            if event.kind == "connected":
                began[name] = datetime.now(UTC)

        async with places:
            return await place_call(
                script,
                "127.0.0.1",
                port,
                call_uuid=uuids[name],
                clock=clock,
                recogniser=recogniser if script.repeat_when else None,
                on_event=note,
                keeps_sound=len(scripts) <= 10,
            )

    reports = await asyncio.gather(*(place(name, script) for name, script in read.items()))
    return dict(zip(scripts, reports, strict=True)), began


async def ticket_of(tickets: Tickets, call_uuid: UUID) -> Ticket:
    end_s = time.monotonic() + TICKET_TIMEOUT_S
    while time.monotonic() < end_s:
        ticket = await tickets.by_call(call_uuid)
        if ticket is not None and ticket.ended_at is not None:
            return ticket
        await asyncio.sleep(0.1)
    raise AssertionError(f"no ticket for call {call_uuid} after {TICKET_TIMEOUT_S:.0f} s")


async def scrape(port: int) -> dict[str, float]:
    async with httpx.AsyncClient(timeout=5.0) as http:
        text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    return {
        _key(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def _spent(addresses: Mapping[str, str]) -> dict[str, dict[str, float]]:
    async with httpx.AsyncClient(timeout=5.0) as http:
        return {
            name: (await http.get(f"{address.replace('ws://', 'http://')}/control/stats")).json()
            for name, address in addresses.items()
        }


async def _tape(address: str) -> list[Reel]:
    async with httpx.AsyncClient(timeout=5.0) as http:
        reels = (await http.get(f"{address}/control/tape")).json()
    return [Reel(reel["label"], reel["form"], base64.b64decode(reel["sound"])) for reel in reels]


async def _watch(server: Any, world: World) -> None:
    async for event in server.events():
        world.log.append(event)


def _key(name: str, labels: Mapping[str, str]) -> str:
    return name + "".join(f"{{{label}={value}}}" for label, value in sorted(labels.items()))
