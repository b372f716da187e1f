"""The laboratory to play with: two Asterisk servers and a bot that stay, and calls at the press of a key."""

import asyncio
import sys
import tempfile
from pathlib import Path

from app.errors import VoicebotError
from tests.lab.bot import AUDIOSOCKET_PORT
from tests.lab.laboratory import Laboratory
from tests.lab.network import ADDRESSES, BOT


async def stay() -> None:
    """Starts all of it and does what is typed, line by line."""
    with tempfile.TemporaryDirectory(prefix="laboratory-") as directory:
        async with Laboratory(Path(directory)) as laboratory:
            print(f"bot: {ADDRESSES[BOT]}:{AUDIOSOCKET_PORT}, its recordings in {directory}/recordings")
            print(", ".join(f"{asterisk.host}: {asterisk.address}" for asterisk in laboratory.asterisks))
            print("a script's name and Return places a call (internet_resolu, silence, …)")
            print("1 or 2 and a command asks that Asterisk's console (1 core show channels); Ctrl-D ends", flush=True)
            while line := await asyncio.to_thread(sys.stdin.readline):
                try:
                    print(await answer(laboratory, line.strip()), flush=True)
                except VoicebotError as error:
                    print(error)


async def answer(laboratory: Laboratory, line: str) -> str:
    """Does what was typed."""
    server, _, command = line.partition(" ")
    if server in ("1", "2"):
        return await laboratory.asterisks[int(server) - 1].cli(command)
    call = await laboratory.dial(line or "internet_resolu", recogniser=laboratory.recogniser)
    said = call.held.report.to_json(indent=1)
    return f"{said}\nticket {call.ticket.id}: {call.ticket.status}, {call.ticket.summary}"


if __name__ == "__main__":
    asyncio.run(stay())
