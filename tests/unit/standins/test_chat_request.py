"""Groq's validation and answers, without a socket."""

import json
from typing import Any

import pytest

from app.dialogue.intents import Intent
from app.dialogue.states import State
from app.standins.answers import answer, reply_for
from app.standins.chat_request import ChatError, chat_request

CHAT: dict[str, Any] = {"model": "openai/gpt-oss-120b", "messages": [{"role": "user", "content": "Bonjour"}]}


def test_defaults() -> None:
    request = chat_request(CHAT)
    assert not request.stream
    assert request.max_tokens is None
    assert request.tool is None
    assert request.prompt_tokens == 6


def test_a_retired_model_is_a_404() -> None:
    with pytest.raises(ChatError) as caught:
        chat_request({**CHAT, "model": "llama-3.3-70b-versatile"})
    assert caught.value.status == 404
    assert caught.value.error["code"] == "model_not_found"


def test_too_much_is_a_413() -> None:
    with pytest.raises(ChatError) as caught:
        chat_request({**CHAT, "messages": [{"role": "user", "content": "a" * 600_000}]})
    assert caught.value.status == 413


@pytest.mark.parametrize("state", list(State))
def test_every_state_and_intent_has_a_reply(state: State) -> None:
    for intent in Intent:
        reply = reply_for(state.value, intent.value, {"name": "Pierre Dupont"})
        assert reply[-1] in ".!?"
        assert "{" not in reply


def test_the_answer_is_one_object_with_the_state_s_reading() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Réponse en JSON.\nstate: TICKET_VERIFICATION"},
        {"role": "user", "content": [{"type": "text", "text": "Non."}]},
    ]
    said = json.loads(answer(messages))
    assert list(said) == ["intent", "confidence", "sentiment", "fields", "reply"]
    assert said["intent"] == "NO"
    assert said["reply"] == "Puis-je avoir votre nom et votre entreprise ?"


def test_without_a_state_the_answer_is_plain() -> None:
    assert answer([{"role": "user", "content": "Bonjour"}]).startswith("Bonjour")
