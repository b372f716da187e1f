"""`voicebot serve` as it is run: a supervisor and its workers, watched through their log, their pages and /proc."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from app.commands.children import Child, voicebot
from app.dialogue.prompts import load_prompts
from app.media.phrases import PhraseCache
from app.providers.clear_voice import ClearVoice
from app.providers.espeak import EspeakTextToSpeech
from app.standins.server import StandIns
from app.store.pool import Database
from app.store.tickets import Ticket, Tickets
from tests.integration.house import Ground, until
from tests.integration.peer import TIMEOUT_S, Peer

Page = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass(slots=True)
class Serving:
    """A running server."""

    child: Child
    ports: dict[str, int]
    tickets: Tickets
    busy_pcm: bytes
    log: list[dict[str, Any]] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    exit_code: int | None = None
    watching: "asyncio.Task[None] | None" = None

    @property
    def pid(self) -> int:
        """The supervisor."""
        return self.child.process.pid

    @property
    def pids(self) -> dict[int, int]:
        """The workers by number, those that took the dead ones' places."""
        return {entry["worker"]: entry["pid"] for entry in self.events("worker ready")}

    def events(self, name: str, **fields: Any) -> list[dict[str, Any]]:
        """Lines of the log."""
        return [entry for entry in self.log if entry["event"] == name and fields.items() <= entry.items()]

    async def event(self, name: str, **fields: Any) -> dict[str, Any]:
        """Waits for a line of the log."""
        await until(lambda: self.events(name, **fields) != [], f"{name} is in the log")
        return self.events(name, **fields)[0]

    async def connect(self, **how: Any) -> Peer:
        """A connection that says nothing yet."""
        peer = await Peer.connect(self.ports["audiosocket_port"], **how)
        self.peers.append(peer)
        return peer

    async def call(self, call_uuid: UUID | None = None) -> Peer:
        """A call, or what comes of it."""
        peer = await self.connect()
        peer.say(call_uuid or uuid4())
        await peer.heard(1)
        return peer

    async def call_on(self, worker: int) -> tuple[UUID, Peer]:
        """A call that this worker holds; others that came first go away again."""
        for _ in range(20):
            call_uuid = uuid4()
            peer = await self.call(call_uuid)
            if await self.worker_of(call_uuid) == worker:
                return call_uuid, peer
        raise AssertionError(f"worker {worker} takes no call")

    async def worker_of(self, call_uuid: UUID) -> int:
        """Who holds the call."""
        return int((await self.event("call started", call_id=str(call_uuid)))["worker"])

    def workers_of_calls(self) -> Counter[int]:
        """How many calls each worker took."""
        return Counter(entry["worker"] for entry in self.events("call started"))

    async def page(self, path: str) -> tuple[int, str]:
        """A page of the operator's port."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{self.ports['metrics_port']}{path}") as answer,
        ):
            return answer.status, await answer.text()

    async def metrics(self) -> Page:
        """All samples, read as Prometheus would."""
        status, text = await self.page("/metrics")
        assert status == 200
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        page = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
        assert len(page) == len(samples), "no series comes twice"
        return page

    async def metric(self, name: str, **labels: str) -> float:
        """One sample; 0.0 where there is none."""
        return (await self.metrics()).get((name, tuple(sorted(labels.items()))), 0.0)

    async def holds(self, calls: int) -> None:
        """Waits until so many calls are in progress, clean-ups included."""
        end_s = asyncio.get_running_loop().time() + 2 * TIMEOUT_S
        while (now := await self.metric("voicebot_calls_active")) != calls:
            assert asyncio.get_running_loop().time() < end_s, f"{now} calls and not {calls}"
            await asyncio.sleep(0.05)

    async def ticket(self, call_uuid: UUID) -> Ticket:
        """The ticket of a call, as soon as it is in the database."""
        end_s = asyncio.get_running_loop().time() + 2 * TIMEOUT_S
        while asyncio.get_running_loop().time() < end_s:
            if (ticket := await self.tickets.by_call(call_uuid)) is not None:
                return ticket
            await asyncio.sleep(0.05)
        raise AssertionError(f"call {call_uuid} left no ticket")

    async def ended(self) -> int:
        """Waits for the end of the supervisor."""
        self.exit_code = await asyncio.wait_for(self.child.process.wait(), 2 * TIMEOUT_S)
        return self.exit_code


def alive(pid: int) -> bool:
    """The process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def environment_of(ground: Ground, directory: Path, deepgram_url: str) -> dict[str, str]:
    """The usual settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "PYTHONPATH": os.getcwd(),
        "DEEPGRAM_API_KEY": "a-key",
        "DEEPGRAM_URL": deepgram_url,
        "CLIENTS_DATABASE_URL": ground.clients_url,
        "TICKETS_DATABASE_URL": ground.tickets_url,
        "RECORDINGS_DIR": str(directory / "recordings"),
        "SPOOL_DIR": str(directory / "spool"),
        "LIVE_DIR": str(directory / "live"),
        "CACHE_DIR": str(ground.cache_dir),
        "AUDIOSOCKET_HOST": "127.0.0.1",
        "AUDIOSOCKET_PORT": "0",
        "METRICS_PORT": "0",
        "STRUCTURED_LOGGING": "true",
        "WORKERS": "2",
        "MAX_LOOP_LAG_MS": "0",  # what else runs on this machine decides nothing here
    }


@asynccontextmanager
async def serving(ground: Ground, directory: Path, settings: Mapping[str, Any] | None = None) -> AsyncIterator[Serving]:
    """A server with what it needs; when it closes, no process of it may be left."""
    async with AsyncExitStack() as stack:
        standins = await stack.enter_async_context(StandIns(bank=ground.bank))
        database = await stack.enter_async_context(Database(ground.tickets_url))
        await database.fetch("TRUNCATE tickets CASCADE")
        environment = environment_of(ground, directory, standins.deepgram_url)
        environment |= {name: str(value) for name, value in (settings or {}).items()}
        async with voicebot("serve", reads="stderr", environment=environment) as child:
            log: list[dict[str, Any]] = []
            listening = asyncio.Event()

            async def watch() -> None:
                async for entry in child.events():
                    log.append(entry)
                    if entry["event"] == "listening":
                        listening.set()

            watching = asyncio.create_task(watch(), name="watch the log")
            started = asyncio.create_task(listening.wait(), name="listening")
            await asyncio.wait([started, watching], timeout=60, return_when=asyncio.FIRST_COMPLETED)
            assert started.done(), log
            (told,) = (entry for entry in log if entry["event"] == "listening")
            running = Serving(child, told, Tickets(database), await busy_phrase(ground), log, watching=watching)
            try:
                yield running
            finally:
                for peer in running.peers:
                    await peer.close()
                if child.process.returncode is None:
                    child.process.send_signal(signal.SIGTERM)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(child.process.wait(), TIMEOUT_S)
                pids = {entry["pid"] for entry in running.events("worker ready")}
                await until(lambda: not any(map(alive, pids)), "no worker is left")
                await asyncio.wait([watching], timeout=TIMEOUT_S)  # to the end of the log: the last writer has gone
                watching.cancel()


async def busy_phrase(ground: Ground) -> bytes:
    """What callers hear for whom there is no room."""
    voice = ClearVoice(EspeakTextToSpeech())
    cache = PhraseCache(ground.cache_dir, voice.voice_key)
    await voice.close()
    text = load_prompts().text("busy")
    assert cache.load([text]) == []
    pcm = cache.get(text)
    assert pcm is not None
    return pcm
