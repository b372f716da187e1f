"""What the caller means: turns become intents, each together with what is added while it is being understood.

Where the caller seems to have finished, understanding begins before it is certain.
"""

import asyncio
from collections.abc import Awaitable, Callable

from app.call.draft import Draft
from app.call.events import CallerTurn
from app.call.record import CallRecord
from app.call.turn_times import TurnTimes
from app.dialogue.intents import Fields, Intent, Understanding
from app.dialogue.machine import Machine
from app.providers.base import Turn
from app.providers.ladder import Answer, UnderstandingLadder
from app.providers.rules import understand

CLOSE_TIMEOUT_S = 1.0
SURE = 0.95
"""The rules are so sure of a plain "oui" or "non" that no language model is asked."""
SURE_SHORTLY = 0.7
SHORT_WORDS = 8
"""Nor of a few words that they are this sure of ("d'accord, je vais essayer", "passez-moi quelqu'un"): of the labelled
turns (`docs/intents.md`) 294 of 296 such are right, and an answer is heard 250 ms sooner."""
PLAIN = frozenset(
    {
        *(Intent.YES, Intent.NO, Intent.HUMAN_REQUEST, Intent.REPEAT_REQUEST, Intent.HOLD_REQUEST),
        *(Intent.INTERNET_ISSUE, Intent.MOBILE_ISSUE, Intent.MODIFICATION_REQUEST),
    }
)
"""Intents that say all in themselves: nothing but the way on depends on them."""


class Interpreter:
    """Understands the turns of one call, one after the other.

    Args:
        machine: where the dialogue stands.
        record: what was said so far; what the caller adds is noted there.
        ladder: who is asked.
        times: of the turn.
        early_starts: so many answers are prepared at most for one turn before it has ended.
        rehearse: has the first words of an answer spoken.
        forget: they will not be said; tells how many characters they had.
    """

    def __init__(
        self,
        machine: Machine,
        record: CallRecord,
        ladder: UnderstandingLadder,
        times: TurnTimes,
        early_starts: int,
        rehearse: Callable[[Answer, str], Awaitable[None]],
        forget: Callable[[], int],
    ) -> None:
        self._machine = machine
        self._record = record
        self._ladder = ladder
        self._times = times
        self._loop = asyncio.get_running_loop()
        self._understanding = False
        self._added: list[CallerTurn] = []
        self._early_starts = early_starts
        self._rehearse = rehearse
        self._forget = forget
        self._draft: Draft | None = None
        self._drafts = 0
        """Begun for the turn under way."""
        self._dropped: set[asyncio.Task[None]] = set()

    def prepare(self, text: str) -> None:
        """The turn may well end with these words: what they mean is found out already."""
        if self._understanding or self._drafts >= self._early_starts or self._sure(text) is not None:
            return
        self._drop_draft()
        self._drafts += 1
        self._draft = Draft(text, lambda: self._ask(text, self._record.history()), self._rehearse, self._forget)

    def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.drop()
            closing = asyncio.create_task(draft.closed(), name="dropped-draft")
            self._dropped.add(closing)
            closing.add_done_callback(self._dropped.discard)

    async def close(self) -> None:
        """Nothing more is understood."""
        self._drop_draft()
        if self._dropped:
            await asyncio.wait(self._dropped, timeout=CLOSE_TIMEOUT_S)

    def add(self, turn: CallerTurn) -> bool:
        """A turn has ended: it belongs to the one that is being understood.

        Returns:
            False if none is: this one is to be understood in its turn.
        """
        if self._understanding:
            self._added.append(turn)
        return self._understanding

    async def understand(self, turn: CallerTurn) -> tuple[Answer, str]:
        """Understands a turn that is noted already, and what the caller adds meanwhile.

        Returns:
            What it means, and all its words.
        """
        text = turn.text
        self._drafts = 0
        if self._draft is not None and not self._draft.suits(text):
            self._drop_draft()
        draft, self._draft = self._draft, None
        self._understanding = True
        try:
            while True:
                self._times.begin(turn.speech_ended_s, self._loop.time())
                answer = await (draft.answer() if draft else self._ask(text, self._record.history()[:-1]))
                draft = None
                self._times.understood(self._loop.time())
                if not self._added:
                    return answer, text
                await answer.drop_reply()
                turn = self._added[-1]
                text = " ".join([text, *self.note_added()])
        finally:
            self._understanding = False

    def note_added(self) -> list[str]:
        """Puts what the caller has added into the transcript; returns it."""
        added, self._added = self._added, []
        for turn in added:
            self._record.add("caller", turn.text, turn.speech_ended_s)
        return [turn.text for turn in added]

    async def _ask(self, text: str, history: list[tuple[str, str]]) -> Answer:
        if (local := self._sure(text)) is not None:
            return Answer(local)
        return await self._ladder.understand(Turn(self._machine.state, text, history, self._record.case.facts()))

    def _sure(self, text: str) -> Understanding | None:
        """An answer to a yes-or-no question that is so plain that no model is asked."""
        if not self._machine.may_answer_shortly:
            return None
        local = understand(self._machine.state, text)
        least = SURE_SHORTLY if len(text.split()) <= SHORT_WORDS else SURE
        plain = local.intent in PLAIN and local.fields == Fields()
        return local if plain and local.confidence >= least else None
