"""Names of people and companies as callers say them: "c'est pierre dupont de la société techcorp"."""

import re
from dataclasses import dataclass

from app.dialogue.french_numbers import fold
from app.dialogue.name_words import (
    COMPOUND_SECONDS,
    FIRST_NAMES,
    FUNCTION_WORDS,
    GENERIC_COMPANY,
    LETTER_NAMES,
    NOT_A_NAME,
    PARTICLES,
    TITLES,
    TRADES,
)
from app.dialogue.said_words import SaidWords, written

NAME_WORDS_MAX = 5
COMPANY_WORDS_MAX = 6
SPELLED_LETTERS_MIN = 3

_SURE = re.compile(
    r"\b(?:(?:je )?m' ?appel\w*|je me nomme|je me presente|(?P<first>(?:mon )?prenom)|vous parlez a"
    r"|de la part d(?:e|u|')|au nom d(?:e|u|')"
    r"|(?:mon |le )?nom(?: de famille| complet)?)(?: (?:c' est|est|ce sera|s' est))? "
)
"""A name certainly comes next."""
_LIKELY = re.compile(
    r"(?:^|\b(?:c' est|cest|ces|ici|moi|je suis|oui|bonjour|bonsoir|alors|donc|voila"
    r"|euh|[,.]) )"
)
"""A name may come next."""
_ENDING = re.compile(r" (?:a l' appareil|au telephone|au bout du fil)\b")
_GENERIC = "|".join(GENERIC_COMPANY)
_COMPANY_SURE = re.compile(
    rf"\b(?:(?:de|pour|chez|dans|et|a) )?(?:(?:la|l'|le|ma|mon|notre|une|un|cette|nom de l'|nom de la) )?"
    rf"(?:{_GENERIC})(?: (?:qui s' appelle|s' appelle|se nomme|c' est|est|nommee|dont le nom est))? "
    r"|\bpour le compte (?:de (?:chez )?|du |d' )|\braison sociale (?:c' est )?"
)
_COMPANY_LIKELY = re.compile(
    r"\b(?:de chez|(?:travaille|appelle|bosse|suis|est) (?:chez|pour)|(?:appelle|viens) de(?: chez)?|chez) "
)
_SPELLING_NOTE = re.compile(
    r" (?:avec|prend|y a|il y a) (?:un|une|deux) [a-z]+(?: (?:a la fin|au debut|au milieu|comme \w+))?"
    r"|,? comme (?:le |la |l' )?\w+$| en un mot| en deux mots| tout attache\w*"
)
_COMPANY_TAIL = re.compile(
    r"(?:corp|tech|soft|sys|group|groupe|services?|consulting|conseil"
    r"|industries?|france|net|data)$"
)


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
    words = SaidWords(text)
    for note in reversed(list(_SPELLING_NOTE.finditer(words.text))):
        words.cut(words.at(note.start() + (note[0][0] == " ")), words.at(note.end()))
    spelled = _take_spelled(words)
    company, company_at = _take_company(words, expected)
    name = _sure_name(words) or _ending_name(words) or _titled_name(words) or _likely_name(words, expected)
    if not name and company and company_at:
        name = _backwards(words, company_at)
    if name and expected and not company:
        name, company = _split_off_company(words, name)
    if name and company and fold(" ".join(name)) == fold(company):
        name = []
    if spelled and (expected or name):
        name = _with_spelled(name, spelled)
    return Identity(written(name) if name else None, company)


def _plain(word: str) -> bool:
    """Whether a folded word can be part of a name nobody announced."""
    parts = word.split("-")
    return len(word) > 1 and word[0].isalpha() and word[-1] != "'" and not any(part in NOT_A_NAME for part in parts)


def _announced(word: str) -> bool:
    return len(word) > 1 and word[0].isalpha() and word[-1] != "'" and word not in FUNCTION_WORDS


def _forward(words: SaidWords, start: int, announced: bool) -> list[str]:
    """The name that begins at a word, particles and compound parts included."""
    fits = _announced if announced else _plain
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
            noble = word not in ("de", "d'", "du", "des") or (len(name) == 1 and _first_name(words.folded[index - 1]))
            whole = len(words.said) == 2  # "le gall", said alone
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


def _first_name(word: str) -> bool:
    return word.split("-")[0] in FIRST_NAMES


def _backwards(words: SaidWords, end: int) -> list[str]:
    start = end
    while start > 0 and end - start < NAME_WORDS_MAX and _plain(words.folded[start - 1]):
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
        if word in TITLES and len(word) > 1 and _announced(words.folded[index + 1]):
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
            after in ("", ",", ".", "et", "mais", "de", "d'", "du", "chez", "pour", "!", "?") or len(name) > 1
        ):
            return name
        alone = after in ("", ",", ".", "!") and match[0].strip() in ("c' est", "ici")
        if _first_name(fold(name[0])) and (len(name) > 1 or alone):
            return name
    return []


