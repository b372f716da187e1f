"""A caller of whom nothing is heard: in noise a short answer may have drowned, and is soon asked for again."""

import pytest

from app.caller.script import Script, parse_script
from tests.e2e.world import CallResult, World, run_world

pytestmark = pytest.mark.e2e

LINES = {"street": "{sound: street, snr_db: 5}", "quiet": "null"}
STEPS = "[{say: Je n'ai plus Internet.}, {wait_bot_s: 20}, {pause_s: 20}, {hangup: true}]"


def script(line: str) -> Script:
    return parse_script(f"name: {line}\nmax_seconds: 60\nnoise: {LINES[line]}\nsteps: {STEPS}", line)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return run_world(tmp_path_factory.mktemp("noise"), {line: script(line) for line in LINES})


def bot_lines(call: CallResult) -> list[str]:
    """What the bot said from its yes-or-no question on."""
    lines = [line["text"] for line in call.ticket.transcript if line["speaker"] == "bot"]
    first = next(number for number, text in enumerate(lines) if text.startswith("Avez-vous déjà un ticket"))
    return lines[first:]


def test_an_answer_that_may_have_drowned_is_asked_for_again_once(world: World) -> None:
    _, *then = bot_lines(world.calls["street"])
    assert [line[:24] for line in then[:2]] == ["Je ne vous entends pas. ", "Êtes-vous toujours en li"]


def test_in_quiet_a_caller_who_thinks_is_waited_for(world: World) -> None:
    _, then, *_ = bot_lines(world.calls["quiet"])
    assert then == "Êtes-vous toujours en ligne ?"
