"""From the bot to a person: the caller's sound reaches the technician's telephone, or the caller comes back."""

import asyncio

from app.caller.script import HangUp, Listen, Pause, Say, Script, WaitBot
from tests.lab.laboratory import CALLER_SAYS, TECHNICIAN_SAYS, Laboratory
from tests.lab.telephone import be_called

HUMAN = "Je veux parler à un conseiller."
CALLER = Script(
    name="caller",
    max_seconds=60,
    steps=(
        Say(say=HUMAN),
        WaitBot(wait_bot_s=20),  # "Je vous mets en relation …", and perhaps the ringing
        Listen(listen_until_quiet_s=3),
        Say(say=CALLER_SAYS),
        Pause(pause_s=1),
        HangUp(hangup=True),
    ),
)
TECHNICIAN = Script(
    name="technician",
    max_seconds=90,
    steps=(Pause(pause_s=1), Say(say=TECHNICIAN_SAYS), Pause(pause_s=60)),
)


async def test_the_caller_speaks_with_the_technician(laboratory: Laboratory) -> None:
    asterisk = laboratory.asterisks[0]
    technician = asyncio.create_task(
        be_called(asterisk, TECHNICIAN, laboratory.directory, recogniser=laboratory.recogniser)
    )
    call = await laboratory.dial(CALLER, caller_name="Bob, Attempt: returned", recogniser=laboratory.recogniser)
    person = await technician
    events = laboratory.announcements[0].events
    assert [e for e in events if e.get("UserEvent") == "VoicebotUnanswered" and e["CallUUID"] == call.call_uuid] == []
    assert call.ticket.status == "transferred"
    assert TECHNICIAN_SAYS in call.held.words
    assert CALLER_SAYS in person.words
    assert person.sipp.header("X-Voicebot-UUID") == call.call_uuid
    assert person.sipp.header("X-Voicebot-Ticket") == str(call.ticket.id)
    assert (person.sipp.header("X-Voicebot-Summary") or "") != ""
    assert f'"Ticket {call.ticket.id} ' in (person.sipp.header("From") or "")
    await laboratory.nothing_is_stuck()


async def test_a_caller_whom_no_technician_answers_comes_back(laboratory: Laboratory) -> None:
    script = Script(name="unanswered", max_seconds=90, steps=(Say(say=HUMAN), Pause(pause_s=80)))
    number = laboratory.new_number()
    call = await laboratory.dial(script, caller_number=number, recogniser=laboratory.recogniser)
    announced = laboratory.announcements[0].calls(number)
    assert [(event["Attempt"], event["Reason"]) for event in announced] == [("new", ""), ("returned", "NOANSWER")]
    assert {event["CallUUID"] for event in announced} == {call.call_uuid}
    await laboratory.nothing_is_stuck()
    ticket = await laboratory.bot.ticket(call.call_uuid)
    assert (ticket.id, ticket.status) == (call.ticket.id, "open")
    assert str(call.held.report.ended_by) == "bot"
    assert call.held.report.duration_s < 60, "the bot, not the caller, ended it"


async def test_a_caller_who_hangs_up_while_it_rings_is_called_back(laboratory: Laboratory) -> None:
    """Nobody talked to him, and no bot hears him hang up: the dialplan tells it."""
    script = Script(
        name="impatient",
        max_seconds=60,
        steps=(Say(say=HUMAN), WaitBot(wait_bot_s=20), Pause(pause_s=2), HangUp(hangup=True)),
    )
    number = laboratory.new_number()
    call = await laboratory.dial(script, caller_number=number, recogniser=laboratory.recogniser)
    ticket = await laboratory.bot.unanswered(call.call_uuid)
    assert (ticket.id, ticket.status) == (call.ticket.id, "open")
    assert f"Technicien injoignable, à rappeler : +33{number[1:]}." in ticket.summary
    events = laboratory.announcements[0].events
    told = [e for e in events if e.get("UserEvent") == "VoicebotUnanswered" and e["CallUUID"] == call.call_uuid]
    assert [event["Reason"] for event in told] == ["CANCEL"]
    assert [event["Attempt"] for event in laboratory.announcements[0].calls(number)] == ["new"]
    await laboratory.nothing_is_stuck()


async def test_a_caller_who_finds_no_bot_on_the_way_back_is_called_back(laboratory: Laboratory) -> None:
    bot, number = laboratory.bot, laboratory.new_number()
    waits = Script(name="waits", max_seconds=60, steps=(Say(say=HUMAN), Pause(pause_s=50)))
    in_the_way = Script(name="in-the-way", max_seconds=60, steps=(Pause(pause_s=15), HangUp(hangup=True)))
    await bot.stop()
    await bot.start(MAX_CONCURRENT_CALLS="1")
    try:
        await bot.linked()
        first = await laboratory.begin(waits, caller_number=number)
        await bot.event("call ended", call_id=first.call_uuid)
        other = await laboratory.begin(in_the_way, server=1)
        call = await first.over()
        assert [entry["reason"] for entry in bot.events("call refused", call_id=first.call_uuid)] == ["busy"]
        assert [event["Attempt"] for event in laboratory.announcements[0].calls(number)] == ["new", "returned"]
        ticket = await bot.unanswered(first.call_uuid)
        assert (ticket.id, ticket.status) == (call.ticket.id, "open")
        assert f"Technicien injoignable, à rappeler : +33{number[1:]}." in ticket.summary
        await other.over()
        await laboratory.nothing_is_stuck()
    finally:
        await bot.stop()
        await bot.start()
        await bot.linked()


async def test_a_known_caller_is_greeted_by_name(laboratory: Laboratory) -> None:
    script = Script(name="known", steps=(WaitBot(wait_bot_s=15), HangUp(hangup=True)))
    call = await laboratory.dial(script, caller_number="0199000001")
    assert call.ticket.caller_number == "+33199000001"
    assert "Bonjour Marie, bienvenue au SAV Wipple." in call.bot_words
    assert 0 < call.held.first_sound_ms <= 400


async def test_a_farewell_hangs_up(laboratory: Laboratory) -> None:
    """With the link the dialplan knows a farewell: no technician is rung."""
    asterisk = laboratory.asterisks[1]
    rung = asterisk.last_lines(100_000).count("Called PJSIP/technicien")
    call = await laboratory.dial("silence", server=1)
    assert call.ticket.status == "abandoned"
    assert asterisk.last_lines(100_000).count("Called PJSIP/technicien") == rung
    await laboratory.nothing_is_stuck()
