"""Answers that begin with a plain "oui" or "non" and only say more of the same: "non, je n'ai pas de ticket"."""

import re

from app.dialogue.french_numbers import word_set
from app.providers.rules.families import Kind
from app.providers.rules.requests import asks_hold, says_goodbye
from app.providers.rules.signals import has_negation
from app.providers.rules.turn import Turn

WORDS_MAX = 12
"""Who says more than that says more than yes or no."""
STRANGE_WORDS_MAX = 1
"""Words that are neither part of a sign nor small: one may name the thing that works."""

_OPENING = re.compile(r"(?:ah |mais |eh )?(?P<answer>oui|non)\b(?: (?:oui|non)\b)*")
_TURNS = re.compile(
    r"\b(?:mais|enfin|sauf|pourtant|cependant|quoique?|sinon|par contre|en revanche|a part|au fait|plutot|presque"
    r"|peut etre|crois|pense|dirait|semble|suppose|impression|a peu pres|un peu|parfois|des fois|par moments?"
    r"|de temps en temps|pour (?:le moment|l instant)|moitie|moyen\w*|ou|si|quand|avant|apres|deja|autre|aussi"
    r"|uncoupsurdeux|sais|comment|pourquoi|quoi|quel\w*|combien|estceque)\b"
)
"""Takes something back, leaves it open or adds another matter."""
_POLITE = word_set("merci beaucoup infiniment madame monsieur svp desole desolee volontiers")
_SMALL = _POLITE | word_set(
    """
    je j moi on nous vous ca c est il elle y en le la les l un une de du d des a au que qu qui pour se s me m mon ma
    ai avons suis sont ce cette votre notre et bien tout toute toutes tous tres vraiment maintenant encore
    bon alors voila malheureusement internet box wifi connexion fibre ligne reseau telephone portable mobile tele
    numero dossier ticket vais va vient viens faire fait oui non depuis suite
    """
)


def is_elaboration(turn: Turn, positive: bool) -> bool:
    """Whether all of a turn, from its first word on, says yes (or no), and nothing else."""
    words = turn.words
    opening = _OPENING.match(words)
    if opening is None or (opening["answer"] == "oui") != positive or words.count(" ") >= WORDS_MAX:
        return False
    if _TURNS.search(words) or turn.fields.given() or turn.contact or asks_hold(words) or says_goodbye(words):
        return False
    signs = turn.signals
    if any(signal.kind in (Kind.UNSURE, Kind.BESIDE) or signal.positive is not positive for signal in signs):
        return False
    rest = list(words)
    for signal in signs:
        rest[signal.start : signal.end] = "." * (signal.end - signal.start)
    left = "".join(rest).replace(".", " ")
    if positive and has_negation(left):
        return False
    if len(signs) == 1:
        return _POLITE.issuperset(left.split())
    return sum(word not in _SMALL for word in left.split()) <= STRANGE_WORDS_MAX
