"""The callers of the trials: enough of them, of every temper, and none whose own words lead elsewhere."""

import pytest

from app.caller.script import Interject, Say, words_of
from app.dialogue.case import Case
from app.dialogue.machine import Machine
from app.dialogue.prompts import default_prompts
from app.errors import ConfigError
from app.providers.rules import understand
from tests.trials.trial import Trial, chosen, read_trials

TRIALS = read_trials()


@pytest.mark.parametrize("trial", [one for one in TRIALS.values() if one.steps], ids=lambda trial: str(trial.name))
def test_the_words_lead_to_the_ticket(trial: Trial) -> None:
    """Understood word by word and at once: what comes out else in a trial is due to how the call was led."""
    case = Case()
    machine = Machine(case)
    machine.start()
    for step in trial.steps:
        if isinstance(step, Say):
            words = words_of(step.say)
            machine.on_turn(understand(machine.state, words), words)
    assert (case.status, case.problem_type) == (trial.ticket.status, trial.ticket.problem)
    assert trial.ticket.who in case.summary(default_prompts().names)


def test_there_are_enough_of_every_kind() -> None:
    assert len(TRIALS) >= 40
    lines = {trial.line for trial in TRIALS.values()}
    assert {"babble 10 dB", "babble 5 dB", "street 10 dB", "street 5 dB", "echo -20 dB", "clean"} <= lines
    assert len({trial.temper for trial in TRIALS.values()}) >= 12
    assert len({trial.voice.name for trial in TRIALS.values()}) >= 5
    assert sum(isinstance(step, Interject) for trial in TRIALS.values() for step in trial.steps) >= 15


def test_callers_are_chosen_by_temper_or_name() -> None:
    assert {trial.temper for trial in chosen(TRIALS, ["brisk"]).values()} == {"brisk"}
    assert list(chosen(TRIALS, ["echo-near", "babble-5"])) == ["babble-5-box", "babble-5-mobile", "echo-near"]
    assert chosen(TRIALS, []) == TRIALS
    with pytest.raises(ConfigError, match="polite is no caller and no temper; there are angry, "):
        chosen(TRIALS, ["polite"])
