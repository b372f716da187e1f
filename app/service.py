"""The process behind `voicebot serve`: settings, logs, signals, one worker, drain."""

import asyncio
import signal

import structlog

from app.call.services import open_services
from app.config import Settings, load_settings
from app.errors import ConfigError
from app.ops.logs import configure_logs
from app.server import Server

log = structlog.get_logger(__name__)


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
    async with open_services(settings) as services:
        server = Server(services)
        await server.start()
        await stop.wait()
        draining = asyncio.create_task(server.stop(settings.drain_seconds), name="drain")
        hurrying = asyncio.create_task(hurry.wait(), name="hurry")
        await asyncio.wait([draining, hurrying], return_when=asyncio.FIRST_COMPLETED)
        if not draining.done():
            server.cut()
        await draining
        hurrying.cancel()
    return 0
