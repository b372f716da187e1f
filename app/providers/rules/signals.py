"""Polarity: what in a turn speaks for yes and what for no, in the order it was said."""

import re
from dataclasses import dataclass

from app.providers.rules.families import ADV, FAMILIES, Kind
from app.providers.rules.patterns import PATTERNS


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign of yes or no.

    Attributes:
        kind: what it is about.
        positive: yes or no.
        start: offset of its first character.
        end: offset after its last.
    """

    kind: Kind
    positive: bool
    start: int
    end: int


_FAMILY = re.compile(r"<([A-Z]+)>")
_ANY_WORD = r"(?:\w+ )"
_AFFIRMED_WORD = r"(?:(?!pas\b|plus\b|jamais\b|rien\b|aucun|ni\b|deja\b|ne\b|n\b|mais\b|non\b)\w+ )"


def _scanner(kinds: frozenset[Kind]) -> re.Pattern[str]:
    """All patterns of some kinds as one; a group's name tells which one took the words."""
    branches = []
    for index, (kind, positive, pattern) in enumerate(PATTERNS):
        if kind in kinds:
            # No word of a positive sign may be a denial.
            sign = _FAMILY.sub(lambda name: FAMILIES[name[1]], pattern)
            if positive and kind is not Kind.UNSURE:
                sign = sign.replace(_ANY_WORD, _AFFIRMED_WORD)
            branches.append(f"(?P<p{index}>{sign})")
    return re.compile(r"\b(?:" + "|".join(branches) + r")(?![a-z0-9])")


ABOUT_TICKET = frozenset({Kind.BESIDE, Kind.UNSURE, Kind.TICKET, Kind.ANSWER})
ABOUT_HELP = frozenset({Kind.UNSURE, Kind.ACT, Kind.SERVICE, Kind.ANSWER})
_SCANNERS = {kinds: _scanner(kinds) for kinds in (ABOUT_TICKET, ABOUT_HELP)}

_CONNECTOR = r"(?: (?:mais|et|oui|non|donc|par contre|maintenant|sinon|merci)\b|$)"
_ASIDE = re.compile(
    rf"\bau fait\b|\bmeme si .+?(?={_CONNECTOR})|\b(?P<asks>voir|savoir|je sais|sais pas|sais plus|souviens pas"
    rf"|souviens plus"
    rf"|rappelle plus|verifier?|teste[rz]?|regarde[rz]?"
    rf"|demande|dire|dirai|verra|verrai|dis) (?:deja )?si .+?(?={_CONNECTOR})"
    r"|\bsi (?:jamais )?(?:ca|c est|c|il|elle|internet|la box|le wifi|je|vous|on"
    r"|tout) (?:\w+ ){0,3}?(?:marche|fonctionne|remarche|change|bug|coupe|recommence|revient|rame|tombe"
    r"|va|peux|veux|arrive|est)\w*"
    r"(?:(?: (?:toujours|encore|vraiment|mieux|bien|bon))*(?: (?:pas|plus|rien|encore))(?: (?:mieux"
    r"|bien|bon|rien))*(?= (?:je|on|vous|faut|faudra|il|qu)\b|$)"
    r"|(?: (?:bien|mieux))*(?= (?:je|on|vous|faut|faudra)\b))"
    r"|\bsi (?:ca|elle|il|internet|tout) (?:re)?(?:marche|fonctionne)(?= (?:je|on|vous|faudra)\b)"
    r"|\b(?:j espere|esperons|croisons les doigts) (?:que |qu )?(?:ca |il |elle "
    r"|tout )?(?:\w+ ){0,2}?(?:va |ira |sera |aille |soit )?(?:re)?(?:marche\w*|fonctionne\w*|aller|bon"
    r"|mieux|ira|aille)?"
    r"|\b(?:pour|avant) que ca (?:re)?(?:marche|fonctionne)\b"
    r"|\bavant (?:ca|c etait|la|il|elle) .+?(?= (?:mais|et|maintenant|la)\b|$)"
    r"|\b(?:ca|elle|il|internet|tout|c) (?:n )?(?:coupait|ramait|etait|plantait|bugait|sautait"
    r"|clignotait|marchait (?:pas|plus)|fonctionnait (?:pas|plus))(?: \w+)?"
    r"|\b(?:des que|chaque fois que|quand|lorsque|apres que) (?:je|j|on) (?:\w+ ?){1,4}"
    r"|\b(?:hier|tout a l heure|avant) (?:ca|elle|il) \w+ait(?: \w+)?"
)  # fmt: skip


def _blank(match: re.Match[str]) -> str:
    asks = match["asks"] or ""
    return asks + "_" * (len(match[0]) - len(asks))


def find_signals(words: str, kinds: frozenset[Kind] = ABOUT_HELP) -> list[Signal]:
    """Signs of yes and no in `normalise`d text, in order; conditions and bygones ("si ça marche pas …") left out.

    Args:
        words: normalised.
        kinds: `ABOUT_TICKET` or `ABOUT_HELP`, which the question was about.
    """
    blanked = _ASIDE.sub(_blank, words)
    found: list[Signal] = []
    for match in _SCANNERS[kinds].finditer(blanked):
        kind, positive, _ = PATTERNS[int((match.lastgroup or "p0")[1:])]
        denied = found and not found[-1].positive and found[-1].end + 1 == match.start()
        if positive and denied and _DENIAL_LAST.search(blanked, 0, found[-1].end):
            continue  # "marche pas | mieux": the denial reaches on
        after = _DENIED_AFTER.match(blanked, match.end()) if positive and kind in (Kind.ACT, Kind.SERVICE) else None
        found.append(Signal(kind, positive and not after, match.start(), after.end() if after else match.end()))
    return found


_DENIED_AFTER = re.compile(
    rf" {ADV}{{0,3}}(?:pas|plus|jamais|rien|aucune?)\b(?! (?:de|d) | grave| mal\b"
    rf"| (?:vite|rapide\w*|stable|fluide|fort|tard)\b)"
)
_DENIAL_LAST = re.compile(r"\b(?:pas|plus|jamais|rien|aucune?)$")
_NEGATION = re.compile(r"\b(?:pas|plus|jamais|aucune?|rien|ni|impossible)\b")


def has_negation(words: str) -> bool:
    """Whether any word of denial is left."""
    return bool(_NEGATION.search(words))
