"""Answers that are prepared early: used, dropped, and never left behind."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from app.call.draft import Draft
from app.call.reply import BEGIN_TIMEOUT_S, Reply, first_sentence
from app.call.spoken_ahead import SpokenAhead
from app.dialogue.intents import Intent, Understanding
from app.errors import ProviderNetworkError
from app.ops import metrics
from app.providers.ladder import Answer
from tests.jumping_loop import run

UNDERSTOOD = Understanding(intent=Intent.INTERNET_ISSUE, confidence=0.9)


class Model:
    """A language model that writes one answer, and what became of it."""

    def __init__(self, *pieces: str | float) -> None:
        self.pieces = pieces
        self.closed = False
        self.rehearsed: list[str] = []

    async def written(self) -> AsyncGenerator[str, None]:
        try:
            for piece in self.pieces:
                if isinstance(piece, str):
                    yield piece
                else:
                    await asyncio.sleep(piece)
        finally:
            self.closed = True

    async def ask(self) -> Answer:
        await asyncio.sleep(0.2)
        return Answer(UNDERSTOOD, reply=self.written(), provider="scripted")

    async def rehearse(self, answer: Answer, text: str) -> None:
        self.rehearsed.append(await first_sentence(answer))

    def draft(self, text: str = "Ma box est en panne.") -> Draft:
        return Draft(text, self.ask, self.rehearse, lambda: 17)


def count(result: str) -> float:
    return metrics.REGISTRY.get_sample_value("voicebot_early_starts_total", {"result": result}) or 0.0


@pytest.mark.parametrize(
    ("text", "suits"), [("ma box est en panne", True), ("Ma box est en panne depuis hier.", False), ("", False)]
)
def test_it_answers_the_same_words_however_they_are_written(text: str, suits: bool) -> None:
    async def work() -> bool:
        draft = Model().draft()
        found = draft.suits(text)
        draft.drop()
        await draft.closed()
        return found

    assert run(work()) is suits


def test_what_was_prepared_is_the_answer() -> None:
    model = Model("Je com", "prends. Débran", "chez la box.")

    async def work() -> list[str]:
        draft = model.draft()
        await asyncio.sleep(1)
        answer = await draft.answer()
        assert model.rehearsed == ["Je comprends."]
        return [sentence async for sentence in Reply(answer, ["Autre."], lambda: 0.0).sentences()]

    used = count("used")
    assert run(work()) == ["Je comprends.", "Débranchez la box."], "nothing is lost of what was read already"
    assert model.closed
    assert count("used") == used + 1


@pytest.mark.parametrize("after_s", [0.0, 0.1, 1.0], ids=["at once", "while asking", "when it is ready"])
def test_a_dropped_one_lets_go_of_its_request(after_s: float) -> None:
    model = Model("Je comprends. ", 0.5, "Débranchez la box.")

    async def work() -> None:
        draft = model.draft()
        await asyncio.sleep(after_s)
        draft.drop()
        draft.drop()
        await asyncio.wait_for(draft.closed(), 1)

    dropped = count("dropped")
    run(work())
    assert model.closed or after_s < 0.2
    assert count("dropped") == dropped + 1


def test_a_reply_that_does_not_begin_is_none() -> None:
    async def work() -> tuple[str, Answer]:
        answer = Answer(UNDERSTOOD, reply=Model(BEGIN_TIMEOUT_S + 1, "Trop tard.").written(), provider="scripted")
        return await first_sentence(answer), answer

    text, answer = run(work())
    assert text == ""
    assert answer.broke_off


# Its sound.


async def sound(*pieces: bytes | float | Exception) -> AsyncGenerator[tuple[bytes, bool], None]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece, True
        elif isinstance(piece, Exception):
            raise piece
        else:
            await asyncio.sleep(piece)


@pytest.mark.parametrize("after_s", [0.0, 0.25, 2.0], ids=["before", "amid", "after"])
def test_the_sound_is_whole_whenever_it_is_asked_for(after_s: float) -> None:
    async def work() -> list[tuple[bytes, bool]]:
        ahead = SpokenAhead("Merci.", sound(0.1, b"aa", 0.2, b"bb", 0.1, b"cc"))
        await asyncio.sleep(after_s)
        return [piece async for piece in ahead.pieces()]

    assert run(work()) == [(b"aa", True), (b"bb", True), (b"cc", True)]


def test_an_error_comes_to_whoever_says_the_sentence() -> None:
    async def work() -> list[bytes]:
        ahead = SpokenAhead("Merci.", sound(b"aa", ProviderNetworkError("scripted", "cut")))
        await asyncio.sleep(1)
        pieces = ahead.pieces()
        heard = [(await anext(pieces))[0]]
        with pytest.raises(ProviderNetworkError):
            await anext(pieces)
        return heard

    assert run(work()) == [b"aa"]


def test_a_sentence_that_nobody_says_is_stopped() -> None:
    async def work() -> None:
        stream = sound(b"aa", 100, b"bb")
        ahead = SpokenAhead("Merci.", stream)
        await asyncio.sleep(0.1)
        ahead.stop()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    run(work())
