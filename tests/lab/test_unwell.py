"""An Asterisk whose manager is not heard any more: packets are dropped, not refused, in the middle of a call."""

import asyncio
import time

from app.caller.script import HangUp, Listen, Pause, Say, Script, WaitBot
from tests.lab.asterisk import AMI_PORT
from tests.lab.laboratory import CALLER_SAYS, TECHNICIAN_SAYS, Laboratory
from tests.lab.telephone import be_called, dial
from tests.lab.test_transfer import HUMAN, TECHNICIAN
from tests.words import bare

CALLER = Script(
    name="unwell",
    max_seconds=90,
    steps=(
        Say(say="Bonjour, j'ai un problème avec ma connexion Internet."),
        Say(say="Non."),
        Say(say=HUMAN),
        WaitBot(wait_bot_s=20),
        Listen(listen_until_quiet_s=3),
        Say(say=CALLER_SAYS),
        Pause(pause_s=1),
        HangUp(hangup=True),
    ),
)
SHORT = Script(name="short", steps=(Pause(pause_s=1.5), HangUp(hangup=True)))
RINGS_S = 2.0
"""The technician's telephone rings for a second, and its owner takes another to speak."""
LINKED_S = 40.0
"""Until the bot notices (10 + 5 s), and its longest pause between two attempts (15 s and a quarter)."""


async def test_a_manager_that_is_not_heard_takes_nothing_with_it(laboratory: Laboratory) -> None:
    """The call goes on and is transferred as the dialplan would by itself; others are taken; the link comes back."""
    asterisk, bot = laboratory.asterisks[0], laboratory.bot
    await bot.linked()
    recogniser = laboratory.recogniser
    async with asyncio.TaskGroup() as tasks:
        rung = tasks.create_task(be_called(asterisk, TECHNICIAN, laboratory.directory, recogniser=recogniser))
        ongoing = await laboratory.begin(CALLER, recogniser=recogniser)
        await ongoing.understood()
        async with laboratory.network.filtered(asterisk.host, AMI_PORT):
            other = await dial(asterisk, SHORT, laboratory.directory)
            call = await ongoing.over()
            person = await rung
            await laboratory.nothing_is_stuck()
            since = len(bot.log)
    assert 0 < other.first_sound_ms <= 400, "nobody announced it"
    assert bot.events("dialplan not told where the call goes", call_id=call.call_uuid)
    assert call.ticket.status == "transferred"
    assert bare(call.caller_words)[1] == "non", "after the manager fell silent"
    assert TECHNICIAN_SAYS in call.held.words
    assert CALLER_SAYS in person.words
    assert person.sipp.header("X-Voicebot-UUID") == call.call_uuid
    technician = next(heard for heard in call.held.report.heard if heard.text == TECHNICIAN_SAYS)
    bot_until_s = max(heard.end_s for heard in call.held.report.heard if heard.end_s < technician.start_s)
    assert technician.start_s - bot_until_s < RINGS_S + 1
    await bot.event("asterisk connected", since=since, timeout_s=LINKED_S, asterisk=asterisk.address)
    end_s = time.monotonic() + LINKED_S
    while await bot.metric("voicebot_ami_connected", asterisk=asterisk.address) != 1:
        assert time.monotonic() < end_s, "not every worker is linked again"
        await asyncio.sleep(0.2)
    known = await laboratory.dial(SHORT, caller_number="0199000001")
    assert known.ticket.caller_number == "+33199000001"
