"""The process behind `voicebot serve`: settings, logs, signals, one worker, drain."""

import asyncio
import os
import signal
from pathlib import Path

import structlog

from app.call.services import open_services
from app.config import Settings, load_settings
from app.errors import ConfigError, VoicebotError
from app.ops.logs import configure_logs
from app.server import Server

log = structlog.get_logger(__name__)


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


async def serve(settings: Settings | None = None) -> int:
    """Answers calls until a signal: the first drains, the second cuts.

    Raises:
        ConfigError: settings that can't work, all of them in one message.
    """
    settings = settings or load_settings()
    if not settings.deepgram_api_key.get_secret_value():
        raise ConfigError(["DEEPGRAM_API_KEY: missing; without it the bot can't hear (for a first look: make demo)"])
    configure_logs(json=settings.structured_logging, level=settings.log_level)
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    _check_directories(settings)
    async with open_services(settings) as services:
        server = Server(services)
        try:
            await server.start()
        except OSError as error:
            ports = f"AUDIOSOCKET_PORT {settings.audiosocket_port} and METRICS_PORT {settings.metrics_port}"
            raise VoicebotError(f"can't listen on {ports}: {error}; does another voicebot run?") from error
        await stop.wait()
        draining = asyncio.create_task(server.stop(settings.drain_seconds), name="drain")
        hurrying = asyncio.create_task(hurry.wait(), name="hurry")
        await asyncio.wait([draining, hurrying], return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            server.cut()
        await draining
        hurrying.cancel()
    return 0
