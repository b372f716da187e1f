"""The language model's own reply as sentences to speak, while it is still being written."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from app.providers.ladder import Answer

BEGIN_TIMEOUT_S = 1.0
"""The reply must begin so soon after the intent, else the fixed phrases are said."""
GAP_S = 0.3
"""And its next sentence so soon after the one before was heard: who hears a longer silence takes the floor."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


async def first_sentence(answer: Answer) -> str:
    """Waits for the reply's first sentence, which is still to be said; empty if there is none within 1 s."""
    reply = answer.reply
    if reply is None:
        return ""
    text = ""
    try:
        async with asyncio.timeout(BEGIN_TIMEOUT_S):
            async for piece in reply:
                text += piece
                if _SENTENCE_END.search(text):
                    break
    except TimeoutError as error:
        answer.break_off(error)
    answer.begun = text
    return _SENTENCE_END.split(text)[0]


class Reply:
    """One reply.

    Args:
        answer: the understood turn whose reply it is.
        otherwise: the fixed phrases that say the same; said when the reply is late, and after one that breaks off,
            as half an advice helps nobody.
        queued_s: sound that still waits to be heard.
    """

    def __init__(self, answer: Answer, otherwise: list[str], queued_s: Callable[[], float]) -> None:
        self._answer = answer
        self._otherwise = otherwise
        self._queued_s = queued_s
        self.said: list[str] = []
        """What is to be said again when the caller asks for it."""

    async def sentences(self) -> AsyncGenerator[str, None]:
        """Yields whole sentences, each as soon as it is written."""
        try:
            async with aclosing(self._written()) as written:
                async for sentence in written:
                    self.said.append(sentence)
                    yield sentence
        finally:
            await self._answer.drop_reply()
        if not self.said or self._answer.broke_off:
            for sentence in self._not_said_yet():
                yield sentence

    async def _written(self) -> AsyncGenerator[str, None]:
        reply = self._answer.reply
        assert reply is not None
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + BEGIN_TIMEOUT_S
        text = self._answer.begun
        while not self._answer.broke_off:
            *whole, text = _SENTENCE_END.split(text)
            for sentence in whole:
                yield sentence
                deadline_s = loop.time() + self._queued_s() + GAP_S
            try:
                async with asyncio.timeout_at(deadline_s):
                    text += await anext(reply)
            except StopAsyncIteration:
                break
            except TimeoutError as error:
                self._answer.break_off(error)
        if text.strip() and not self._answer.broke_off:
            yield text.strip()

    def _not_said_yet(self) -> list[str]:
        """The fixed phrases, without the sentences that the broken reply had in common with them."""
        rest = []
        for phrase in self._otherwise:
            for sentence in self.said:
                phrase = phrase.removeprefix(sentence).lstrip()
            if phrase:
                rest.append(phrase)
        self.said[:] = self._otherwise
        return rest
