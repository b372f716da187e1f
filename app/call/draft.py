"""An answer that is prepared before the caller's turn has ended; kept if it ends there, dropped if not."""

import asyncio
from collections.abc import Awaitable, Callable

from app.dialogue.french_numbers import tokens
from app.ops import metrics
from app.providers.ladder import Answer


class Draft:
    """One early start.

    Args:
        text: the words so far.
        ask: understands them.
        rehearse: has what would be said first spoken.
        forget: it will not be said; tells how many characters were spoken in vain.
    """

    def __init__(
        self,
        text: str,
        ask: Callable[[], Awaitable[Answer]],
        rehearse: Callable[[Answer, str], Awaitable[None]],
        forget: Callable[[], int],
    ) -> None:
        self.text = text
        self._forget = forget
        self._wanted = True
        self._task = asyncio.create_task(self._prepare(ask, rehearse), name="draft")

    def suits(self, text: str) -> bool:
        """It answers these words: the same, however they are punctuated by now."""
        return tokens(text) == tokens(self.text)

    async def answer(self) -> Answer:
        """What the words mean, as soon as it is known and the first sentence is under way."""
        try:
            answer = await self._task
        except asyncio.CancelledError:
            self.drop()
            raise
        metrics.EARLY_STARTS.labels("used").inc()
        return answer

    def drop(self) -> None:
        """The caller went on: nothing of it is wanted."""
        if not self._wanted:
            return
        self._wanted = False
        self._task.cancel()
        metrics.EARLY_STARTS.labels("dropped").inc()
        metrics.EARLY_CHARACTERS.inc(self._forget())

    async def closed(self) -> None:
        """Returns when a dropped one has let go of its request."""
        await asyncio.wait([self._task])
        if not self._task.cancelled() and self._task.exception() is None:
            await self._task.result().drop_reply()

    async def _prepare(
        self, ask: Callable[[], Awaitable[Answer]], rehearse: Callable[[Answer, str], Awaitable[None]]
    ) -> Answer:
        answer = await ask()
        try:
            await rehearse(answer, self.text)
        except BaseException:
            await answer.drop_reply()
            raise
        return answer
