"""The channel driver in place of `AudioSocket()`: what an Asterisk codes as c(ulaw), c(alaw) and c(slin16) says."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from app.caller.script import read_script
from tests.lab.laboratory import Call, Laboratory
from tests.lab.test_calls import said, understood_share
from tests.words import bare

WIRES: Mapping[str, tuple[int, str, str]] = {
    "ulaw": (0, "7781", "ulaw"),
    "alaw": (1, "7782", "alaw"),
    "slin16": (0, "7783", "g722"),
}
"""By what the driver is told: which Asterisk, its extension, and what the telephone speaks."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def calls(laboratory: Laboratory) -> AsyncIterator[dict[str, Call]]:
    """The dialogue of the original README over each of them at once."""
    first, second = (asterisk.address for asterisk in laboratory.asterisks)
    await laboratory.bot.stop()
    await laboratory.bot.start(AUDIOSOCKET_CODECS=f"{first}=ulaw,{second}=alaw")
    try:
        await laboratory.bot.linked()
        dialogues = (
            laboratory.dial(
                read_script("internet_resolu"),
                server=server,
                number=number,
                codec=codec,
                recogniser=laboratory.recogniser,
            )
            for server, number, codec in WIRES.values()
        )
        held = await asyncio.gather(*dialogues)
        await laboratory.nothing_is_stuck()
        yield dict(zip(WIRES, held, strict=True))
    finally:
        await laboratory.bot.stop()
        await laboratory.bot.start()
        await laboratory.bot.linked()


@pytest.mark.parametrize("name", WIRES)
async def test_the_dialogue_is_understood(calls: Mapping[str, Call], name: str) -> None:
    call = calls[name]
    assert bare(call.caller_words) == bare(said(call))
    assert (call.ticket.status, call.ticket.problem_type) == ("resolved", "internet")
    assert "Pierre Dupont (TechCorp)" in call.ticket.summary
    assert call.held.report.notes == []


@pytest.mark.parametrize("name", WIRES)
async def test_what_the_telephone_hears_is_right(calls: Mapping[str, Call], name: str) -> None:
    held = calls[name].held
    assert understood_share(calls[name]) >= 0.95
    assert held.longest_gap_in_speech_ms <= 40
    assert held.report.frames.late_over_20ms < 0.001 * held.report.frames.received
    assert (held.arrivals.lost, held.arrivals.strangers) == (0, 0)
    assert 0 < held.first_sound_ms <= 400
