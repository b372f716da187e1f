"""All of the laboratory: network, two Asterisk servers, the bot, and telephones to call it."""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from app.caller.ears import Recogniser
from app.caller.script import Script, read_script
from app.dialogue.prompts import default_prompts
from app.standins.elevenlabs import RATE_WPM as BOT_RATE_WPM
from app.standins.phrase_bank import RATE_WPM as CALLER_RATE_WPM
from app.standins.phrase_bank import PhraseBank
from app.store.tickets import Ticket
from tests.lab.__main__ import ROOT_VARIABLE
from tests.lab.announcements import Announcements
from tests.lab.asterisk import Asterisk
from tests.lab.bot import HOSTS, Bot
from tests.lab.network import Network
from tests.lab.telephone import TelephoneCall, dial
from tests.transcript import said_by

TECHNICIAN_SAYS = "Ici le technicien du deuxième étage."
CALLER_SAYS = "Ma box Internet ne fonctionne plus depuis ce matin."
"""What the two say to each other after a transfer."""


class Laboratory:
    """What the tests work with; an async context manager. There is one in a process.

    Args:
        directory: everything that is written goes below it.
        settings: of the bot.

    Attributes:
        asterisks: both servers.
        announcements: what each of them announces.
        recogniser: knows what the bot says by its sound.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.network = Network()
        root = Path(os.environ[ROOT_VARIABLE])
        self.asterisks = tuple(Asterisk(host, root) for host in HOSTS)
        self.announcements = tuple(Announcements(asterisk) for asterisk in self.asterisks)
        self.bot = Bot(directory, settings)
        self.recogniser: Recogniser
        self._stack = AsyncExitStack()
        self._numbers = count(1000)

    async def __aenter__(self) -> "Laboratory":
        async with AsyncExitStack() as stack:
            await self.network.build()
            for asterisk, announcements in zip(self.asterisks, self.announcements, strict=True):
                await asterisk.prepare()
                stack.push_async_callback(asterisk.remove)
                await asterisk.start()
                await stack.enter_async_context(announcements)
            await stack.enter_async_context(self.bot)
            await self.bot.linked()
            self.recogniser = await asyncio.to_thread(phrases_of_the_bot)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    def new_number(self) -> str:
        """A caller's number that nobody had before; the bot's database does not know it."""
        return f"01990{next(self._numbers):05d}"

    async def dial(self, script: Script | str, *, server: int = 0, caller_number: str = "", **how: Any) -> "Call":
        """Dials 777, holds the call to its end, and finds its ticket.

        Args:
            script: what the caller does, or the name of a shipped script.
            server: which Asterisk.
            caller_number: a new one by default.
            how: as for `telephone.dial`.
        """
        ongoing = await self.begin(script, server=server, caller_number=caller_number, **how)
        return await ongoing.over()

    async def begin(self, script: Script | str, *, server: int = 0, caller_number: str = "", **how: Any) -> "Ongoing":
        """The same, but does not wait for more than the announcement of the call."""
        number = caller_number or self.new_number()
        script = script if isinstance(script, Script) else read_script(script)
        asterisk = self.asterisks[server]
        held = asyncio.create_task(dial(asterisk, script, self.directory, caller_number=number, **how), name=number)
        announced = await self.announcements[server].call(number)
        return Ongoing(self.bot, announced["CallUUID"], held)

    async def nothing_is_stuck(self, timeout_s: float = 20.0) -> None:
        """Waits until no Asterisk has a channel and the bot no call.

        Raises:
            AssertionError: something is still there; it says what.
        """
        await self.bot.holds(0, timeout_s)
        end_s = time.monotonic() + timeout_s
        for asterisk in self.asterisks:
            while channels := await asterisk.channels():
                assert time.monotonic() < end_s, f"{asterisk.host} still has {channels}"
                await asyncio.sleep(0.2)


def phrases_of_the_bot() -> PhraseBank:
    """Tells words by their sound, the bot's and a transfer's: in other people's voices, at the speed of each."""
    prompts = default_prompts()
    # In one breath: the bot makes no pause between the two.
    thanks = prompts.text("thanks_named", {"first_name": "Pierre"}).rstrip(".")
    in_one_breath = f"{thanks} {prompts.text('ask_problem')}"
    phrases = [*prompts.fixed().values(), in_one_breath, TECHNICIAN_SAYS, CALLER_SAYS]
    return PhraseBank(phrases, rates_wpm=(CALLER_RATE_WPM, BOT_RATE_WPM))


@dataclass(slots=True)
class Ongoing:
    """A call in progress.

    Attributes:
        bot: who answers it.
        call_uuid: as it was announced.
        held: the telephone's part; its result is the end of the call.
    """

    bot: Bot
    call_uuid: str
    held: "asyncio.Task[TelephoneCall]"

    async def understood(self) -> None:
        """Waits until the bot has understood something of it."""
        await self.bot.event("turn understood", call_id=self.call_uuid)

    async def over(self) -> "Call":
        """Waits for its end, and for its ticket."""
        held = await self.held
        ticket = await self.bot.ticket(self.call_uuid)
        return Call(held, self.call_uuid, ticket, self.bot.recording(ticket))


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is over, from all sides.

    Attributes:
        held: as the telephone saw it.
        call_uuid: as it was announced.
        ticket: what the bot left behind.
        recording: its sound.
    """

    held: TelephoneCall
    call_uuid: str
    ticket: Ticket
    recording: Path

    @property
    def caller_words(self) -> list[str]:
        """What the bot understood the caller to say."""
        return said_by("caller", self.ticket)

    @property
    def bot_words(self) -> str:
        """Everything of the bot that left."""
        return " ".join(said_by("bot", self.ticket))
