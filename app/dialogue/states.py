"""The states of a call and the arrows between them: data, in one place.

`app.dialogue.machine` walks this table; `docs/dialogue.md` shows the diagram that a test draws from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from app.dialogue.intents import Intent

Endpointing = Literal["yes_no", "open", "field:email", "field:phone", "field:name", "field:ticket"]


class State(StrEnum):
    """Where a call is."""

    INIT = "INIT"
    WELCOME = "WELCOME"
    TICKET_VERIFICATION = "TICKET_VERIFICATION"
    IDENTIFICATION = "IDENTIFICATION"
    DIAGNOSTIC = "DIAGNOSTIC"
    SOLUTION = "SOLUTION"
    VERIFICATION = "VERIFICATION"
    TRANSFER = "TRANSFER"
    CALLBACK = "CALLBACK"
    GOODBYE = "GOODBYE"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class StateRow:
    """One state.

    Attributes:
        says: phrase of `prompts/fr.yaml` spoken on entering; empty where the machine chooses among several.
        expects: intents that answer the state's question.
        endpointing: how much silence ends a turn here (`app.dialogue.turns`).
        arrows: where each intent leads; an intent without an arrow stays here and is asked again.
        detours: where the machine goes instead, and when: what is known of the case or was said decides.
        rephrased: phrases for the second and third time of asking.
        gives_up: where the call goes after the last of them.
        everywhere: arrows that listening states have in common, as far as this one has them.
        model_reply: intents after which the language model's own reply is spoken instead of the next phrase.
        final: the call ends when the phrase has been heard.
    """

    says: str = ""
    expects: tuple[Intent, ...] = ()
    endpointing: Endpointing = "open"
    arrows: Mapping[Intent, State] = field(default_factory=dict)
    detours: Mapping[State, str] = field(default_factory=dict)
    rephrased: tuple[str, ...] = ()
    gives_up: State = State.TRANSFER
    everywhere: Mapping[Intent, State] = field(default_factory=lambda: EVERYWHERE)
    model_reply: frozenset[Intent] = frozenset()
    final: bool = False


PROBLEMS = (Intent.INTERNET_ISSUE, Intent.MOBILE_ISSUE, Intent.MODIFICATION_REQUEST)

EVERYWHERE: Mapping[Intent, State] = {Intent.HUMAN_REQUEST: State.TRANSFER, Intent.GOODBYE: State.GOODBYE}
"""Arrows that every listening state has besides its own; REPEAT_REQUEST and HOLD_REQUEST stay where they are."""

STATES: Mapping[State, StateRow] = {
    State.INIT: StateRow(
        detours={
            State.TICKET_VERIFICATION: "known caller with a pending ticket",
            State.CALLBACK: "back from a technician who did not answer",
            State.GOODBYE: "the same, and the number to call back is known",
        }
    ),
    State.WELCOME: StateRow(
        says="welcome",
        expects=PROBLEMS,
        arrows=dict.fromkeys(PROBLEMS, State.TICKET_VERIFICATION),
        detours={State.DIAGNOSTIC: "known caller without a pending ticket"},
        rephrased=("welcome_again", "welcome_choices"),
    ),
    State.TICKET_VERIFICATION: StateRow(
        says="ask_ticket",
        expects=(Intent.YES, Intent.NO),
        endpointing="yes_no",
        arrows={Intent.YES: State.DIAGNOSTIC, Intent.NO: State.IDENTIFICATION},
        detours={
            State.IDENTIFICATION: "YES, but the ticket is not known yet",
            State.DIAGNOSTIC: "NO, and the caller is known",
        },
        rephrased=("ask_ticket_again", "ask_ticket_again"),
    ),
    State.IDENTIFICATION: StateRow(
        says="ask_identity",
        expects=(Intent.IDENTITY_PROVIDED, Intent.EMAIL_PROVIDED),
        arrows={
            Intent.IDENTITY_PROVIDED: State.DIAGNOSTIC,
            Intent.EMAIL_PROVIDED: State.DIAGNOSTIC,
            Intent.NO: State.DIAGNOSTIC,
        },
        detours={State.TICKET_VERIFICATION: "a pending ticket was found"},
        rephrased=("ask_identity_again", "ask_identity_last"),
    ),
    State.DIAGNOSTIC: StateRow(
        says="ask_problem",
        expects=PROBLEMS,
        arrows=dict.fromkeys(PROBLEMS, State.SOLUTION),
        detours={State.SOLUTION: "no details, but the problem was told before"},
        rephrased=("ask_problem_again", "ask_problem_choices"),
        model_reply=frozenset(PROBLEMS),
    ),
    State.SOLUTION: StateRow(
        expects=(Intent.YES, Intent.NO),
        endpointing="yes_no",
        arrows={Intent.YES: State.VERIFICATION, Intent.NO: State.TRANSFER},
        detours={
            State.VERIFICATION: "the time for the manipulation is over",
            State.GOODBYE: "it works again, or the change is agreed",
        },
        rephrased=("solution_again", "solution_again"),
    ),
    State.VERIFICATION: StateRow(
        says="ask_works",
        expects=(Intent.YES, Intent.NO),
        endpointing="yes_no",
        arrows={Intent.YES: State.GOODBYE, Intent.NO: State.TRANSFER},
        rephrased=("ask_works_again", "ask_works_again"),
    ),
    State.TRANSFER: StateRow(says="transfer", final=True),
    State.CALLBACK: StateRow(
        says="ask_callback_number",
        expects=(Intent.IDENTITY_PROVIDED,),
        endpointing="field:phone",
        arrows={Intent.IDENTITY_PROVIDED: State.GOODBYE, Intent.NO: State.GOODBYE},
        rephrased=("ask_callback_number_again", "ask_callback_number_again"),
        gives_up=State.GOODBYE,
        everywhere={Intent.GOODBYE: State.GOODBYE},
    ),
    State.GOODBYE: StateRow(says="goodbye", final=True),
    State.ERROR: StateRow(says="error", final=True),
}

ENDPOINTING_OF_PHRASE: Mapping[str, Endpointing] = {
    "ask_ticket_number": "field:ticket",
    "ask_identity_last": "field:phone",
}
"""Questions for one field have its patience instead of their state's."""

