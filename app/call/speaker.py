"""The bot's words: steps of the dialogue become sentences, and what was heard of them stands in the record."""

from itertools import cycle

import structlog

from app.call.mouth import Mouth, Said
from app.call.record import CallRecord
from app.call.reply import Reply, first_sentence
from app.dialogue.machine import Machine
from app.dialogue.prompts import Prompts
from app.dialogue.step import Step
from app.providers.ladder import Answer

log = structlog.get_logger(__name__)

FILLERS = ("one_moment", "let_me_see", "i_am_looking")


class Speaker:
    """Of one call.

    Args:
        mouth: makes sentences sound.
        prompts: how the phrases are worded.
        record: where the transcript is.
        machine: where the dialogue stands, for the log.
    """

    def __init__(self, mouth: Mouth, prompts: Prompts, record: CallRecord, machine: Machine) -> None:
        self._mouth = mouth
        self._prompts = prompts
        self._record = record
        self._machine = machine
        self._last_said: list[str] = []
        self._fillers = cycle(FILLERS)

    def say(self, step: Step, answer: Answer | None = None) -> None:
        """Says what a step says.

        Args:
            step: with its phrases, or to be said once more.
            answer: its reply, if there is one, is said instead of the phrases.
        """
        texts = [self._prompts.text(phrase.key, phrase.values) for phrase in step.says]
        if answer is not None and answer.reply is not None:
            reply = Reply(answer, texts, lambda: self._mouth.remaining_s)
            self._last_said = reply.said
            self._mouth.say(reply.sentences())
            return
        if not step.repeats:
            self._last_said = texts
        self._mouth.say(self._last_said)

    async def rehearse(self, step: Step, answer: Answer) -> None:
        """Has the first sentence of a step spoken that may be said next."""
        if step.repeats or not (step.says or step.model_reply):
            return
        text = await first_sentence(answer) if step.model_reply else ""
        if not text:
            first = step.says[0]
            text = self._prompts.text(first.key, first.values)
        self._mouth.prepare(text)

    def fill(self) -> None:
        """Says that an answer is coming, unless it has come; never twice the same in a row."""
        self._mouth.fill(self._prompts.text(next(self._fillers)))

    def hush(self) -> None:
        """Falls silent; what was heard until then is noted."""
        if (heard := self._mouth.interrupt()) is not None:
            self.note(heard)

    def note(self, said: Said) -> None:
        """Puts what was heard into the transcript and the log."""
        if said.text:
            self._record.add("bot", said.text, said.started_s, interrupted=said.interrupted)
            log.info("bot said", state=self._machine.state.value, text=said.text, interrupted=said.interrupted)
