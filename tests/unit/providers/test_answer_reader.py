"""The model's JSON, read while it is being written."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialogue.intents import Fields, Intent, Understanding
from app.errors import ProviderProtocolError
from app.providers.groq import MAX_ANSWER_CHARACTERS, MAX_CHARACTERS_BEFORE_JSON, AnswerReader

REPLY = "Je comprends. Débranchez la box « Internet », attendez 30 s, puis… rebranchez-la\xa0! 😀"
ANSWER = {
    "intent": "INTERNET_ISSUE",
    "confidence": 0.93,
    "sentiment": "negative",
    "fields": {"name": "Zoé Martin", "company": None, "email": None, "phone": None, "ticket": "4512"},
    "reply": REPLY,
}
UNDERSTOOD = Understanding(
    intent=Intent.INTERNET_ISSUE,
    confidence=0.93,
    fields=Fields(name="Zoé Martin", ticket="4512"),
    sentiment="negative",
    source="a-model",
)


def read(*pieces: str) -> list[Understanding | str]:
    reader = AnswerReader("a-model")
    return [part for piece in pieces for part in reader.feed(piece)] + reader.end()


def words(parts: list[Understanding | str]) -> str:
    return "".join(part for part in parts if isinstance(part, str))


def test_a_whole_answer() -> None:
    assert read(json.dumps(ANSWER)) == [UNDERSTOOD, REPLY]


@given(cuts=st.lists(st.integers(0, 400), max_size=30), ascii_only=st.booleans())
def test_where_the_answer_is_cut_makes_no_difference(cuts: list[int], ascii_only: bool) -> None:
    text = json.dumps(ANSWER, ensure_ascii=ascii_only)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = read(*(text[start:end] for start, end in pairwise(edges)))
    assert parts[0] == UNDERSTOOD
    assert words(parts) == REPLY
    assert all(isinstance(part, str) and part for part in parts[1:])


@pytest.mark.parametrize("ascii_only", [True, False])
def test_letter_by_letter_the_intent_comes_before_the_reply_is_written(ascii_only: bool) -> None:
    text = json.dumps(ANSWER, ensure_ascii=ascii_only)
    reader = AnswerReader("a-model")
    known_at = next(at for at, letter in enumerate(text) if reader.feed(letter))
    assert known_at <= text.index('"reply"') + len('"reply": "J')


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "```\n{}\n```\n", "Voici :\n{}", "\n\n{}\n\n", "{}   "])
def test_what_models_put_around_it(around: str) -> None:
    text = around.replace("{}", json.dumps(ANSWER))
    for parts in (read(text), read(*text)):
        assert parts[0] == UNDERSTOOD
        assert words(parts) == REPLY


def test_an_answer_without_a_reply_is_understood_at_its_end() -> None:
    assert read('{"intent": "YES", ', '"confidence": 1.0}') == [
        Understanding(intent=Intent.YES, confidence=1.0, source="a-model")
    ]


@pytest.mark.parametrize("reply", ['""', "null", "7", "[]"])
def test_a_reply_that_is_no_words_says_nothing(reply: str) -> None:
    assert words(read(f'{{"intent": "YES", "confidence": 1, "reply": {reply}}}')) == ""


def test_unknown_keys_are_left_alone() -> None:
    (understood, reply) = read('{"thoughts": "…", "intent": "NO", "confidence": 0.5, "reply": "Bien."}')
    assert isinstance(understood, Understanding)
    assert (understood.intent, reply) == (Intent.NO, "Bien.")


def test_the_model_can_not_name_itself() -> None:
    (understood,) = read('{"intent": "NO", "confidence": 0.5, "source": "rules"}')
    assert isinstance(understood, Understanding)
    assert understood.source == "a-model"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "OUI",
        "null",
        "[1, 2]",
        '"intent"',
        "{",
        "{}",
        '{"intent": "YES"',
        '{"intent": "YES"}',
        '{"intent": "MAYBE", "confidence": 0.9, "reply": "x"}',
        '{"intent": "YES", "confidence": 2, "reply": "x"}',
        '{"intent": "YES", "confidence": 0.9, "sentiment": "furious", "reply": "x"}',
        '{"reply": "d\'abord", "intent": "YES", "confidence": 1}',
        '{"intent": "YES", "confidence" 1}',
        '{"intent": "YES"} {"intent": "NO"}',
    ],
)
def test_what_makes_no_sense_is_a_protocol_error(text: str) -> None:
    with pytest.raises(ProviderProtocolError) as caught:
        read(*text)
    assert caught.value.provider == "groq"


def test_words_without_json_are_not_waited_for_to_the_end() -> None:
    reader = AnswerReader("a-model")
    assert reader.feed("x" * MAX_CHARACTERS_BEFORE_JSON) == []
    with pytest.raises(ProviderProtocolError, match="no JSON"):
        reader.feed("x")


def test_an_answer_without_end_is_cut() -> None:
    reader = AnswerReader("a-model")
    reader.feed('{"intent": "YES", "confidence": 1, "reply": "')
    reader.feed("x" * (MAX_ANSWER_CHARACTERS - 100))
    with pytest.raises(ProviderProtocolError, match="does not end"):
        reader.feed("x" * 100)


@given(text=st.text(max_size=60))
def test_any_text_is_parts_or_a_protocol_error(text: str) -> None:
    try:
        parts = read(text)
    except ProviderProtocolError:
        return
    assert isinstance(parts[0], Understanding)
