"""Keys of a telephone (RFC 4733) through a real Asterisk: they hold whole calls, and cut a sentence short."""

import asyncio
from collections.abc import Mapping

import pytest
import pytest_asyncio

from app.caller.script import Dial, HangUp, Listen, Pause, Say, Script, Step, WaitBot
from tests.lab.laboratory import CALLER_SAYS, Call, Laboratory
from tests.lab.telephone import KEY_MS, be_called
from tests.lab.test_transfer import TECHNICIAN

TYPED: Mapping[str, tuple[str, ...]] = {
    # Marie's telephone number; no number, for the choices to be named; Internet; it is not about the pending ticket; no
    # details, twice; and instead of the remedy a person.
    "a telephone number": ("0199000001", "9#", "1", "2", "9#", "9#", "0"),
    # For the choices to be named; Internet; there is a ticket; its number, mistyped at first; it is the one; no
    # details, twice; the remedy is tried, it was, and it helped.
    "a ticket's number": ("9#", "9#", "1", "1", "9*1001#", "1", "9#", "9#", "1", "1", "1"),
}
STOP_MS = 100
"""From the moment at which a key is let go, which is when Asterisk passes it on, to the telephone's silence."""


def by_keys(name: str, *more: Step, **settings: object) -> Script:
    """Presses keys whenever the bot has finished."""
    typed = [step for keys in TYPED[name] for step in (WaitBot(wait_bot_s=20), Dial(dtmf=keys))]
    return Script(name="keys", max_seconds=150, steps=(*typed, *more), **settings)


AFTER_THE_TRANSFER = (
    WaitBot(wait_bot_s=20),
    Listen(listen_until_quiet_s=3),
    Say(say=CALLER_SAYS),
    Pause(pause_s=1),
    HangUp(hangup=True),
)
CUT_SHORT = Script(
    name="cut-short", steps=(Dial(dtmf="6", over_bot_after_s=1.2), Pause(pause_s=1.5), HangUp(hangup=True))
)
"""In the middle of "bienvenue au SAV Wipple"; the bot waits for the rest of the number."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def calls(laboratory: Laboratory) -> dict[str, Call]:
    """All of them at once; the technician answers who asked for a person."""
    asterisk, recogniser = laboratory.asterisks[0], laboratory.recogniser
    async with asyncio.TaskGroup() as tasks:
        rung = tasks.create_task(be_called(asterisk, TECHNICIAN, laboratory.directory, recogniser=recogniser))
        held = await asyncio.gather(
            laboratory.dial(by_keys("a telephone number", *AFTER_THE_TRANSFER)),
            laboratory.dial(by_keys("a ticket's number", ptime_ms=30), server=1, codec="alaw"),
            laboratory.dial(CUT_SHORT),
            laboratory.dial(CUT_SHORT.model_copy(update={"ptime_ms": 30, "suppress_silence": True}), server=1),
        )
    assert CALLER_SAYS in rung.result().words
    await laboratory.nothing_is_stuck()
    return dict(zip((*TYPED, "20 ms", "30 ms"), held, strict=True))


@pytest.mark.parametrize("name", TYPED)
async def test_a_whole_call_is_held_by_keys(laboratory: Laboratory, calls: Mapping[str, Call], name: str) -> None:
    call = calls[name]
    keys = [typed.rstrip("#").rpartition("*")[2] for typed in TYPED[name]]
    assert call.caller_words == [f"[touches] {one}" for one in keys]
    understood = laboratory.bot.events("turn understood", call_id=call.call_uuid)
    assert {line["source"] for line in understood} == {"keys"}
    assert "Je vois un ticket en cours à votre nom, au sujet de votre connexion Internet." in call.bot_words
    assert call.ticket.problem_type == "internet"
    assert "Je vois un ticket en cours à votre nom, au sujet de votre connexion Internet." in call.bot_words
    assert call.ticket.problem_type == "internet"
    assert call.held.report.missed_steps == 0


async def test_a_zero_brings_a_person(calls: Mapping[str, Call]) -> None:
    """Whom the caller has talked to, or there would be no calls."""
    assert calls["a telephone number"].ticket.status == "transferred"
    assert calls["a ticket's number"].ticket.status == "resolved"


@pytest.mark.parametrize("name", ["20 ms", "30 ms"])
async def test_a_key_cuts_the_bot_short(calls: Mapping[str, Call], name: str) -> None:
    call = calls[name]
    (key,) = call.held.report.turns
    assert key.bot_stopped_ms is not None
    assert KEY_MS - 20 < key.bot_stopped_ms <= KEY_MS + STOP_MS
    assert [heard for heard in call.held.report.heard if heard.start_s > key.started_s] == [], "and stays so"
    assert call.bot_words.endswith("…")
