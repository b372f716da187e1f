"""Walks the table of states: takes understood turns and silences, tells what to say next. Pure."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from app.dialogue.case import Case
from app.dialogue.intents import Intent, Understanding
from app.dialogue.states import EVERYWHERE, PROBLEMS, STATES, Endpointing, State

ANSWER_SILENCE_S = 8.0
"""The caller says nothing for so long after a question: asked again."""
HOLD_S = 120.0
"""How long a caller who asked us to wait is waited for."""
SILENCES_BEFORE_GOODBYE = 2
STAYS_UNCLEAR_BELOW = 0.3
"""An understanding less sure than this counts as UNCLEAR, whatever it says."""

_WORKS = re.compile(r"\b(re)?(marche|fonctionne|marchent|fonctionnent)|revenu|rétabli|réglé|résolu|réparé", re.IGNORECASE)


class Ending(StrEnum):
    """Why the bot ends a call."""

    GOODBYE = "goodbye"
    TRANSFER = "transfer"
    ERROR = "error"
    SILENCE = "silence"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of `prompts/fr.yaml` to say, with the values of its places."""

    key: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What the call does now.

    Attributes:
        says: phrases in order; empty says nothing.
        model_reply: speak the language model's own reply instead of `says`, if it comes in time.
        repeats: say once more what was last said, word for word; `says` is empty.
        listens_s: how long to wait for the caller after the last word before `on_silence`.
        ending: not None: hang up when the words have been heard.
    """

    says: tuple[Phrase, ...] = ()
    model_reply: bool = False
    repeats: bool = False
    listens_s: float = ANSWER_SILENCE_S
    ending: Ending | None = None


class Machine:
    """One call's dialogue.

    Args:
        case: what is known of the call; the machine fills it.
        solution_wait_s: how long the caller gets for the manipulation before the bot asks.
    """

    def __init__(self, case: Case, solution_wait_s: float = 120.0) -> None:
        self.state = State.INIT
        self.case = case
        self._solution_wait_s = solution_wait_s
        self._times_asked_again = 0
        self._silences = 0
        self._waiting = False
        """SOLUTION was accepted: the caller is doing it."""
        self._holding = False
        self._last = Step()

    @property
    def endpointing(self) -> Endpointing:
        """How much silence ends the caller's turn now."""
        return STATES[self.state].endpointing

    @property
    def may_answer_shortly(self) -> bool:
        """A plain yes or no answers the question, so it needs no language model."""
        return Intent.YES in STATES[self.state].arrows

    def start(self) -> Step:
        """The first words of the call."""
        self._enter(State.WELCOME)
        if self.case.client is None:
            return self._say(Phrase("welcome"))
        named = Phrase("welcome_known", {"first_name": self.case.first_name})
        if self.case.pending is not None:
            self._enter(State.TICKET_VERIFICATION)
            return self._say(named, *self._offer_pending())
        return self._say(named, Phrase("welcome_again"))

    def on_turn(self, understanding: Understanding, text: str) -> Step:
        """The caller said something. `case.client` and `case.pending` are looked up before this is called."""
        self._silences = 0
        held, self._holding = self._holding, False
        self.case.learn(understanding, text, describes_problem=self.state is State.DIAGNOSTIC)
        intent = understanding.intent if understanding.confidence >= STAYS_UNCLEAR_BELOW else Intent.UNCLEAR
        if intent is Intent.REPEAT_REQUEST:
            return Step(repeats=True)
        if intent is Intent.HOLD_REQUEST:
            self._holding = True
            return Step(says=(Phrase("hold"),), listens_s=HOLD_S)
        if held and intent is Intent.UNCLEAR:
            return self._last  # back from a pause: the question once more
        if intent in EVERYWHERE:
            return self._arrive(EVERYWHERE[intent])
        return self._answered(intent, text)

    def on_silence(self) -> Step:
        """The caller said nothing for `listens_s` after the last word."""
        if self._waiting:
            return self._arrive(State.VERIFICATION)
        if self._holding:
            self._holding = False
            return self._say(Phrase("hold_over"))
        self._silences += 1
        if self._silences > SILENCES_BEFORE_GOODBYE:
            return self._end(State.GOODBYE, Ending.SILENCE, Phrase("goodbye_silence"))
        return Step(says=(Phrase(f"silence_{self._silences}"),))

    def on_unheard(self) -> Step:
        """The caller spoke, and nobody understood a word."""
        return Step(says=(Phrase("silence_2"),))

    def on_too_long(self) -> Step:
        """The call's hard limit is near."""
        self.case.status = "open" if self.case.status == "abandoned" else self.case.status
        return self._end(State.GOODBYE, Ending.TOO_LONG, Phrase("goodbye_too_long"))

    def on_failure(self) -> Step:
        """Something that the call can't go on without has failed."""
        self.case.status = "open"
        return self._end(State.ERROR, Ending.ERROR, Phrase("error"))

    def _answered(self, intent: Intent, text: str) -> Step:
        if self.state is State.SOLUTION:
            return self._answered_solution(intent, text)
        if self.state is State.TICKET_VERIFICATION:
            return self._answered_ticket(intent)
        if self.state is State.IDENTIFICATION and intent in PROBLEMS:
            return self._ask_again()
        target = STATES[self.state].arrows.get(intent)
        if target is None:
            return self._ask_again()
        if self.state is State.WELCOME and self.case.client is not None:
            target = State.TICKET_VERIFICATION if self._pending_unasked else State.DIAGNOSTIC
        if self.state is State.IDENTIFICATION and self._pending_unasked:
            target = State.TICKET_VERIFICATION
        if self.state is State.VERIFICATION and target is State.GOODBYE:
            self.case.status = "resolved"
        return self._arrive(target, intent)

    def _answered_ticket(self, intent: Intent) -> Step:
        if intent is Intent.IDENTITY_PROVIDED and (self.case.pending or self.case.client):
            intent = Intent.YES if self.case.pending_offered or self.case.fields.ticket else Intent.NO
        if intent is Intent.YES and self.case.pending is None:
            # A ticket that we don't know of yet: its number, or a name to find it by.
            self._enter(State.IDENTIFICATION)
            return self._say(Phrase("ask_ticket_number"))
        if intent is Intent.YES:
            self.case.resumes_pending = True
            self.case.pending_offered = True
            if self.case.pending is not None and self.case.problem_type == "other":
                self.case.problem_type = self.case.pending.problem_type
        if intent is Intent.NO and self.case.client is not None:
            return self._arrive(State.DIAGNOSTIC, intent)
        target = STATES[self.state].arrows.get(intent)
        return self._ask_again() if target is None else self._arrive(target, intent)

    def _answered_solution(self, intent: Intent, text: str) -> Step:
        if self.case.problem_type == "modification":
            if intent is Intent.YES:
                self.case.status = "open"
                return self._end(State.GOODBYE, Ending.GOODBYE, Phrase("goodbye_open"))
        elif intent is Intent.YES and _WORKS.search(text):
            self.case.status = "resolved"
            return self._arrive(State.GOODBYE)
        elif intent is Intent.YES and not self._waiting:
            self._waiting = True
            return Step(says=(Phrase("solution_wait"),), listens_s=self._solution_wait_s)
        elif self._waiting and intent is not Intent.NO:
            return self._arrive(State.VERIFICATION)
        target = STATES[self.state].arrows.get(intent)
        return self._ask_again() if target is None else self._arrive(target, intent)

    @property
    def _pending_unasked(self) -> bool:
        return self.case.pending is not None and not self.case.pending_offered

    def _arrive(self, target: State, intent: Intent | None = None) -> Step:
        """Goes to `target` and says what belongs there."""
        origin = self.state
        self._enter(target)
        if target is State.TRANSFER:
            self.case.status = "transferred"
            return self._end(target, Ending.TRANSFER, Phrase(STATES[target].says))
        if target is State.GOODBYE:
            return self._goodbye()
        if target is State.TICKET_VERIFICATION and self._pending_unasked:
            return self._say(*self._offer_pending())
        if target is State.SOLUTION:
            replies = intent is not None and intent in STATES[origin].model_reply
            # A change of contract is promised in fixed words: the model must not promise anything else.
            replies = replies and self.case.problem_type != "modification"
            return self._say(Phrase(f"solution_{self.case.problem_type}"), model_reply=replies)
        if target is State.DIAGNOSTIC:
            return self._say(self._thanks(), Phrase("ask_problem"))
        return self._say(Phrase(STATES[target].says))

    def _goodbye(self) -> Step:
        if self.case.status == "resolved":
            return self._end(State.GOODBYE, Ending.GOODBYE, Phrase(STATES[State.GOODBYE].says))
        known = self.case.problem_type != "other" or self.case.resumes_pending
        self.case.status = "open" if known else "abandoned"
        return self._end(State.GOODBYE, Ending.GOODBYE, Phrase("goodbye_open" if known else "goodbye"))

    def _thanks(self) -> Phrase:
        name = self.case.first_name
        return Phrase("thanks_named", {"first_name": name}) if name else Phrase("thanks")

    def _offer_pending(self) -> tuple[Phrase, ...]:
        self.case.pending_offered = True
        pending = self.case.pending
        return (Phrase("pending_ticket", {"problem_type": pending.problem_type if pending else "other"}),)

    def _ask_again(self) -> Step:
        row = STATES[self.state]
        asked = self._times_asked_again
        if self.state is State.DIAGNOSTIC and asked and self.case.problem_type != "other":
            # The kind of problem was told in WELCOME: its usual remedy beats asking a third time.
            return self._arrive(State.SOLUTION)
        if asked >= len(row.rephrased):
            return self._arrive(State.TRANSFER)
        self._times_asked_again += 1
        return self._say(Phrase(row.rephrased[asked]))

    def _enter(self, state: State) -> None:
        self.state = state
        self._times_asked_again = 0
        self._waiting = False

    def _end(self, state: State, ending: Ending, *phrases: Phrase) -> Step:
        self._enter(state)
        return Step(says=phrases, ending=ending)

    def _say(self, *phrases: Phrase, model_reply: bool = False) -> Step:
        self._last = Step(says=phrases, model_reply=model_reply)
        return self._last