Keys = Mapping[str, Intent]

KEYS_OF_ENDPOINTING: Mapping[Endpointing, Keys] = {"yes_no": {"1": Intent.YES, "2": Intent.NO}}
KEYS_OF_PHRASE: Mapping[str, Keys] = {
    phrase: dict(zip("123", PROBLEMS, strict=True)) for phrase in ("welcome_choices", "ask_problem_choices")
}
"""What the telephone's keys mean where they choose among answers; everywhere else they type a number."""


def draw() -> str:
    """The diagram of the table, in Mermaid's `stateDiagram-v2` language."""
    lines = ["stateDiagram-v2", "    [*] --> INIT", "    INIT --> WELCOME"]
    for state, row in STATES.items():
        targets: dict[State, list[str]] = {}
        for intent, target in row.arrows.items():
            targets.setdefault(target, []).append(intent.value)
        lines += [f"    {state.value} --> {target.value}: {', '.join(names)}" for target, names in targets.items()]
        lines += [f"    {state.value} --> {target.value}: ({when})" for target, when in row.detours.items()]
        if row.gives_up is not State.TRANSFER:
            lines.append(f"    {state.value} --> {row.gives_up.value}: (asked in vain)")
        if row.final:
            lines.append(f"    {state.value} --> [*]")
    everywhere = []
    for intent, target in EVERYWHERE.items():
        but = "".join(f"; not from {state.value}" for state, row in STATES.items() if intent not in row.everywhere)
        everywhere.append(f"    LISTENING --> {target.value}: {intent.value}{but}")
    return "\n".join(
        [
            *lines,
            '    state "any state that listens" as LISTENING',
            *everywhere,
            "    LISTENING --> TRANSFER: (asked in vain; not from CALLBACK)",
            "    LISTENING --> GOODBYE: (silence, or the call is too long)",
            "    LISTENING --> ERROR: (nobody hears the caller)",
        ]
    )
