"""`voicebot standins`: the three clouds as local servers, until stopped."""

import asyncio
import dataclasses
import json
import logging
import signal
from pathlib import Path
from typing import Any

from rich.console import Console

from app.caller.script import SCRIPTS_DIR
from app.errors import ConfigError

SHIPPED = sorted(file for file in SCRIPTS_DIR.glob("*.yaml") if "say:" in file.read_text(encoding="utf-8"))
"""The callers that come with the product are always understood."""
HINT = 'the stand-ins need the extra "lab": pip install "voicebot-sav[lab]"'


def _is_news(record: logging.LogRecord) -> bool:
    """A client that leaves in mid-answer is counted by the stand-in; its traceback tells nobody anything."""
    return record.exc_info is None or not isinstance(record.exc_info[1], ConnectionError)


async def serve_standins(
    host: str, deepgram_port: int, groq_port: int, elevenlabs_port: int, phrases: list[Path], knobs: list[str]
) -> int:
    """Serves until SIGTERM or Ctrl-C; the addresses are printed as one JSON line when it is ready.

    Raises:
        ConfigError: a knob or a phrase file that can't work, or the extra `lab` is not installed.
    """
    try:
        from app.standins.knobs import AllKnobs
        from app.standins.server import StandIns
    except ImportError as error:
        raise ConfigError([f"{HINT} ({error})"]) from error
    settings = AllKnobs()
    for provider, changes in _parse(knobs, [field.name for field in dataclasses.fields(settings)]).items():
        try:
            getattr(settings, provider).change(changes)
        except ValueError as error:
            raise ConfigError([f"--knob {provider}.{line}" for line in str(error).splitlines()]) from None
    for file in phrases:
        if not file.is_file():
            raise ConfigError([f"--phrases: no file {file}"])
    logging.getLogger("aiohttp.server").addFilter(_is_news)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with Console(stderr=True).status("speaking the phrase bank…"):
        standins = StandIns(
            deepgram_port, groq_port, elevenlabs_port, host, phrase_files=[*SHIPPED, *phrases], knobs=settings
        )
        await standins.__aenter__()
    try:
        addresses = {
            "deepgram": standins.deepgram_url,
            "groq": standins.groq_url,
            "elevenlabs": standins.elevenlabs_url,
        }
        print(json.dumps(addresses), flush=True)
        hint = [f"{name.upper()}_URL={address} {name.upper()}_API_KEY=any" for name, address in addresses.items()]
        Console(stderr=True).print(
            "for the server:", *hint, "voicebot serve", sep=" ", markup=False, highlight=False, soft_wrap=True
        )
        await stop.wait()
    finally:
        await standins.__aexit__(None, None, None)
    return 0


def _parse(knobs: list[str], providers: list[str]) -> dict[str, dict[str, Any]]:
    """ "groq.fault=hang" → {"groq": {"fault": "hang"}}; values are JSON where they can be, else text."""
    changes: dict[str, dict[str, Any]] = {}
    for knob in knobs:
        name, equals, value = knob.partition("=")
        provider, dot, field = name.partition(".")
        if not equals or not dot or provider not in providers:
            raise ConfigError([f"--knob {knob!r}: write one of {', '.join(providers)}, a dot, name=value"])
        try:
            changes.setdefault(provider, {})[field] = json.loads(value)
        except json.JSONDecodeError:
            changes.setdefault(provider, {})[field] = value
    return changes
