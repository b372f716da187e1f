"""Calls that are answered with the keys of the telephone, judged by ticket, transcript, log and what was heard."""

import pytest

from app.caller.script import Script, parse_script
from tests.e2e.world import CallResult, World, run_world

pytestmark = pytest.mark.e2e

PHONE_OF_MARIE = "0199000001"
SAY_PROBLEM = "{say: 'Bonjour, j’ai un problème avec ma connexion Internet.'}".replace("’", "''")
STEPS = {
    # Everything by keys: who calls, the kind of problem, "oui" to the ticket, no details, "oui" to all the rest.
    "only_keys": [PHONE_OF_MARIE, "9#", "1", "1", "9#", "9#", "1", "1", "1"],
    "ticket_number": [SAY_PROBLEM, "1", "9*1001#", "0"],
    "human": ["0"],
    "over_the_bot": [SAY_PROBLEM, "{pause_s: 2.6}", "{dtmf: '2'}", "{wait_bot_s: 20}", "{hangup: true}"],
}


def script(name: str) -> Script:
    """Bare keys are pressed once the bot has finished."""
    steps = [step if step[0] == "{" else f"{{wait_bot_s: 20}}, {{dtmf: '{step}'}}" for step in STEPS[name]]
    return parse_script(f"name: {name}\nmax_seconds: 120\nsteps: [{', '.join(steps)}]", name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return run_world(tmp_path_factory.mktemp("keys"), {name: script(name) for name in STEPS})


def understood(world: World, call: CallResult) -> list[tuple[str, str]]:
    """Intents and who understood them."""
    lines = [line for line in world.log if line["event"] == "turn understood"]
    return [(one["intent"], one["source"]) for one in lines if one["call_id"] == str(call.ticket.call_uuid)]


def test_a_whole_call_is_held_by_keys_alone(world: World) -> None:
    call = world.calls["only_keys"]
    assert call.caller_words == [f"[touches] {keys.rstrip('#')}" for keys in STEPS["only_keys"]]
    assert (call.ticket.status, call.ticket.problem_type) == ("resolved", "internet")
    assert "Marie Lopez (Boulangerie Martin)" in call.ticket.summary
    assert "Suite du ticket n°" in call.ticket.summary
    assert "touches" not in call.ticket.summary
    assert "Vous pouvez aussi taper un, deux ou trois." in call.bot_words
    assert str(call.report.ended_by) == "bot"
    assert call.report.missed_steps == 0


def test_no_language_model_is_asked_about_keys(world: World) -> None:
    assert {source for _, source in understood(world, world.calls["only_keys"])} == {"keys"}


def test_a_ticket_number_is_typed_and_corrected(world: World) -> None:
    call = world.calls["ticket_number"]
    assert call.caller_words[1:] == ["[touches] 1", "[touches] 1001", "[touches] 0"]
    assert "Je vois un ticket en cours à votre nom, au sujet de votre connexion Internet." in call.bot_words
    assert call.ticket.status == "transferred", "0 at a yes-or-no question"


def test_a_zero_alone_asks_for_a_person(world: World) -> None:
    call = world.calls["human"]
    assert understood(world, call) == [("HUMAN_REQUEST", "keys")]
    assert call.ticket.status == "transferred"


def test_a_key_stops_a_long_sentence_and_answers_it(world: World) -> None:
    call = world.calls["over_the_bot"]
    bot = [line for line in call.ticket.transcript if line["speaker"] == "bot"]
    cut, after = bot[1], bot[2]
    # Where the model is later than 0.5 s, as on a busy machine, the sentence has a filler before it.
    assert cut["text"].startswith(("Avez-vous déjà", "Un instant"))
    assert cut["text"].endswith("…")
    assert cut["interrupted"]
    assert after["text"].startswith("Puis-je avoir votre nom")
    assert call.caller_words[1] == "[touches] 2"
    (stopped,) = [
        line["stop_ms"]
        for line in world.log
        if line["event"] == "interrupted by the caller" and line["call_id"] == str(call.ticket.call_uuid)
    ]
    assert stopped < 200
    assert world.metric("voicebot_barge_ins_total", result="confirmed") >= 1


def test_no_number_that_was_typed_is_in_the_log(world: World) -> None:
    assert any("[touches] ********01" in str(line.get("heard")) for line in world.log)
    assert not any(PHONE_OF_MARIE in str(line) for line in world.log)
