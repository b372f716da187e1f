"""Walks the table of states: takes understood turns and silences, tells what to say next. Pure."""

import copy
import re

from app.dialogue import remedy
from app.dialogue.case import PROBLEM_OF_INTENT, Case
from app.dialogue.intents import Intent, Understanding
from app.dialogue.states import (
    ENDPOINTING_OF_PHRASE,
    KEYS_OF_ENDPOINTING,
    KEYS_OF_PHRASE,
    STATES,
    Endpointing,
    Keys,
    State,
)
from app.dialogue.step import ANSWER_SILENCE_S, Ending, Phrase, Step

HOLD_S = 120.0
"""How long a caller who asked us to wait is waited for."""
SILENCES_BEFORE_GOODBYE = 2
MAX_REPEATS = 5
"""So often the same question is repeated; then whoever asks for it once more has not answered. A key held down would
go on for ever, and each time have the reply spoken anew."""
STAYS_UNCLEAR_BELOW = 0.3
"""An understanding less sure than this counts as UNCLEAR, whatever it says."""

ARE_YOU_THERE = frozenset({"silence_1", "hold_over"})
"""Questions about the caller, not the matter: a "oui" to them answers nothing else."""

_PRESENT = re.compile(
    r"\W*(?:(?:oui|ouais|si|all[oôóò]|bonjour|monsieur|madame|d.accord|ok(?:ay)?|voilà|toujours|en ligne"
    r"|je suis(?: là)?|prête?|me revoilà|je (?:vous )?(?:écoute|entends)|allez-y"
    r"|on peut(?: continuer)?|c.est moi)\b\W*)+",
    re.IGNORECASE,
)


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
        self._repeats = 0
        self._silences = 0
        self._waiting = False
        """SOLUTION was accepted: the caller is doing it."""
        self._holding = False
        self._aside = ""
        """The phrase last said, if it was not the state's question: "hold", "silence_1", …"""
        self._last = Step()
        """The latest question, or the farewell."""

    @property
    def endpointing(self) -> Endpointing:
        """How much silence ends the caller's turn now."""
        return ENDPOINTING_OF_PHRASE.get(self._asked, STATES[self.state].endpointing)

    @property
    def keys(self) -> Keys:
        """What the telephone's keys mean now; empty: they type a number."""
        return KEYS_OF_PHRASE.get(self._asked) or KEYS_OF_ENDPOINTING.get(self.endpointing, {})

    @property
    def may_answer_shortly(self) -> bool:
        """A plain yes or no answers the question, so it needs no language model."""
        return Intent.YES in STATES[self.state].arrows

    @property
    def awaits_yes_or_no(self) -> bool:
        """A yes-or-no question stands, and nothing but the answer is waited for (not the box, not "deux minutes")."""
        busy = self.state is State.SOLUTION or self._waiting or self._holding
        return self.endpointing == "yes_no" and not busy

    def start(self) -> Step:
        """The first words of the call."""
        if self.case.returned:
            self.case.status = "open"
            if self.case.callback_number:
                return self._end(State.GOODBYE, Ending.CALLBACK, Phrase("nobody_free"), Phrase("callback_promised"))
            self._enter(State.CALLBACK)
            return self._say(Phrase("nobody_free"), Phrase("ask_callback_number"))
        self._enter(State.WELCOME)
        if self.case.client is None:
            return self._say(Phrase("welcome"))
        named = Phrase("welcome_known", {"first_name": self.case.first_name})
        if self.case.pending is not None:
            self._enter(State.TICKET_VERIFICATION)
            return self._say(named, *self._offer_pending())
        return self._say(named, Phrase("welcome_again"))

    def preview(self, understanding: Understanding, text: str) -> Step:
        """What `on_turn` would do, if the caller has said all; nothing changes."""
        return copy.deepcopy(self).on_turn(understanding, text)

    def on_turn(self, understanding: Understanding, text: str) -> Step:
        """The caller said something. `case.client` and `case.pending` are looked up before this is called."""
        if self._ended:
            return self._last
        self._silences = 0
        held, self._holding = self._holding, False
        aside = self._aside
        if understanding.confidence < STAYS_UNCLEAR_BELOW:
            understanding = understanding.model_copy(update={"intent": Intent.UNCLEAR})
        self.case.learn(understanding, text, describes_problem=self.state is State.DIAGNOSTIC)
        intent = understanding.intent
        if intent is Intent.REPEAT_REQUEST and self._repeats < MAX_REPEATS:
            self._repeats += 1
            return self._question() if aside else Step(repeats=True, listens_s=self._patience_s)
        if intent is Intent.HOLD_REQUEST or self._needs_time(intent, text, aside):
            self._holding = True
            return self._say_aside("hold")
        if intent in STATES[self.state].everywhere:
            return self._arrive(STATES[self.state].everywhere[intent])
        if (held and intent is Intent.UNCLEAR) or (aside in ARE_YOU_THERE and _PRESENT.fullmatch(text)):
            return self._question()
        return self._answered(understanding, text)

    def on_silence(self) -> Step:
        """The caller said nothing for `listens_s` after the last word."""
        if self._ended:
            return self._last
        held, self._holding = self._holding, False
        if self._waiting:
            return self._arrive(State.VERIFICATION)
        if held:
            return self._say_aside("hold_over")
        if self.state is State.SOLUTION and self.case.problem_type != "modification" and not self._aside:
            return self._wait()  # who has just been told what to do, and is silent, is doing it
        self._silences += 1
        if self._silences > SILENCES_BEFORE_GOODBYE:
            return self._end(State.GOODBYE, Ending.SILENCE, Phrase("goodbye_silence"))
        return self._say_aside(f"silence_{self._silences}")

    def on_unheard(self) -> Step:
        """The caller spoke, and nobody understood a word."""
        return self._last if self._ended else self._say_aside("silence_2")

    def on_too_long(self) -> Step:
        """The call's hard limit is near."""
        if self._ended:
            return self._last
        self.case.status = "open"
        return self._end(State.GOODBYE, Ending.TOO_LONG, Phrase("goodbye_too_long"))

    def on_failure(self) -> Step:
        """Something that the call can't go on without has failed."""
        if self._ended:
            return self._last
        self.case.status = "open"
        return self._end(State.ERROR, Ending.ERROR, Phrase("error"))

    @property
    def _asked(self) -> str:
        """The phrase that the caller is to answer."""
        return self._last.says[-1].key if self._last.says else ""

    @property
    def _ended(self) -> bool:
        """The farewell is being said: nothing changes its course any more."""
        return STATES[self.state].final

    @property
    def _patience_s(self) -> float:
        if self._holding:
            return HOLD_S
        return self._solution_wait_s if self._waiting else ANSWER_SILENCE_S

    def _needs_time(self, intent: Intent, text: str, aside: str) -> bool:
        """ "Non, pas encore" to "is it done?" or to "are you ready?" asks us to wait, it answers nothing."""
        if intent not in (Intent.NO, Intent.UNCLEAR) or remedy.speaks_of_working(text):
            return False
        if aside == "hold_over":
            return intent is Intent.NO
        return self.state in (State.SOLUTION, State.VERIFICATION) and remedy.not_yet_done(text)

    def _answered(self, understanding: Understanding, text: str) -> Step:
        intent = understanding.intent
        if self.state is State.SOLUTION:
            return self._answered_solution(intent, text)
        if self.state is State.TICKET_VERIFICATION:
            return self._answered_ticket(intent)
        if self.state is State.IDENTIFICATION:
            return self._answered_identity(understanding)
        if self.state is State.CALLBACK:
            return self._answered_callback(understanding)
        target = STATES[self.state].arrows.get(intent)
        if target is None:
            return self._ask_again()
        if self.state is State.WELCOME and self.case.client is not None:
            target = State.TICKET_VERIFICATION if self.case.pending_unasked else State.DIAGNOSTIC
        if self.state is State.VERIFICATION and target is State.GOODBYE:
            self.case.status = "resolved"
        return self._arrive(target, intent)

    def _answered_identity(self, understanding: Understanding) -> Step:
        intent = understanding.intent
        arrows = STATES[State.IDENTIFICATION].arrows
        if intent not in arrows and understanding.fields.given():
            intent = Intent.IDENTITY_PROVIDED  # "oui, Pierre Dupont", "c'est pour ma box, je suis Pierre Dupont"
        if intent not in arrows:
            return self._ask_again()
        if intent is Intent.NO and self._last.says == (Phrase("ask_ticket_number"),):
            return self._say(Phrase("ask_identity"))  # does not know the number; may still say who calls
        return self._arrive(State.TICKET_VERIFICATION if self.case.pending_unasked else arrows[intent], intent)

    def _answered_callback(self, understanding: Understanding) -> Step:
        if self.case.fields.phone:
            self.case.callback_number = self.case.fields.phone
            return self._end(State.GOODBYE, Ending.CALLBACK, Phrase("callback_noted"))
        return self._arrive(State.GOODBYE) if understanding.intent is Intent.NO else self._ask_again()

    def _answered_ticket(self, intent: Intent) -> Step:
        pending = self.case.pending
        if intent in (Intent.IDENTITY_PROVIDED, Intent.EMAIL_PROVIDED):
            if self.case.pending_unasked and not self.case.fields.ticket:
                return self._arrive(State.TICKET_VERIFICATION)
            if pending is not None:
                intent = Intent.YES
            elif self.case.client is not None:
                intent = Intent.NO
        elif intent in PROBLEM_OF_INTENT and pending is not None and self.case.pending_offered:
            intent = Intent.YES if PROBLEM_OF_INTENT[intent] == pending.problem_type else Intent.NO
        if intent is Intent.YES:
            if pending is None:
                # A ticket that we don't know of yet: its number, or a name to find it by.
                self._enter(State.IDENTIFICATION)
                return self._say(Phrase("ask_ticket_number"))
            self.case.resumes_pending = True
            self.case.pending_offered = True
            if self.case.problem_type == "other":
                self.case.problem_type = pending.problem_type
        if intent is Intent.NO and self.case.identified:
            return self._arrive(State.DIAGNOSTIC, intent)
        target = STATES[self.state].arrows.get(intent)
        return self._ask_again() if target is None else self._arrive(target, intent)

    def _answered_solution(self, intent: Intent, text: str) -> Step:
        if self.case.problem_type == "modification":
            if intent is Intent.YES:
                self.case.status = "open"
                return self._end(State.GOODBYE, Ending.GOODBYE, Phrase("goodbye_open"))
        elif intent is Intent.YES:
            return self._agreed(text)
        elif self._waiting and intent is not Intent.NO:
            return self._arrive(State.VERIFICATION)
        target = STATES[self.state].arrows.get(intent)
        return self._ask_again() if target is None else self._arrive(target, intent)

    def _agreed(self, text: str) -> Step:
        """A yes in SOLUTION: it works again, it is done, or will be."""
        if remedy.works(text, just_proposed=not self._waiting):
            self.case.status = "resolved"
            return self._arrive(State.GOODBYE)
        if not self._waiting:
            return self._arrive(State.VERIFICATION) if remedy.done(text) else self._wait()
        if remedy.agreed(text):
            return self._say_aside("hold")  # "d'accord" to "take your time": not done yet
        return self._arrive(State.VERIFICATION)

    def _wait(self) -> Step:
        self._waiting = True
        return self._say_aside("solution_wait")

    def _arrive(self, target: State, intent: Intent | None = None) -> Step:
        """Goes to `target` and says what belongs there."""
        origin = self.state
        self._enter(target)
        if target is State.TRANSFER:
            self.case.status = "transferred"
            return self._end(target, Ending.TRANSFER, Phrase(STATES[target].says))
        if target is State.GOODBYE:
            return self._goodbye()
        if target is State.TICKET_VERIFICATION and self.case.pending_unasked:
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
        if self.case.returned:
            return self._end(State.GOODBYE, Ending.CALLBACK, Phrase("goodbye_open"))
        if self.case.status == "resolved":
            return self._end(State.GOODBYE, Ending.GOODBYE, Phrase(STATES[State.GOODBYE].says))
        told = self.case.told
        self.case.status = "open" if told else "abandoned"
        return self._end(State.GOODBYE, Ending.GOODBYE, Phrase("goodbye_open" if told else "goodbye"))

    def _thanks(self) -> Phrase:
        name = self.case.first_name
        return Phrase("thanks_named", {"first_name": name}) if name else Phrase("thanks")

    def _offer_pending(self) -> tuple[Phrase, ...]:
        self.case.pending_offered = True
        kind = self.case.pending.problem_type if self.case.pending is not None else "other"
        return (Phrase("pending_ticket", {"problem_type": kind}),)

    def _ask_again(self) -> Step:
        row = STATES[self.state]
        asked = self._times_asked_again
        if self.state is State.DIAGNOSTIC and asked and self.case.problem_type != "other":
            # The kind of problem was told in WELCOME: its usual remedy beats asking a third time.
            return self._arrive(State.SOLUTION)
        if asked >= len(row.rephrased):
            return self._arrive(row.gives_up)
        self._times_asked_again += 1
        return self._say(Phrase(row.rephrased[asked]))

    def _question(self) -> Step:
        """What was last asked, once more, in its fixed words: the model's reply of then is gone."""
        self._aside = ""
        return Step(says=self._last.says, listens_s=self._patience_s)

    def _enter(self, state: State) -> None:
        self.state = state
        self._times_asked_again = 0
        self._repeats = 0
        self._waiting = False

    def _end(self, state: State, ending: Ending, *phrases: Phrase) -> Step:
        self._enter(state)
        self._last = Step(says=phrases, ending=ending)
        return self._last

    def _say(self, *phrases: Phrase, model_reply: bool = False) -> Step:
        self._aside = ""
        self._last = Step(says=phrases, model_reply=model_reply)
        return self._last

    def _say_aside(self, key: str) -> Step:
        self._aside = key
        return Step(says=(Phrase(key),), listens_s=self._patience_s)
