"""The table of states: whole, as the original drew it, and as the documentation shows it."""

import re
from pathlib import Path

import pytest

from app.dialogue.intents import Intent
from app.dialogue.states import ENDPOINTING_OF_PHRASE, EVERYWHERE, PROBLEMS, STATES, State, draw
from dashboard.words import STATES as NAMES

DOCUMENT = Path("docs/dialogue.md")
ARROW = re.compile(r"^    (\S+) --> (\S+?)(?:: (.*))?$", re.MULTILINE)

ORIGINAL_ARROWS = [
    # As drawn in the original README; the last column is what is written at the arrow.
    (State.INIT, State.WELCOME, ""),
    (State.WELCOME, State.TICKET_VERIFICATION, ""),
    (State.WELCOME, State.DIAGNOSTIC, ""),
    (State.TICKET_VERIFICATION, State.IDENTIFICATION, "NO"),
    (State.TICKET_VERIFICATION, State.DIAGNOSTIC, "YES"),
    (State.IDENTIFICATION, State.DIAGNOSTIC, "IDENTITY_PROVIDED, EMAIL_PROVIDED"),
    (State.DIAGNOSTIC, State.SOLUTION, "INTERNET_ISSUE, MOBILE_ISSUE, MODIFICATION_REQUEST"),
    (State.SOLUTION, State.VERIFICATION, ""),
    (State.VERIFICATION, State.GOODBYE, "YES"),
    (State.VERIFICATION, State.TRANSFER, "NO"),
]
ORIGINAL_INTENTS = {
    State.TICKET_VERIFICATION: {Intent.YES, Intent.NO},
    State.IDENTIFICATION: {Intent.IDENTITY_PROVIDED, Intent.EMAIL_PROVIDED},
    State.DIAGNOSTIC: set(PROBLEMS),
    State.VERIFICATION: {Intent.YES, Intent.NO},
}
ORIGINAL_YES_NO = {State.TICKET_VERIFICATION, State.SOLUTION, State.VERIFICATION}


def drawn() -> list[tuple[str, str, str]]:
    return ARROW.findall(draw())


def test_the_document_shows_the_diagram_as_it_is() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    shown = re.search(r"<!-- diagram -->\n```mermaid\n(.*?)\n```\n<!-- /diagram -->", text, re.DOTALL)
    assert shown is not None
    assert shown[1] == draw(), "paste app.dialogue.states.draw() between the markers"


def test_the_document_names_every_state_and_intent() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in (*State, *Intent) if f"`{name.value}`" not in text] == []


def test_the_dashboard_has_a_name_for_every_state() -> None:
    assert {state.value for state in State} == set(NAMES)


def test_the_ten_states_of_the_original_and_the_way_back_from_a_transfer() -> None:
    assert list(STATES) == list(State)
    assert len(set(STATES) - {State.CALLBACK}) == 10


@pytest.mark.parametrize(("origin", "target", "label"), ORIGINAL_ARROWS)
def test_every_arrow_of_the_original_is_there(origin: State, target: State, label: str) -> None:
    labels = [text for start, end, text in drawn() if (start, end) == (origin.value, target.value)]
    assert any(text.startswith(label) for text in labels)


def test_the_original_intents_and_patience() -> None:
    for state, intents in ORIGINAL_INTENTS.items():
        assert set(STATES[state].expects) == intents
    assert {state for state, row in STATES.items() if row.endpointing == "yes_no"} == ORIGINAL_YES_NO
    others = [row.endpointing for state, row in STATES.items() if state is not State.CALLBACK]
    assert set(others) == {"yes_no", "open"}


def test_every_arrow_leads_to_a_state_of_the_table() -> None:
    for row in STATES.values():
        assert {*row.arrows.values(), *row.detours} <= STATES.keys()


def test_what_a_state_expects_leads_somewhere() -> None:
    for row in STATES.values():
        assert set(row.expects) <= row.arrows.keys()
        assert row.model_reply <= row.arrows.keys()


def test_states_that_listen_can_ask_again_and_final_ones_go_nowhere() -> None:
    for state, row in STATES.items():
        if row.final:
            assert not row.arrows
            assert not row.rephrased
            assert row.says
        elif state is not State.INIT:
            assert len(row.rephrased) == 2


def test_every_state_is_reached_and_every_call_can_end() -> None:
    arrows = [(start, end) for start, end, _ in drawn()]
    reached = {"[*]"}
    for _ in arrows:
        reached |= {end for start, end in arrows if start in reached or start == "LISTENING"}
    assert reached >= {state.value for state in State}
    ending = {"[*]"}
    for _ in arrows:
        ending |= {start for start, end in arrows if end in ending}
    assert ending >= {state.value for state in State}


def test_the_diagram_draws_the_whole_table() -> None:
    lines = set(drawn())
    for state, row in STATES.items():
        for intent, target in row.arrows.items():
            assert any(
                (start, end) == (state.value, target.value) and intent.value in text.split(", ")
                for start, end, text in lines
            )
        for target, when in row.detours.items():
            assert (state.value, target.value, f"({when})") in lines
        assert ((state.value, "[*]", "") in lines) is row.final
    for intent, target in EVERYWHERE.items():
        labels = [text for start, end, text in lines if (start, end) == ("LISTENING", target.value)]
        assert any(text.split(";")[0] == intent.value for text in labels)
    for state, row in STATES.items():
        assert row.everywhere.items() <= EVERYWHERE.items(), state


def test_who_is_back_from_a_technician_is_not_sent_there_again() -> None:
    row = STATES[State.CALLBACK]
    assert State.TRANSFER not in {*row.arrows.values(), *row.detours, *row.everywhere.values(), row.gives_up}
    assert ("LISTENING", "TRANSFER", "HUMAN_REQUEST; not from CALLBACK") in drawn()


def test_questions_for_a_field_are_phrases_of_identification() -> None:
    assert set(ENDPOINTING_OF_PHRASE) == {"ask_ticket_number", "ask_identity_last"}
    assert "ask_identity_last" in STATES[State.IDENTIFICATION].rephrased
