"""The voicebot of the laboratory: the real server with stand-ins for the providers; it can be killed and restarted."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from app.commands.children import Child, finish, voicebot
from app.store.clients import Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.tickets import Ticket, Tickets
from tests.e2e.world import scrape, seed, settings_of, ticket_of
from tests.lab.asterisk import AMI_SECRET, AMI_USERNAME
from tests.lab.network import ADDRESSES

AUDIOSOCKET_PORT = 9090
HOSTS = ("asterisk1", "asterisk2")
"""Whose calls it takes."""
READY_TIMEOUT_S = 90.0
OPENED_TIMEOUT_S = 10.0


class Bot:
    """The server, and what it stands on: PostgreSQL, stand-ins, spoken phrases. An async context manager.

    Args:
        directory: everything that is written goes below it.
        settings: besides the laboratory's own.

    Attributes:
        log: lines of its log, of all its lives.
        born: where this life begins in it.
        tickets: the database.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.log: list[dict[str, Any]] = []
        self.tickets: Tickets
        self._wishes = dict(settings or {})
        self._environment: dict[str, str] = {}
        self._metrics_port = 0
        self.born = 0
        self._providers: list[str] = []
        self._ground = AsyncExitStack()
        self._life = AsyncExitStack()
        self._child: Child | None = None

    async def __aenter__(self) -> "Bot":
        async with AsyncExitStack() as stack:
            postgres = await stack.enter_async_context(EmbeddedPostgres(self.directory / "postgres"))
            await migrate(postgres.clients_url, "clients")
            await migrate(postgres.tickets_url, "tickets")
            clients = await stack.enter_async_context(Database(postgres.clients_url))
            self.tickets = Tickets(await stack.enter_async_context(Database(postgres.tickets_url)))
            await seed(Clients(clients), self.tickets)
            ports = [word for name in ("deepgram", "groq", "elevenlabs") for word in (f"--{name}-port", "0")]
            standins = await stack.enter_async_context(voicebot("standins", *ports, reads="stdout"))
            addresses = await standins.wait_for()
            self._providers = [
                addresses[name].replace("ws://", "http://") for name in ("deepgram", "groq", "elevenlabs")
            ]
            self._environment = settings_of(self.directory, postgres, addresses) | {
                "AUDIOSOCKET_HOST": "0.0.0.0",
                "AUDIOSOCKET_PORT": str(AUDIOSOCKET_PORT),
                "REMOTE_ASTERISK_IP": ",".join(ADDRESSES[host] for host in HOSTS),
                "AMI_USERNAME": AMI_USERNAME,
                "AMI_SECRET": AMI_SECRET,
                **self._wishes,
            }
            await finish("cache", "build", environment=self._environment)
            stack.push_async_callback(self.stop)
            await self.start()
            self._ground = stack.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._ground.aclose()

    async def start(self, **settings: str) -> None:
        """Begins a life, with changed settings if need be."""
        environment = self._environment | settings
        self._child = await self._life.enter_async_context(voicebot("serve", reads="stderr", environment=environment))
        self.born = len(self.log)
        watching = asyncio.create_task(self._watch(self._child), name="watch the bot's log")
        self._life.callback(watching.cancel)
        listening = await self.event("listening", since=self.born)
        self._metrics_port = listening["metrics_port"]

    async def linked(self) -> None:
        """Waits for its links to both managers."""
        for host in HOSTS:
            await self.event("asterisk connected", since=self.born, asterisk=ADDRESSES[host])

    async def stop(self) -> None:
        """Ends it as systemd does."""
        await self._life.aclose()
        self._child = None

    async def kill(self) -> None:
        """Ends supervisor and workers at once, as the kernel does when the memory is gone."""
        assert self._child is not None
        for pid in self.pids().values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._child.process.wait()
        await self.stop()

    def pids(self) -> dict[str, int]:
        """Supervisor and workers of this life."""
        assert self._child is not None
        workers = {f"worker {entry['worker']}": entry["pid"] for entry in self.events("worker ready", since=self.born)}
        return {"supervisor": self._child.process.pid, **workers}

    async def _watch(self, child: Child) -> None:
        async for entry in child.events():
            self.log.append(entry)

    # What can be known about it.

    def events(self, name: str, since: int = 0, **fields: Any) -> list[dict[str, Any]]:
        """Lines of its log, from line `since` on."""
        return [entry for entry in self.log[since:] if entry["event"] == name and fields.items() <= entry.items()]

    async def event(
        self, name: str, since: int = 0, timeout_s: float = READY_TIMEOUT_S, **fields: Any
    ) -> dict[str, Any]:
        """Waits for a line of its log."""
        end_s = time.monotonic() + timeout_s
        while not (found := self.events(name, since, **fields)):
            assert time.monotonic() < end_s, f"not in the bot's log after {timeout_s:g} s: {name} {fields}"
            await asyncio.sleep(0.02)
        return found[0]

    async def metrics(self) -> dict[str, float]:
        """All samples."""
        return await scrape(self._metrics_port)

    async def metric(self, name: str, **labels: str) -> float:
        """One sample; 0.0 where there is none."""
        key = name + "".join(f"{{{label}={value}}}" for label, value in sorted(labels.items()))
        return (await self.metrics()).get(key, 0.0)

    async def provider_stats(self) -> list[Any]:
        """What each provider's stand-in has counted."""
        async with httpx.AsyncClient(timeout=5.0) as http:
            return [(await http.get(f"{address}/control/stats")).json() for address in self._providers]

    async def holds(self, calls: int, timeout_s: float = 20.0) -> None:
        """Waits until so many calls are in progress, clean-ups included."""
        end_s = time.monotonic() + timeout_s
        while (now := await self.metric("voicebot_calls_active")) != calls:
            assert time.monotonic() < end_s, f"{now:.0f} calls and not {calls} after {timeout_s:g} s"
            await asyncio.sleep(0.1)

    async def ticket(self, call_uuid: str, *, ended: bool = True) -> Ticket:
        """The ticket of a call as soon as it is in the database: of one that has ended, or of any."""
        if ended:
            return await ticket_of(self.tickets, UUID(call_uuid))
        end_s = time.monotonic() + READY_TIMEOUT_S
        while (ticket := await self.tickets.by_call(UUID(call_uuid))) is None:
            assert time.monotonic() < end_s, f"call {call_uuid} left no ticket"
            await asyncio.sleep(0.1)
        return ticket

    async def unanswered(self, call_uuid: str) -> Ticket:
        """The ticket of a caller who was transferred and whom no technician answered, as soon as it says so."""
        end_s = time.monotonic() + OPENED_TIMEOUT_S
        while (ticket := await self.ticket(call_uuid)).status == "transferred":
            assert time.monotonic() < end_s, f"ticket {ticket.id} still says that somebody took over"
            await asyncio.sleep(0.1)
        return ticket

    async def stop_at_once(self) -> None:
        """Ends it as an operator in a hurry does: calls are cut."""
        supervisor = self.pids()["supervisor"]
        os.kill(supervisor, signal.SIGTERM)
        await self.event("draining", since=self.born)
        os.kill(supervisor, signal.SIGTERM)
        await self.event("stopped", since=self.born)
        await self.stop()

    def recording(self, ticket: Ticket) -> Path:
        """The sound of its call."""
        return self.directory / "recordings" / (ticket.recording or "none")
