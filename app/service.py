"""What `voicebot serve` is: the supervisor. It answers no call itself; it owns the port, the workers and the pages.

One worker or many, it is the same: what a worker does can end that worker only.
"""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog

from app.board import Board
from app.config import Settings, load_settings
from app.crew import Crew
from app.dialogue.prompts import load_prompts
from app.door import bound_socket
from app.errors import ConfigError, VoicebotError
from app.ops import metrics
from app.ops.descriptors import raise_limit
from app.ops.health import HealthServer
from app.ops.log_stream import WholeLines
from app.ops.logs import configure_logs, lines_lost
from app.ops.systemd import Systemd
from app.providers.quota import Quota
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database

log = structlog.get_logger(__name__)


async def serve(settings: Settings | None = None) -> int:
    """Answers calls until a signal: the first drains, the second cuts. SIGUSR1 leaves the pages to a successor.

    Raises:
        ConfigError: settings that can't work, all of them in one message.
        VoicebotError: a port is taken, or no worker can be started.
    """
    settings = settings or load_settings()
    if not settings.deepgram_api_key.get_secret_value():
        raise ConfigError(["DEEPGRAM_API_KEY: missing; without it the bot can't hear (for a first look: make demo)"])
    lines = WholeLines(2, lines_lost).start()
    configure_logs(json=settings.structured_logging, level=settings.log_level, stream=lines)
    try:
        await _serve(settings)
    finally:
        lines.stop()  # what the command says of its end comes last
    return 0


async def _serve(settings: Settings) -> None:
    systemd = Systemd.of()
    signals = _Signals()
    raise_limit()
    load_prompts(settings.prompts_file)
    _check_directories(settings)
    _check_databases(settings)
    _say_what_is_missing(settings)
    metrics.prepare_labels()
    async with AsyncExitStack() as stack:
        await _supervise(settings, signals, systemd, stack)
    log.info("stopped")


class _Signals:
    """What the process is told from outside."""

    def __init__(self) -> None:
        self.stop, self.hurry, self.leave_pages = asyncio.Event(), asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGUSR1, self.leave_pages.set)

    def _end(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


async def _supervise(settings: Settings, signals: _Signals, systemd: Systemd, stack: AsyncExitStack) -> None:
    """Opens what all workers share, has a crew until told to stop, drains."""
    host, port, shared = settings.audiosocket_host, settings.audiosocket_port, settings.share_ports
    try:
        listener = stack.enter_context(bound_socket(host, port, shared=shared))
    except OSError as error:
        raise _taken("AUDIOSOCKET_PORT", port, error) from error
    ears, voices = Quota.of(settings.deepgram_max_streams), Quota.of(settings.elevenlabs_max_streams)
    stack.callback(ears.close)
    stack.callback(voices.close)
    if settings.uses_embedded_postgres:
        embedded = await stack.enter_async_context(EmbeddedPostgres(settings.embedded_postgres_dir))
        await migrate(embedded.clients_url, "clients")
        await migrate(embedded.tickets_url, "tickets")
    board = Board.create(settings.max_concurrent_calls, settings.crew)
    stack.callback(board.close)
    crew = Crew(settings, listener, board, ears, voices)
    health = await _open_pages(settings, crew, signals, stack)
    port = listener.getsockname()[1]
    try:
        if await crew.start(unless=signals.stop):
            log.info("listening", audiosocket_port=port, metrics_port=health.port, workers=settings.crew)
            systemd.ready(f"answering calls on port {port}")
            _beside(stack, systemd.stay_alive(lambda: crew.well), "signs of life")
            await crew.serve(until=signals.stop)
            log.info("draining", calls=crew.calls)
            systemd.stopping()
            _beside(stack, systemd.draining(lambda: crew.calls), "more time")
            await _drain(crew, settings.drain_seconds, signals.hurry)
    finally:
        await crew.stop(0.0)


async def _open_pages(settings: Settings, crew: Crew, signals: _Signals, stack: AsyncExitStack) -> HealthServer:
    """The operator's pages, until the end or until they are to be left to a successor."""

    def problems() -> list[str]:
        return [] if crew.ready else ["no worker is ready"]

    async def leave() -> None:
        await signals.leave_pages.wait()
        await health.stop()
        log.info("pages left to a successor")

    health = HealthServer(settings.metrics_readers, crew.metrics, problems, signals.stop.is_set)
    try:
        await health.start(bound_socket(settings.metrics_host, settings.metrics_port, shared=settings.share_ports))
    except OSError as error:
        raise _taken("METRICS_PORT", settings.metrics_port, error) from error
    stack.push_async_callback(health.stop)
    _beside(stack, leave(), "leave pages")
    return health


def _beside(stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
    """Runs until the stack closes."""
    stack.callback(asyncio.create_task(work, name=name).cancel)


async def _drain(crew: Crew, drain_s: float, hurry: asyncio.Event) -> None:
    draining = asyncio.create_task(crew.stop(drain_s), name="drain")
    hurrying = asyncio.create_task(hurry.wait(), name="hurry")
    await asyncio.wait([draining, hurrying], return_when=asyncio.FIRST_COMPLETED)
    if not draining.done():
        crew.cut()
    await draining
    hurrying.cancel()


def _check_directories(settings: Settings) -> None:
    """What the first call would find out is said at start."""
    problems = []
    for name in ("recordings_dir", "spool_dir", "cache_dir"):
        directory: Path = getattr(settings, name)
        try:
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            problems.append(f"{name.upper()}: {directory} can't be made a directory: {error.strerror}")
            continue
        if not os.access(directory, os.W_OK | os.X_OK):
            problems.append(f"{name.upper()}: {directory} can't be written to")
    if problems:
        raise ConfigError(problems)


def _check_databases(settings: Settings) -> None:
    """Whether the addresses are some; whether anybody answers there is another matter."""
    for name, url in (("clients", settings.clients_database_url), ("tickets", settings.tickets_database_url)):
        if url is not None:
            Database(url, name=f"{name} database")


def _say_what_is_missing(settings: Settings) -> None:
    """What works, but perhaps not as it was meant."""
    if not settings.remote_asterisk_ip:
        log.warning("REMOTE_ASTERISK_IP is empty: only this machine may connect")
    if settings.ami_username and (networks := [str(n) for n in settings.remote_asterisk_ip if n.num_addresses > 1]):
        log.warning("networks in REMOTE_ASTERISK_IP get no AMI link: name their servers", networks=", ".join(networks))
    if settings.max_concurrent_calls > settings.deepgram_max_streams:
        log.warning("MAX_CONCURRENT_CALLS is above DEEPGRAM_MAX_STREAMS: calls beyond that are refused")
    if not settings.groq_api_key.get_secret_value():
        log.warning("no GROQ_API_KEY: the local rules understand")
    if not settings.elevenlabs_api_key.get_secret_value():
        log.warning("no ELEVENLABS_API_KEY: the local voice speaks")


def _taken(name: str, port: int, error: OSError) -> VoicebotError:
    return VoicebotError(f"can't listen on {name} {port}: {error.strerror or error}; does another voicebot run?")
