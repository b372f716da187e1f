"""What breaks in the middle of a call: nothing may stay behind, on no side, and the next call is as good as any."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from app.audiosocket.frames import TERMINATE_FRAME
from app.caller.script import HangUp, Pause, Say, Script
from tests.lab.laboratory import Laboratory, Ongoing
from tests.lab.network import ADDRESSES, BOT

PATIENT = Script(
    name="patient",
    max_seconds=90,
    steps=(Say(say="Bonjour, j'ai un problème avec ma connexion Internet."), Pause(pause_s=8), HangUp(hangup=True)),
)
"""Says what the problem is, then listens to whatever comes for a while."""
NEXT = Script(name="next", steps=(Pause(pause_s=1.5), HangUp(hangup=True)))


NEXT_PORT = 9099


class NextServer:
    """The second server of the dialplan: it has no room.

    Attributes:
        asked_for: the calls that it was asked to take.
    """

    def __init__(self) -> None:
        self.asked_for: list[str] = []

    async def refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call."""
        async with asyncio.timeout(10):
            self.asked_for.append(str(UUID(bytes=(await reader.readexactly(19))[3:])))
            writer.write(TERMINATE_FRAME)
            writer.write_eof()
            await reader.read()
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def on_two_servers(laboratory: Laboratory) -> AsyncIterator[NextServer]:
    """The first Asterisk knows another server besides the bot."""
    asterisk, next_server = laboratory.asterisks[0], NextServer()
    servers = asterisk.variables["asterisk_voicebot_servers"]
    async with await asyncio.start_server(next_server.refuse, ADDRESSES[BOT], NEXT_PORT):
        asterisk.configure(asterisk_voicebot_servers=[*servers, f"{ADDRESSES[BOT]}:{NEXT_PORT}"])
        await asterisk.cli("dialplan reload")
        yield next_server
    asterisk.configure(asterisk_voicebot_servers=servers)
    await asterisk.cli("dialplan reload")


@pytest_asyncio.fixture(loop_scope="session")
async def ongoing(laboratory: Laboratory) -> AsyncIterator[Ongoing]:
    """A call in the middle; afterwards nothing may be left of it, and another one works."""
    call = await laboratory.begin(PATIENT)
    await call.understood()
    yield call
    if not call.held.done():
        await call.held
    await laboratory.nothing_is_stuck()
    after = await laboratory.dial(NEXT)
    assert after.ticket.status == "abandoned"
    assert 0 < after.held.first_sound_ms <= 400
    await laboratory.nothing_is_stuck()


async def test_asterisk_restarts(laboratory: Laboratory, ongoing: Ongoing) -> None:
    asterisk = laboratory.asterisks[0]
    await asterisk.stop()
    await laboratory.bot.holds(0)
    await asterisk.start()
    call = await ongoing.over()
    assert (call.ticket.status, call.ticket.problem_type) == ("abandoned", "internet")


async def test_asterisk_is_killed(laboratory: Laboratory, ongoing: Ongoing) -> None:
    asterisk = laboratory.asterisks[0]
    await asterisk.kill()
    await laboratory.bot.holds(0)
    await asterisk.start()
    call = await ongoing.over()
    assert (call.ticket.status, call.ticket.problem_type) == ("open", "internet")


async def test_the_bot_is_killed(laboratory: Laboratory, ongoing: Ongoing) -> None:
    """What was on disk after the last turn becomes a ticket at once; the caller is passed to the technician."""
    await laboratory.bot.event("bot said", call_id=ongoing.call_uuid, turn_id=1)
    await laboratory.bot.kill()
    await laboratory.bot.start()
    ticket = await laboratory.bot.ticket(ongoing.call_uuid, ended=False)
    assert (ticket.status, ticket.problem_type, ticket.ended_at) == ("open", "internet", None)
    await ongoing.held
    assert "Called PJSIP/technicien" in laboratory.asterisks[0].last_lines(100)


async def test_the_bot_is_told_to_end(laboratory: Laboratory, ongoing: Ongoing) -> None:
    """Drained: the call goes on to its end."""
    stopping = asyncio.create_task(laboratory.bot.stop())
    call = await ongoing.over()
    await stopping
    await laboratory.bot.start()
    assert (call.ticket.status, call.ticket.problem_type) == ("abandoned", "internet")
    assert str(call.held.report.ended_by) == "caller"


async def test_the_bot_is_stopped_at_once(laboratory: Laboratory, on_two_servers: NextServer, ongoing: Ongoing) -> None:
    """Its caller is taken to the next server; as that one has no room, to the technician."""
    asterisk = laboratory.asterisks[0]
    since = len(asterisk.last_lines(100_000))
    await laboratory.bot.stop_at_once()
    await laboratory.bot.start()
    call = await ongoing.over()
    await laboratory.bot.linked()
    ended = await laboratory.bot.event("call ended", call_id=ongoing.call_uuid)
    assert (ended["outcome"], call.ticket.status) == ("lost", "open")
    assert "Appel coupé, à rappeler." in call.ticket.summary
    assert on_two_servers.asked_for == [ongoing.call_uuid]
    assert "Called PJSIP/technicien" in asterisk.last_lines(100_000)[since:]


@pytest.mark.parametrize("duration_s", [1.0, 3.0, 5.0])
async def test_the_cable_of_the_bot_is_pulled(laboratory: Laboratory, ongoing: Ongoing, duration_s: float) -> None:
    """Three seconds are bridged; in five each side gives the other up, and the caller is passed to the technician."""
    bridged = duration_s < 4
    await laboratory.network.cut(BOT, duration_s)
    call = await ongoing.over()
    ended = await laboratory.bot.event("call ended", call_id=ongoing.call_uuid)
    # Which side gives up first is a close race at 5 s: about 4 s here, a full send buffer (4 to 5 s) there. Neither is
    # a caller who hung up.
    assert ended["outcome"] in (("hangup",) if bridged else ("lost", "stuck_peer"))
    status = "abandoned" if bridged else "open"
    assert (call.ticket.status, call.ticket.problem_type) == (status, "internet")
    assert ("Appel coupé, à rappeler." in call.ticket.summary) is not bridged


async def test_the_cable_of_an_asterisk_is_pulled_for_good(laboratory: Laboratory, ongoing: Ongoing) -> None:
    """As a power cut: nobody says that the connection is over."""
    await laboratory.network.pull("asterisk1")
    await laboratory.bot.holds(0)
    await laboratory.asterisks[0].kill()
    await laboratory.network.plug("asterisk1")
    await laboratory.asterisks[0].start()
    call = await ongoing.over()
    assert (call.ticket.status, call.ticket.problem_type) == ("open", "internet")
