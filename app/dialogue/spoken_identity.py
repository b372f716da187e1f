"""Names of people and companies as callers say them: "c'est pierre dupont de la société techcorp"."""

import re
from dataclasses import dataclass

from app.dialogue.french_numbers import fold
from app.dialogue.name_words import COMPOUND_SECONDS, PARTICLES, TITLES, TRADES
from app.dialogue.said_words import SaidWords, is_announced, is_first_name, is_plain, written
from app.dialogue.spelled_names import take_spelled, with_spelled
from app.dialogue.spoken_company import COMPANY_TAIL, take_company

NAME_WORDS_MAX = 5

_SURE = re.compile(
    r"\b(?:(?:je )?m' ?appel\w*|je me nomme|je me presente|(?P<first>(?:mon )?prenom)|vous parlez a"
    r"|de la part d(?:e|u|')|au nom d(?:e|u|')"
    r"|(?:mon |le )?nom(?: de famille| complet)?)(?: (?:c' est|est|ce sera|s' est))? "
)
"""A name certainly comes next."""
_LIKELY = re.compile(
    r"(?:^|\b(?:c' est(?: toujours| encore| bien| de nouveau)?(?: (?:le|la) (?:patronn?e?|gerante?|directeur"
    r"|directrice"
    r"|secretaire|comptable|responsable|proprietaire))?|cest|ces|ici|juste|moi|je suis|oui|bonjour|bonsoir|alors"
    r"|donc|voila"
    r"|euh|[,.]) )"
)
"""A name may come next."""
_ENDING = re.compile(r" (?:a l' appareil|au telephone|au bout du fil)\b")
_SPELLING_NOTE = re.compile(
    r" (?:avec|prend|y a|il y a) (?:un|une|deux) [a-z]+(?: (?:a la fin|au debut|au milieu|comme \w+))?"
    r"|,? comme (?:le |la |l' |un |une )?[\w-]+$| en un mot| en deux mots| tout attache\w*"
)


