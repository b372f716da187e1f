"""The telephone's keys: single answers, numbers, a person asked for; every time is told, none is waited for."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialogue.intents import Fields, Intent
from app.dialogue.keypad import DIGITS_MAX, PAUSE_S, ZERO_ALONE_S, Keyed, Keypad
from app.dialogue.states import KEYS_OF_ENDPOINTING, KEYS_OF_PHRASE, Keys

YES_NO = KEYS_OF_ENDPOINTING["yes_no"]
NUMBER: Keys = {}


def keypad(keys: Keys = NUMBER) -> Keypad:
    pad = Keypad()
    pad.ask(keys)
    return pad


def typed(pad: Keypad, keys: str, start_s: float = 10.0) -> list[Keyed]:
    """Presses the keys, half a second apart, those that mean nothing left out."""
    turns = [pad.press(key, start_s + 0.5 * at) for at, key in enumerate(keys) if pad.takes(key)]
    return [turn for turn in turns if turn is not None]


def meant(turns: list[Keyed]) -> list[tuple[Intent, Fields]]:
    return [(turn.understanding.intent, turn.understanding.fields) for turn in turns]


@pytest.mark.parametrize(
    ("key", "intent", "words"),
    [
        ("1", Intent.YES, "oui"),
        ("2", Intent.NO, "non"),
        ("0", Intent.HUMAN_REQUEST, ""),
        ("7", Intent.UNCLEAR, ""),
        ("*", Intent.REPEAT_REQUEST, ""),
    ],
)
def test_one_key_answers_a_yes_or_no_question(key: str, intent: Intent, words: str) -> None:
    (turn,) = typed(keypad(YES_NO), key)
    assert (turn.typed, turn.words) == (f"[touches] {key}", words)
    assert (turn.understanding.intent, turn.understanding.confidence) == (intent, 1.0)
    assert turn.understanding.source == "keys"


@pytest.mark.parametrize("phrase", KEYS_OF_PHRASE)
def test_one_key_chooses_the_kind_of_problem(phrase: str) -> None:
    intents = [turn.understanding.intent for turn in typed(keypad(KEYS_OF_PHRASE[phrase]), "123")]
    assert intents == [Intent.INTERNET_ISSUE, Intent.MOBILE_ISSUE, Intent.MODIFICATION_REQUEST]


@pytest.mark.parametrize("digits", ["0612345678", "0033612345678", "00330612345678"])
def test_a_telephone_number_ends_by_itself(digits: str) -> None:
    pad = keypad()
    assert typed(pad, digits[:-1]) == []
    assert meant(typed(pad, digits[-1])) == [(Intent.IDENTITY_PROVIDED, Fields(phone="+33612345678"))]
    assert not pad.typing
    assert not pad.takes("#"), "pressed out of habit behind it"


def test_a_number_with_its_country_needs_an_end() -> None:
    pad = keypad()
    assert typed(pad, "33612345678") == []
    assert meant(typed(pad, "#")) == [(Intent.IDENTITY_PROVIDED, Fields(phone="+33612345678"))]


@pytest.mark.parametrize(
    ("keys", "ticket"),
    [("4512#", "4512"), ("123#", "123"), ("45#", None), ("0612#", None), ("1234567890#", None)],
)
def test_a_ticket_number_ends_with_its_key(keys: str, ticket: str | None) -> None:
    (turn,) = typed(keypad(), keys)
    assert turn.understanding.fields == Fields(ticket=ticket)
    assert turn.understanding.intent is (Intent.IDENTITY_PROVIDED if ticket else Intent.UNCLEAR)
    assert turn.typed == f"[touches] {keys[:-1]}"


def test_a_pause_ends_a_number() -> None:
    pad = keypad()
    assert pad.deadline_s == inf
    assert typed(pad, "4512", start_s=10.0) == []
    assert pad.deadline_s == 11.5 + PAUSE_S
    assert pad.on_tick(pad.deadline_s - 0.01) is None
    turn = pad.on_tick(pad.deadline_s)
    assert turn is not None
    assert turn.understanding.fields == Fields(ticket="4512")
    assert pad.on_tick(100.0) is None
    assert pad.deadline_s == inf


def test_a_zero_alone_asks_for_a_person_and_one_that_goes_on_does_not() -> None:
    pad = keypad()
    assert typed(pad, "0", start_s=10.0) == []
    assert pad.deadline_s == 10.0 + ZERO_ALONE_S
    turn = pad.on_tick(10.0 + ZERO_ALONE_S)
    assert turn is not None
    assert turn.understanding.intent is Intent.HUMAN_REQUEST
    assert typed(pad, "06", start_s=20.0) == []
    assert pad.deadline_s == 20.5 + PAUSE_S
    assert meant(typed(keypad(), "0#")) == [(Intent.HUMAN_REQUEST, Fields())]


def test_the_star_begins_again() -> None:
    pad = keypad()
    assert typed(pad, "45*") == []
    assert not pad.typing
    assert meant(typed(pad, "7812#")) == [(Intent.IDENTITY_PROVIDED, Fields(ticket="7812"))]
    assert meant(typed(pad, "*")) == [(Intent.REPEAT_REQUEST, Fields())]


def test_keys_that_mean_nothing_change_nothing() -> None:
    pad = keypad()
    assert typed(pad, "4A5BCD12") == []
    assert pad.typed == "[touches] 4512"
    assert pad.press("A", 20.0) is None
    assert pad.typed == "[touches] 4512"


def test_a_new_question_forgets_what_was_typed() -> None:
    pad = keypad()
    typed(pad, "45")
    pad.ask(YES_NO)
    assert (pad.typing, pad.typed, pad.deadline_s, pad.questions) == (False, "", inf, 2)


@given(st.text("0123456789*#ABCD", max_size=60))
def test_whatever_is_typed_is_bounded_and_certain(keys: str) -> None:
    pad = keypad()
    for turn in typed(pad, keys):
        assert turn.understanding.confidence == 1.0
        given_fields = turn.understanding.fields.given()
        assert (turn.understanding.intent is Intent.IDENTITY_PROVIDED) == bool(given_fields)
    assert len(pad.typed) <= len("[touches] ") + DIGITS_MAX
    assert (pad.deadline_s < inf) == pad.typing
