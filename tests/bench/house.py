"""What a server bench needs: PostgreSQL, sink and voice on the load's core, the server under test on its own."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import yaml

from app.config import Settings
from app.errors import VoicebotError
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from tests.bench.machine import on_cores

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
UNGIVEN_PORTS = 20_000, 32_000
"""Linux gives connections ports from 32 768 on (ip_local_port_range)."""
QUIET_S = 0.6
"""The cache is filled when no phrase was asked for during so long."""
SPEECH = (
    "Bonjour, bienvenue au service après-vente. Voici comment remettre votre box en route, pas à pas. Débranchez "
    "d'abord le câble d'alimentation, attendez trente secondes, puis rebranchez-le. Les voyants clignotent pendant "
    "deux minutes environ. Quand le voyant Internet reste allumé, essayez d'ouvrir une page. "
)
LONG_SPEECH = (SPEECH * 4).strip()
"""What the bot says all the time; the voice knows it by its length."""


class Process:
    """A program on cores that it is given, whose output goes to a file."""

    def __init__(
        self, words: list[str], cores: tuple[int, ...], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self._name = " ".join(words[:4])
        with log.open("wb") as output, on_cores(*cores):
            self.popen = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        self.pid = self.popen.pid

    async def line(self, wanted: str) -> str:
        """Waits for a line with `wanted` in it.

        Raises:
            VoicebotError: it ended or took too long; with its last lines.
        """
        end_s = time.monotonic() + START_TIMEOUT_S
        while True:
            ended = self.popen.poll() is not None
            for line in self.log.read_text(errors="replace").splitlines():
                if wanted in line:
                    return line
            if ended or time.monotonic() > end_s:
                said = " / ".join(self.log.read_text(errors="replace").splitlines()[-3:])
                raise VoicebotError(f"{self._name} did not start: {said}")
            await asyncio.sleep(0.05)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends it, with force after 30 s; the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            return await asyncio.to_thread(self.popen.wait, STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return await asyncio.to_thread(self.popen.wait)


@dataclass(slots=True)
class Server:
    """A server under test.

    Attributes:
        process: the process itself.
        port: its AudioSocket.
        metrics_url: its metrics page; empty if it has none.
        recordings: where it records; None if it does not.
    """

    process: Process
    port: int
    metrics_url: str = ""
    recordings: Path | None = None


@dataclass(slots=True)
class House:
    """The ground that servers are put on.

    Attributes:
        directory: everything that is written goes below it.
        addresses: of sink and voice.
        postgres: with both databases.
        server_core, load_core: numbers of cores.
        providers: the processes of sink and voice, one each.
    """

    directory: Path
    addresses: dict[str, str]
    postgres: EmbeddedPostgres
    server_core: int
    load_core: int
    providers: tuple[Process, ...]
    _servers: int = 0

    async def sink_counts(self) -> dict[str, int]:
        """What the sink has swallowed."""
        return await _get(self.addresses["sink"].replace("ws://", "http://"))

    async def voice_state(self, *, endless: bool | None = None) -> dict[str, Any]:
        """What the voice is doing; with `endless`, switched first."""
        address = f"{self.addresses['voice']}/control"
        return await _get(address, None if endless is None else {"endless": endless})

    @asynccontextmanager
    async def voicebot(self, *cores: int, **settings: str) -> AsyncIterator[Server]:
        """The real server, with everything on, on its usual core or on these."""
        directory = self._new_directory()
        ports = free_port(), free_port()
        await self.voice_state(endless=False)
        process = Process(
            [sys.executable, "-m", "app", "serve"],
            cores or (self.server_core,),
            directory / "server.log",
            self._environment(directory, ports) | settings,
        )
        try:
            await process.line('"listening"')
            await self._cache_filled()
            await self.voice_state(endless=True)
            yield Server(process, ports[0], f"http://127.0.0.1:{ports[1]}/metrics", directory / "recordings")
        finally:
            await process.stop()

    @asynccontextmanager
    async def second_sink(self, core: int) -> AsyncIterator[None]:
        """Another sink at the same address, on its own core; its counts are nobody's."""
        port = self.addresses["sink"].rpartition(":")[2]
        words = [sys.executable, "-m", "tests.bench.providers", "sink", "--port", port]
        process = Process(words, (core,), self.directory / "sink-2.log")
        try:
            await process.line("127.0.0.1")
            yield
        finally:
            await process.stop()

    @asynccontextmanager
    async def plain(self) -> AsyncIterator[Server]:
        """The reference: this folder's, or the one of an outside yardstick (YARDSTICK_DIR)."""
        directory = self._new_directory()
        port = free_port()
        outside = os.environ.get("YARDSTICK_DIR")
        python = os.environ.get("YARDSTICK_PYTHON", sys.executable) if outside else sys.executable
        program = [str(Path(outside) / "peer_plain.py")] if outside else ["-m", "tests.bench.plain"]
        words = [python, *program, "--port", str(port), "--stt", "ws", "--sink", f"{self.addresses['sink']}/"]
        if outside:
            words += ["--pin", str(self.server_core), "--life", "900"]
        process = Process(words, (self.server_core,), directory / "server.log")
        try:
            await process.line("READY")
            yield Server(process, port)
        finally:
            await process.stop(signal.SIGINT)

    def _new_directory(self) -> Path:
        self._servers += 1
        directory = self.directory / f"server-{self._servers}"
        directory.mkdir()
        return directory

    async def _cache_filled(self) -> None:
        """The server speaks its phrases in the background; what it costs is none of the calls'."""
        seen, since_s = -1, time.monotonic()
        while time.monotonic() - since_s < QUIET_S:
            state = await self.voice_state()
            if state["requests"] != seen:
                seen, since_s = state["requests"], time.monotonic()
            await asyncio.sleep(0.1)
        if not state["refused"]:
            raise VoicebotError("the server never asked for the long speech: it can't speak all the time")

    def _environment(self, directory: Path, ports: tuple[int, int]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")}
        settings = {
            "DEEPGRAM_API_KEY": "bench",
            "DEEPGRAM_URL": self.addresses["sink"],
            "DEEPGRAM_ENCODING": "linear16",
            "ELEVENLABS_API_KEY": "bench",
            "ELEVENLABS_URL": self.addresses["voice"],
            "ELEVENLABS_FORMAT": "pcm_24000",
            "CLIENTS_DATABASE_URL": self.postgres.clients_url,
            "TICKETS_DATABASE_URL": self.postgres.tickets_url,
            "RECORDINGS_DIR": str(directory / "recordings"),
            "SPOOL_DIR": str(directory / "spool"),
            "CACHE_DIR": str(directory / "cache"),
            "PROMPTS_FILE": str(self.directory / "prompts.yaml"),
            "AUDIOSOCKET_HOST": "127.0.0.1",
            "AUDIOSOCKET_PORT": str(ports[0]),  # several workers share a port that is known
            "METRICS_PORT": str(ports[1]),
            "MAX_CONCURRENT_CALLS": "2000",
            "MAX_CALL_SECONDS": "3600",
            "INTERRUPTED_BY": "words",  # the bot is to speak all the time, whatever the callers' sound
            "MAX_LOOP_LAG_MS": "0",  # where it breaks is to be seen, not refused
            "DRAIN_SECONDS": "5",
            "STRUCTURED_LOGGING": "true",
        }
        for quota in ("DEEPGRAM_MAX_STREAMS", "ELEVENLABS_MAX_STREAMS"):
            if quota.lower() in Settings.model_fields:
                settings[quota] = "4000"
        return kept | settings


@asynccontextmanager
async def open_house(directory: Path, server_core: int, load_core: int) -> AsyncIterator[House]:
    """Starts what all servers share, on the load's core, where this process is too."""
    await asyncio.to_thread(_write_prompts, directory / "prompts.yaml")
    providers = tuple(
        Process([sys.executable, "-m", "tests.bench.providers", name], (load_core,), directory / f"{name}.log")
        for name in ("sink", "voice")
    )
    try:
        addresses: dict[str, str] = {}
        for process in providers:
            addresses |= json.loads(await process.line("127.0.0.1"))
        postgres = EmbeddedPostgres(directory / "postgres")
        await postgres.start()
        try:
            await migrate(postgres.clients_url, "clients")
            await migrate(postgres.tickets_url, "tickets")
            yield House(directory, addresses, postgres, server_core, load_core, providers)
        finally:
            await postgres.stop()
    finally:
        for process in providers:
            await process.stop()


def _write_prompts(file: Path) -> None:
    """The shipped prompts, with a welcome that takes the whole call."""
    prompts = yaml.safe_load((resources.files("app") / "prompts" / "fr.yaml").read_text(encoding="utf-8"))
    prompts["phrases"]["welcome"] = LONG_SPEECH
    file.write_text(yaml.safe_dump(prompts, allow_unicode=True), encoding="utf-8")


def free_port() -> int:
    """A port that nobody listens on just now, and that no connection is given before somebody does."""
    while True:
        port = random.randrange(*UNGIVEN_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def _get(address: str, change: dict[str, Any] | None = None) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        answer = await (http.get(address) if change is None else http.post(address, json=change))
        return dict(answer.json())
