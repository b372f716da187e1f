"""What the caller means: turns become intents, each together with what is added while it is being understood."""

import asyncio

from app.call.events import CallerTurn
from app.call.record import CallRecord
from app.call.turn_times import TurnTimes
from app.dialogue.intents import Intent
from app.dialogue.machine import Machine
from app.providers.base import Turn
from app.providers.ladder import Answer, UnderstandingLadder
from app.providers.rules import understand

SURE_SHORT_ANSWER = 0.95
"""The rules are so sure of a plain "oui" or "non" that no language model is asked."""


class Interpreter:
    """Understands the turns of one call, one after the other.

    Args:
        machine: where the dialogue stands.
        record: what was said so far; what the caller adds is noted there.
        ladder: who is asked.
        times: of the turn.
    """

    def __init__(self, machine: Machine, record: CallRecord, ladder: UnderstandingLadder, times: TurnTimes) -> None:
        self._machine = machine
        self._record = record
        self._ladder = ladder
        self._times = times
        self._loop = asyncio.get_running_loop()
        self._understanding = False
        self._added: list[CallerTurn] = []

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
        self._understanding = True
        try:
            while True:
                self._times.begin(turn.speech_ended_s, self._loop.time())
                answer = await self._ask(text)
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

    async def _ask(self, text: str) -> Answer:
        state = self._machine.state
        if self._machine.may_answer_shortly:
            local = understand(state, text)
            if local.intent in (Intent.YES, Intent.NO) and local.confidence >= SURE_SHORT_ANSWER:
                return Answer(local)
        turn = Turn(state, text, self._record.history()[:-1], self._record.case.facts())
        return await self._ladder.understand(turn)
