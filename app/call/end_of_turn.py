"""Whether what the caller has said so far is all of an answer, by what was asked and what it means."""

from app.dialogue import fields
from app.dialogue.french_numbers import find_numbers, tokens, word_set
from app.dialogue.intents import Intent, Understanding
from app.dialogue.sentence import hangs, hesitates, is_clause, lacks_verb
from app.dialogue.states import STATES, Endpointing, State
from app.providers.rules import understand

SURE = 0.7
"""The rules are so sure of a whole sentence's meaning."""
PARTIAL_NUMBER_DIGITS = 4
"""From so many digits on, of which the first is 0, it is a telephone number that is being dictated."""

_DICTATED = word_set("arobase point tiret underscore")
_ALWAYS_COMPLETE = frozenset({Intent.HUMAN_REQUEST, Intent.REPEAT_REQUEST, Intent.HOLD_REQUEST, Intent.GOODBYE})


def completeness(state: State, expects: Endpointing, text: str) -> bool | None:
    """Judges the words of a turn under way.

    Returns:
        True: nothing more need come. False: plainly not all. None: can't tell.
    """
    if expects.startswith("field:"):
        complete = fields.is_complete(expects.removeprefix("field:"), text)  # type: ignore[arg-type]
        return False if complete is None and hangs(text) else complete
    if hangs(text) or _dictating(text):
        return False
    if expects == "open" and hesitates(text):
        return None
    understanding = understand(state, text)
    if state is State.IDENTIFICATION:
        return _identified(understanding, text)
    if expects == "open" and lacks_verb(text):
        return False
    wanted = understanding.intent in STATES[state].arrows or understanding.intent in _ALWAYS_COMPLETE
    whole = expects == "yes_no" or is_clause(text)
    return True if wanted and whole and understanding.confidence >= SURE else None


def _identified(understanding: Understanding, text: str) -> bool | None:
    """Name and company (or none), or one whole address or number: all that was asked for."""
    given = understanding.fields
    if given.name and (given.company or "particulier" in tokens(text)):
        return True
    if (given.phone and fields.is_complete("phone", text)) or (given.email and fields.is_complete("email", text)):
        return True
    return True if understanding.intent in _ALWAYS_COMPLETE else None


def _dictating(text: str) -> bool:
    """Half an address, or six of ten digits."""
    words = tokens(text)
    if not _DICTATED.isdisjoint(words) and fields.is_complete("email", text) is False:
        return True
    digits = "".join(run.digits for run in find_numbers(words))
    partial = len(digits) >= PARTIAL_NUMBER_DIGITS and digits.startswith("0")
    return partial and fields.is_complete("phone", text) is False
