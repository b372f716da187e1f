"""Fifty calls at once on one machine, callers and stand-ins included: every ticket right."""

import pytest

from tests.e2e.world import World, run_world
from tests.words import bare

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CALLS = 50
EXPECTED = {
    "internet_resolu": ("resolved", "internet"),
    "probleme_mobile": ("resolved", "mobile"),
    "modification": ("open", "modification"),
    "probleme_persiste": ("transferred", "internet"),
    "demande_humain": ("transferred", "other"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    scripts = list(EXPECTED)
    return run_world(
        tmp_path_factory.mktemp("fifty"),
        {f"{scripts[number % len(scripts)]}-{number}": scripts[number % len(scripts)] for number in range(CALLS)},
    )


def test_every_ticket_is_right(world: World) -> None:
    wrong = {
        name: (call.ticket.status, call.ticket.problem_type, call.caller_words)
        for name, call in world.calls.items()
        if (call.ticket.status, call.ticket.problem_type) != EXPECTED[name.rpartition("-")[0]]
    }
    assert not wrong
    assert len({call.ticket.call_uuid for call in world.calls.values()}) == CALLS


def test_every_caller_was_understood_word_for_word(world: World) -> None:
    """Where two cores are this busy, a pause between two sentences may make two turns of one."""
    for name, call in world.calls.items():
        assert " ".join(bare(call.caller_words)) == " ".join(bare([turn.said for turn in call.report.turns])), name


def test_every_call_was_held_to_its_end(world: World) -> None:
    assert {str(call.report.ended_by) for call in world.calls.values()} == {"bot"}
    assert world.metric("voicebot_calls_active") == 0
    assert world.metric("voicebot_call_duration_seconds_count") == CALLS
    assert world.exit_code == 0


def test_every_call_was_recorded(world: World) -> None:
    for name, call in world.calls.items():
        recorded_s = call.recording.stat().st_size / 32_000
        assert recorded_s == pytest.approx(call.ticket.duration_seconds, abs=1.0), name
