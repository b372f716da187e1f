"""The prompts file: complete, speakable, and checked with one line for each mistake."""

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from app.dialogue.case import ProblemType, Status
from app.dialogue.intents import Intent
from app.dialogue.prompts import PROBLEM_TYPES, SPOKEN_BY_MACHINE, STATUSES, default_prompts, load_prompts
from app.dialogue.states import STATES, State
from app.errors import ConfigError

SHIPPED = Path("app/prompts/fr.yaml")


def shipped() -> Any:
    return yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "prompts.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def test_the_kinds_are_those_of_a_case() -> None:
    assert frozenset(get_args(ProblemType)) == PROBLEM_TYPES
    assert frozenset(get_args(Status)) == STATUSES


def test_every_state_and_every_kind_has_its_words() -> None:
    prompts = default_prompts()
    assert set(prompts.names.problem) == PROBLEM_TYPES
    assert set(prompts.names.subject) == PROBLEM_TYPES
    assert set(prompts.names.status) == STATUSES
    assert {f"solution_{kind}" for kind in PROBLEM_TYPES} <= prompts.phrases.keys()
    listening = {state for state, row in STATES.items() if not row.final} - {State.INIT}
    assert set(prompts.model.states) == listening


def test_every_phrase_is_asked_for_by_somebody() -> None:
    asked = {key for row in STATES.values() for key in (row.says, *row.rephrased) if key} | SPOKEN_BY_MACHINE
    assert asked == default_prompts().phrases.keys()


def test_every_intent_is_explained_to_the_model() -> None:
    assert [intent for intent in Intent if intent.value not in default_prompts().model.intents] == []


def test_the_models_instructions_have_only_places_that_are_filled() -> None:
    text = default_prompts().model.system.format(state="X", situation="Y", facts="Z", intents="W")
    assert '{"intent": "…"' in text


def test_phrases_end_like_sentences() -> None:
    phrases = default_prompts().phrases.values()
    assert [text for text in phrases if not text.endswith((".", "!", "?", "…"))] == []


@pytest.mark.parametrize("kind", sorted(PROBLEM_TYPES))
def test_the_place_of_the_problem_is_filled_by_its_type(kind: str) -> None:
    text = default_prompts().text("pending_ticket", {"problem_type": kind})
    assert default_prompts().names.problem[kind] in text


def test_a_place_is_filled_and_a_phrase_without_places_is_said_as_it_is() -> None:
    prompts = default_prompts()
    assert prompts.text("thanks_named", {"first_name": "Zoé"}) == "Merci Zoé."
    assert prompts.text("goodbye") == prompts.phrases["goodbye"]


def test_braces_in_a_name_are_no_places() -> None:
    assert default_prompts().text("thanks_named", {"first_name": "{x}"}) == "Merci {x}."


def test_only_phrases_without_places_are_spoken_ahead() -> None:
    prompts = default_prompts()
    assert prompts.phrases.keys() - prompts.fixed().keys() == {"welcome_known", "pending_ticket", "thanks_named"}


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    content = shipped()
    content["phrases"]["goodbye"] = "À bientôt !"
    assert load_prompts(written(tmp_path, content)).text("goodbye") == "À bientôt !"


def test_missing_phrases_are_named_together(tmp_path: Path) -> None:
    content = shipped()
    del content["phrases"]["hold"], content["phrases"]["ask_works"]
    with pytest.raises(ConfigError) as caught:
        load_prompts(written(tmp_path, content))
    (problem,) = caught.value.problems
    assert problem.startswith("PROMPTS_FILE: phrases: ")
    assert problem.endswith("phrases missing: ask_works, hold")


def test_a_place_that_nothing_fills_is_named(tmp_path: Path) -> None:
    content = shipped()
    content["phrases"]["goodbye"] = "Au revoir {prenom} !"
    content["names"]["summary"] = "{subject} {"
    content["model"]["system"] = "{state} {nom}"
    with pytest.raises(ConfigError) as caught:
        load_prompts(written(tmp_path, content))
    assert len(caught.value.problems) == 3
    assert "goodbye: nothing fills {prenom}" in str(caught.value)
    assert "summary: " in str(caught.value)
    assert "system: nothing fills {nom}" in str(caught.value)


def test_each_mistake_has_its_line(tmp_path: Path) -> None:
    content = shipped()
    content["phrase"] = {}
    content["model"]["states"]["LUNCH"] = "…"
    with pytest.raises(ConfigError) as caught:
        load_prompts(written(tmp_path, content))
    assert len(caught.value.problems) == 2
    assert any("phrase: " in line for line in caught.value.problems)
    assert any("LUNCH" in line for line in caught.value.problems)


@pytest.mark.parametrize("missing", ["problem", "status", "subject"])
def test_a_kind_without_a_name_is_refused(tmp_path: Path, missing: str) -> None:
    content = shipped()
    content["names"][missing].popitem()
    with pytest.raises(ConfigError, match=missing):
        load_prompts(written(tmp_path, content))


@pytest.mark.parametrize("text", ["phrases: [", "just words", ""])
def test_no_such_file_and_no_yaml(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="PROMPTS_FILE"):
        load_prompts(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="PROMPTS_FILE"):
        load_prompts(broken)