def _take_company(words: SaidWords, expected: bool) -> tuple[str | None, int]:
    """Cuts the company out of the words; returns it and where its announcement began."""
    patterns = [_COMPANY_SURE, _COMPANY_LIKELY] if expected else [_COMPANY_SURE]
    for pattern in patterns:
        for match in pattern.finditer(words.text):
            start, begin = words.at(match.start()), words.at(match.end())
            end = _company_end(words, begin)
            likely = pattern is _COMPANY_LIKELY and end > begin
            if likely and not (
                _plain(words.folded[begin]) or words.folded[begin] in (*TRADES, "la", "le", "l'", "orange")
            ):
                continue
            if end > begin:
                return _cut_company(words, start, begin, end)
    for index, word in enumerate(words.folded):
        if word in TRADES and (expected or (index and words.folded[index - 1] in ("la", "de", "du", "l'", "le"))):
            end = _company_end(words, index)
            start = index
            while start and words.folded[start - 1] in ("de", "du", "la", "le", "l'", "d'", "pour", "chez"):
                start -= 1
            if end > index + 1:
                return _cut_company(words, start, index, end)
    if expected:
        for index in range(1, len(words.said) - 1):
            previous = words.folded[index - 1]
            if (
                words.folded[index] in ("de", "d'", "du", "pour")
                and _plain(previous)
                and _plain(words.folded[index + 1])
            ):
                if _first_name(previous) and not (index > 1 and _plain(words.folded[index - 2])):
                    continue
                return _cut_company(words, index, index + 1, _company_end(words, index + 1))
    return None, 0


def _cut_company(words: SaidWords, start: int, begin: int, end: int) -> tuple[str, int]:
    if words.folded[begin] in ("la", "le", "l'") and words.folded[begin + 1] in TRADES:
        begin += 1
    company = written(words.said[begin:end])
    words.cut(start, end)
    return company, start


def _company_end(words: SaidWords, begin: int) -> int:
    index = begin
    while index < len(words.said) and index - begin < COMPANY_WORDS_MAX:
        word = words.folded[index]
        following = words.folded[index + 1] if index + 1 < len(words.said) else ""
        joins = word in ("et", "&") and following in ("fils", "cie", "compagnie", "associes", "freres", "co", "filles")
        article = word in ("de", "du", "des", "la", "le", "les", "l'", "d'", "a", "au", "aux") and (
            _announced(following) or following in ("la", "l'", "marche") or following.isdecimal()
        )
        if index == begin and word in ("de", "du", "d'", "a", "au", "et"):
            break
        tail = index > begin and word in ("plus", "bien", "mail")
        tail = tail or (word == "marche" and words.folded[index - 1] == "du")  # "pharmacie du marché"
        if not (_announced(word) or tail or joins or article or (word.isdecimal() and index > begin)):
            break
        index += 1
    return index


def _take_spelled(words: SaidWords) -> str:
    """Cuts a spelled word ("l o p e z", "elle o pé euh zed") out of the words and returns it."""
    index = 0
    while index < len(words.said):
        letters, end, sure = "", index, 0
        while end < len(words.said):
            word = words.folded[end]
            if word == "comme" and letters and end + 1 < len(words.said):
                end += 2
            elif word == "deux" and end + 1 < len(words.said) and words.folded[end + 1] in LETTER_NAMES:
                letters += LETTER_NAMES[words.folded[end + 1]] * 2
                end += 2
            elif word in LETTER_NAMES:
                letters += LETTER_NAMES[word]
                sure += len(word) == 1 or word in ("effe", "enne", "emme", "erre", "esse", "zed", "ixe", "ache")
                end += 1
            else:
                break
        if len(letters) >= SPELLED_LETTERS_MIN and sure:
            words.cut(index, end)
            return letters
        index = max(end, index + 1)
    return ""


def _with_spelled(name: list[str], spelled: str) -> list[str]:
    """The spelled word stands for the part of the name that it resembles, else behind the first name."""
    for index in range(len(name) - 1, -1, -1):
        if fold(name[index])[:1] == spelled[0] and abs(len(name[index]) - len(spelled)) <= 2:
            same = fold(name[index]) == spelled
            return [*name[:index], name[index] if same else spelled, *name[index + 1 :]]
    return [*name, spelled] if len(name) <= 1 and all(_first_name(fold(word)) for word in name) else [spelled]


def _split_off_company(words: SaidWords, name: list[str]) -> tuple[list[str], str | None]:
    """ "pierre dupont techcorp", "pierre dupont, techcorp": what follows the surname is the company."""
    folded = [fold(word) for word in name]
    if any(word in PARTICLES or word.endswith("'") for word in folded):
        return name, None
    given = 2 if len(name) > 2 and folded[1] in COMPOUND_SECONDS.get(folded[0], "").split() else 1
    if len(name) > given + 1 and _first_name(folded[0]):
        return name[: given + 1], written(name[given + 1 :])
    if len(name) == 2 and not any(map(_first_name, folded)) and _COMPANY_TAIL.search(folded[1]):
        return name[:1], written(name[1:])
    ahead = words.text.find(" ".join(folded) + " , ")
    if ahead >= 0:
        start = words.at(ahead) + len(name) + 1
        rest = _forward(words, start, announced=False)
        if rest and start + len(rest) == len(words.said):
            if len(rest) == 1 and len(name) == 1 and _first_name(fold(rest[0])):
                return rest + name, None
            return name, written(rest)
    return name, None
