"""SIP telephones dial 777 on real Asterisk servers, and each call is judged by its packets and by its ticket."""

import asyncio
import re
from collections.abc import Mapping
from difflib import SequenceMatcher

import pytest
import pytest_asyncio

from app.caller.script import Script, read_script
from tests.lab.laboratory import Call, Laboratory
from tests.words import bare

RECORDING_BYTES_PER_S = 8000 * 2 * 2
DIALOGUE = read_script("internet_resolu")
"""The dialogue of the original README."""

DIALOGUES: Mapping[str, tuple[Script, int, str]] = {
    "µ-law, 20 ms": (DIALOGUE, 0, "ulaw"),
    "A-law, 30 ms": (DIALOGUE.model_copy(update={"ptime_ms": 30}), 1, "alaw"),
    "nothing sent in silence": (DIALOGUE.model_copy(update={"suppress_silence": True}), 0, "ulaw"),
}
OTHERS = ("probleme_persiste", "silence", "demande_humain", "raccroche")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def calls(laboratory: Laboratory) -> dict[str, Call]:
    """All of them at once."""
    recogniser = laboratory.recogniser
    dialogues = [
        laboratory.dial(script, server=server, codec=codec, recogniser=recogniser)
        for script, server, codec in DIALOGUES.values()
    ]
    others = [laboratory.dial(name, server=number % 2) for number, name in enumerate(OTHERS)]
    held = await asyncio.gather(*dialogues, *others)
    await laboratory.nothing_is_stuck()
    return dict(zip((*DIALOGUES, *OTHERS), held, strict=True))


def said(call: Call) -> list[str]:
    return [turn.said for turn in call.held.report.turns]


def understood_share(call: Call) -> float:
    """How many of the bot's words were understood by their sound, and how few others."""
    said, heard = words_of(call.bot_words), words_of(call.held.words)
    alike = SequenceMatcher(None, said, heard, autojunk=False).get_matching_blocks()
    return sum(block.size for block in alike) / max(len(said), len(heard))


def words_of(text: str) -> list[str]:
    """Without punctuation, which no ear can hear."""
    return re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("name", DIALOGUES)
async def test_the_original_dialogue(calls: Mapping[str, Call], name: str) -> None:
    call = calls[name]
    ticket = call.ticket
    assert (ticket.status, ticket.problem_type, ticket.sentiment) == ("resolved", "internet", "positive")
    assert bare(call.caller_words) == bare(said(call))
    assert "Pierre Dupont (TechCorp)" in ticket.summary
    assert "Parfait ! Merci pour votre appel. Au revoir !" in call.bot_words
    assert call.held.report.notes == []


@pytest.mark.parametrize("name", DIALOGUES)
async def test_what_the_telephone_hears_can_be_understood(calls: Mapping[str, Call], name: str) -> None:
    """The words that a matcher of phrases makes of its packets are those that the bot said, in their order."""
    assert understood_share(calls[name]) >= 0.95


@pytest.mark.parametrize("name", DIALOGUES)
async def test_what_the_telephone_hears_has_no_holes(calls: Mapping[str, Call], name: str) -> None:
    held = calls[name].held
    assert held.longest_gap_in_speech_ms <= 40
    assert held.report.frames.late_over_20ms < 0.001 * held.report.frames.received
    assert held.arrivals.lost == 0
    assert held.arrivals.strangers == 0


@pytest.mark.parametrize("name", [*DIALOGUES, *OTHERS])
async def test_the_first_sound_comes_soon(calls: Mapping[str, Call], name: str) -> None:
    assert 0 < calls[name].held.first_sound_ms <= 400


@pytest.mark.parametrize("name", [*DIALOGUES, *OTHERS])
async def test_the_recording_is_as_long_as_the_call(calls: Mapping[str, Call], name: str) -> None:
    call = calls[name]
    assert call.ticket.duration_seconds is not None
    recorded_s = call.recording.stat().st_size / RECORDING_BYTES_PER_S
    assert recorded_s == pytest.approx(call.ticket.duration_seconds, abs=0.5)


async def test_the_packets_were_those_that_were_promised(calls: Mapping[str, Call]) -> None:
    """30 ms packets, and none in silence, are what the telephones really sent."""
    every_20_ms, every_30_ms, seldom = (calls[name].held for name in DIALOGUES)
    assert (every_20_ms.codec, every_30_ms.codec) == ("ulaw", "alaw")
    assert every_20_ms.packets_sent == pytest.approx(50 * every_20_ms.report.duration_s, rel=0.1)
    assert every_30_ms.packets_sent == pytest.approx(33.3 * every_30_ms.report.duration_s, rel=0.1)
    assert seldom.packets_sent < 0.4 * every_20_ms.packets_sent


async def test_the_bot_hangs_up(calls: Mapping[str, Call]) -> None:
    """A caller who says nothing is asked twice, then left."""
    call = calls["silence"]
    assert (call.ticket.status, call.ticket.problem_type) == ("abandoned", "other")
    assert str(call.held.report.ended_by) == "bot"


async def test_the_caller_hangs_up(calls: Mapping[str, Call]) -> None:
    call = calls["raccroche"]
    assert (call.ticket.status, call.ticket.problem_type) == ("abandoned", "internet")
    assert str(call.held.report.ended_by) == "caller"


@pytest.mark.parametrize("name", ["probleme_persiste", "demande_humain"])
async def test_a_caller_who_needs_a_person_is_transferred(
    laboratory: Laboratory, calls: Mapping[str, Call], name: str
) -> None:
    """Nobody is at the technician's telephone, and the ticket says so."""
    ticket = await laboratory.bot.unanswered(calls[name].call_uuid)
    assert (ticket.status, "Technicien injoignable, à rappeler" in ticket.summary) == ("open", True)
    assert "Je vous mets en relation avec un technicien." in calls[name].bot_words


async def test_calls_are_announced(laboratory: Laboratory, calls: Mapping[str, Call]) -> None:
    """With the bot's own user: what it may hear is enough."""
    events = [event for announcements in laboratory.announcements for event in announcements.events]
    for call in calls.values():
        event = next(event for event in events if event.get("CallUUID") == call.call_uuid)
        assert event["Dialled"] == "777"
        assert event["Attempt"] == "new"
        assert event["Channel"].startswith("PJSIP/telephone-")
    assert {event.get("Event") for event in events} <= {None, "UserEvent"}, "and it hears nothing else"