_CORRECTION = re.compile(r"\b(?:enfin|non|pardon|plut[oô]t|oups)\b[\s,.]*(?:c'est\s+)?", re.IGNORECASE)
_NAMED_AFTER = re.compile(r"(?P<first>[^\W\d_][\w-]+) c' est (?:mon|le) (?P<what>prenom|nom)(?: de famille)?\b")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling, as far as it was said."""

    name: str | None = None
    company: str | None = None


def find_identity(text: str, expected: bool) -> Identity:
    """Finds the caller's name and company.

    Args:
        text: what was said, without e-mail addresses.
        expected: the bot has just asked for them: a bare "dupont" is a name.
    """
    parts = [part for part in _CORRECTION.split(text) if part.strip(" ,.")]
    if len(parts) > 1:
        later = _find(parts[-1], expected)
        if later.name:
            return _corrected(_find(parts[0], expected), later)
    return _find(text, expected)


def _corrected(earlier: Identity, later: Identity) -> Identity:
    """ "pierre dupont, enfin durand": one word takes the place of the one that it is like."""
    said, instead = (earlier.name or "").split(), (later.name or "").split()
    if len(said) > 1 and len(instead) == 1:
        first = is_first_name(fold(instead[0]))
        instead = instead + said[1:] if first else said[:-1] + instead
    return Identity(" ".join(instead), later.company or earlier.company)


def _find(text: str, expected: bool) -> Identity:
    words = SaidWords(text)
    for note in reversed(list(_SPELLING_NOTE.finditer(words.text))):
        words.cut(words.at(note.start() + (note[0][0] == " ")), words.at(note.end()))
    spelled = take_spelled(words)
    company, company_at = take_company(words, expected)
    name = (
        _named_after(words)
        or _sure_name(words)
        or _ending_name(words)
        or _titled_name(words)
        or _likely_name(words, expected)
    )
    if not name and company and company_at:
        name = _backwards(words, company_at)
    if name and expected and not company:
        name, company = _split_off_company(words, name)
    name = _said_once(name)
    if name and company and fold(" ".join(name)) == fold(company):
        name = []
    if spelled and (expected or name):
        name = with_spelled(name, spelled)
    return Identity(written(name) if name else None, company)


def _said_once(name: list[str]) -> list[str]:
    """ "gaillard raymond gaillard", as on a form and then as one says it: "raymond gaillard"."""
    folded = [fold(word) for word in name]
    for count in range(len(name) // 2, 0, -1):
        if folded[:count] == folded[-count:]:
            return name[count:]
        if len(name) >= 2 * count and sorted(folded[:count]) == sorted(folded[-count:]) and len(name) == 2 * count:
            return name[count:]
    return name


def _named_after(words: SaidWords) -> list[str]:
    """ "sylvain, c'est mon prénom, et meyer c'est le nom"."""
    match = _NAMED_AFTER.search(words.text.replace(" , ", " "))
    if not match or not is_announced(match["first"]):
        return []
    at = words.folded.index(match["first"])
    part = [words.said[at]]
    other = [_forward(words, words.at(found.end()), announced=True) for found in _SURE.finditer(words.text)]
    others = [name for name in other if name and fold(name[0]) != match["first"]]
    before = _backwards(words, at)[-1:]
    rest = others[0] if others else [word for word in before if not is_first_name(fold(word)) or match["what"] == "nom"]
    return part + rest if match["what"] == "prenom" else rest + part


def _forward(words: SaidWords, start: int, announced: bool) -> list[str]:
    """The name that begins at a word, particles and compound parts included."""
    fits = is_announced if announced else is_plain
    name: list[str] = []
    index = start
    while index < len(words.said) and words.folded[index] in TITLES:
        index += 1
    while index < len(words.said) and len(name) < NAME_WORDS_MAX:
        word = words.folded[index]
        particle = word in PARTICLES or word in ("d'", "l'", "o'")
        if particle:
            ahead = index + 1
            while ahead < len(words.said) and words.folded[ahead] in ("la", "le", "l'", "los", "der"):
                ahead += 1
            belongs = ahead < len(words.said) and fits(words.folded[ahead]) and words.folded[ahead] not in TRADES
            # "pierre dupont de techcorp" names a company; "charles de gaulle" has a particle.
            given = len(name) == 1 and is_first_name(words.folded[index - 1])
            firm = belongs and COMPANY_TAIL.search(words.folded[ahead])
            # "le gall" and "de la fontaine", said alone
            whole = index == 0 and (len(words.said) == 2 or (word in ("de", "da", "di") and len(words.said) == 3))
            noble = whole or word not in ("de", "d'", "du", "des") or (given and word != "des" and not firm)
            if (
                not belongs
                or not noble
                or (not whole and word in ("la", "le", "l'") and announced is False and not name)
            ):
                break
            name += words.said[index : ahead + 1]
            index = ahead + 1
        elif fits(word):
            name.append(words.said[index])
            index += 1
        else:
            break
    return name


def _backwards(words: SaidWords, end: int) -> list[str]:
    start = end
    while start > 0 and end - start < NAME_WORDS_MAX and is_plain(words.folded[start - 1]):
        start -= 1
    while start < end and words.folded[start] in TITLES:
        start += 1
    return words.said[start:end]


def _sure_name(words: SaidWords) -> list[str]:
    first: list[str] = []
    last: list[str] = []
    for match in _SURE.finditer(words.text):
        found = _forward(words, words.at(match.end()), announced=True)
        if match["first"] and not first:
            first = found
        elif found and not last:
            last = found
    return first + last


def _ending_name(words: SaidWords) -> list[str]:
    match = _ENDING.search(words.text)
    return _backwards(words, words.at(match.start() + 1)) if match else []


def _titled_name(words: SaidWords) -> list[str]:
    for index, word in enumerate(words.folded[:-1]):
        if word in TITLES and len(word) > 1 and is_announced(words.folded[index + 1]):
            return _forward(words, index + 1, announced=True)
    return []


def _likely_name(words: SaidWords, expected: bool) -> list[str]:
    for match in _LIKELY.finditer(words.text):
        start = words.at(match.end())
        name = _forward(words, start, announced=False)
        if not name:
            continue
        after = words.folded[start + len(name)] if start + len(name) < len(words.said) else ""
        if expected and (
            after in ("", ",", ".", "et", "mais", "de", "d'", "du", "des", "chez", "pour", "!", "?") or len(name) > 1
        ):
            return name
        alone = after in ("", ",", ".", "!") and match[0].strip() in ("c' est", "ici")
        if is_first_name(fold(name[0])) and (len(name) > 1 or alone):
            return name
    return []


def _split_off_company(words: SaidWords, name: list[str]) -> tuple[list[str], str | None]:
    """ "pierre dupont techcorp", "pierre dupont, techcorp": what follows the surname is the company."""
    folded = [fold(word) for word in name]
    if any(word in PARTICLES or word.endswith("'") for word in folded):
        return name, None
    given = 2 if len(name) > 2 and folded[1] in COMPOUND_SECONDS.get(folded[0], "").split() else 1
    if len(name) > given + 1 and is_first_name(folded[0]):
        return name[: given + 1], written(name[given + 1 :])
    if len(name) == 2 and not any(map(is_first_name, folded)) and COMPANY_TAIL.search(folded[1]):
        return name[:1], written(name[1:])
    ahead = words.text.find(" ".join(folded) + " , ")
    if ahead >= 0:
        start = words.at(ahead) + len(name) + 1
        rest = _forward(words, start, announced=False)
        if rest and start + len(rest) == len(words.said):
            if len(rest) == 1 and len(name) == 1 and is_first_name(fold(rest[0])):
                return rest + name, None
            return name, written(rest)
    return name, None
