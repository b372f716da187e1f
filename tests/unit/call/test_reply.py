"""The model's reply becomes whole sentences, or the fixed phrases."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from app.call.reply import BEGIN_TIMEOUT_S, GAP_S, Reply
from app.dialogue.intents import Intent, Understanding
from app.providers.ladder import Answer
from tests.jumping_loop import run

UNDERSTOOD = Understanding(intent=Intent.INTERNET_ISSUE, confidence=0.9)
FIXED = ["Je comprends. Débranchez votre box.", "Attendez deux minutes."]


async def written(*pieces: str | float) -> AsyncGenerator[str, None]:
    """Text as the model writes it; a number waits so many seconds."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        else:
            await asyncio.sleep(piece)


async def spoken(*pieces: str | float, queued_s: float = 0.0) -> tuple[list[str], Reply, Answer]:
    answer = Answer(UNDERSTOOD, reply=written(*pieces), provider="scripted")
    reply = Reply(answer, FIXED, lambda: queued_s)
    return [sentence async for sentence in reply.sentences()], reply, answer


def test_sentences_leave_as_soon_as_they_are_whole() -> None:
    said, reply, answer = run(spoken("Je com", "prends. Débran", "chez la box ! Puis at", "tendez"))
    assert said == ["Je comprends.", "Débranchez la box !", "Puis attendez"]
    assert reply.said == said
    assert answer.reply is None, "the request is closed"


@pytest.mark.parametrize("pieces", [(), ("  ",), (BEGIN_TIMEOUT_S + 0.1, "Trop tard.")], ids=["none", "blank", "late"])
def test_without_a_reply_the_fixed_phrases_are_said(pieces: tuple[str | float, ...]) -> None:
    said, reply, _ = run(spoken(*pieces))
    assert said == FIXED
    assert reply.said == FIXED


def test_a_reply_that_stalls_is_finished_by_the_fixed_phrases() -> None:
    said, reply, answer = run(spoken("Je comprends. Essayez de", GAP_S + 0.1, " rien."))
    assert said == ["Je comprends.", "Débranchez votre box.", "Attendez deux minutes."]
    assert reply.said == FIXED
    assert answer.broke_off


def test_the_next_sentence_may_take_as_long_as_the_last_one_is_heard() -> None:
    said, _, answer = run(spoken("Je comprends. Essayez", 1.5, " ceci.", queued_s=2.0))
    assert said == ["Je comprends.", "Essayez ceci."]
    assert not answer.broke_off


def test_a_reply_that_nobody_wants_any_more_is_closed() -> None:
    async def work() -> Answer:
        answer = Answer(UNDERSTOOD, reply=written("Un. Deux. ", 60.0), provider="scripted")
        sentences = Reply(answer, FIXED, lambda: 0.0).sentences()
        assert await anext(sentences) == "Un."
        await sentences.aclose()
        return answer

    assert run(work()).reply is None
