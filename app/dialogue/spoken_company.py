"""Companies as callers name them: "de la société techcorp", "garage du centre", "de chez orange"."""

import re

from app.dialogue.name_words import GENERIC_COMPANY, TRADES
from app.dialogue.said_words import SaidWords, is_announced, is_first_name, is_plain, written

COMPANY_WORDS_MAX = 6

_GENERIC = "|".join(GENERIC_COMPANY)
_COMPANY_SURE = re.compile(
    rf"\b(?:(?:de|pour|chez|dans|et|a) )?(?:(?:la|l'|le|ma|mon|notre|une|un|cette|nom de l'|nom de la) )?"
    rf"(?:{_GENERIC}|(?<=la )sa)(?: (?:qui s' appelle|s' appelle|se nomme|c' est|est|nommee|dont le nom est))? "
    r"|\bpour le compte (?:de (?:chez )?|du |d' )|\braison sociale (?:c' est )?"
)
_COMPANY_LIKELY = re.compile(
    r"\b(?:de chez|(?:travaille|appelle|bosse|suis|est) (?:chez|pour)|(?:appelle|viens) de(?: chez)?|chez) "
)
COMPANY_TAIL = re.compile(
    r"(?:corp|tech|soft|sys|group|groupe|services?|consulting|conseil"
    r"|industries?|france|net|data)$"
)


def take_company(words: SaidWords, expected: bool) -> tuple[str | None, int]:
    """Cuts the company out of the words; returns it and where its announcement began."""
    patterns = [_COMPANY_SURE, _COMPANY_LIKELY] if expected else [_COMPANY_SURE]
    for pattern in patterns:
        for match in pattern.finditer(words.text):
            start, begin = words.at(match.start()), words.at(match.end())
            end = _company_end(words, begin)
            likely = pattern is _COMPANY_LIKELY and end > begin
            if likely and not (
                is_plain(words.folded[begin]) or words.folded[begin] in (*TRADES, "la", "le", "l'", "orange")
            ):
                continue
            if end > begin:
                return _cut_company(words, start, begin, end)
    for index, word in enumerate(words.folded):
        if word in TRADES and (
            expected or (index and words.folded[index - 1] in ("la", "de", "du", "des", "l'", "le", "les"))
        ):
            end = _company_end(words, index)
            start = index
            while start and words.folded[start - 1] in (
                "de",
                "du",
                "des",
                "la",
                "le",
                "les",
                "l'",
                "d'",
                "pour",
                "chez",
            ):
                start -= 1
            if end > index + 1:
                return _cut_company(words, start, index, end)
    if expected:
        for index in range(1, len(words.said) - 1):
            previous = words.folded[index - 1]
            if (
                words.folded[index] in ("de", "d'", "du", "des", "pour")
                and is_plain(previous)
                and is_plain(words.folded[index + 1])
            ):
                alone = is_first_name(previous) and not (index > 1 and is_plain(words.folded[index - 2]))
                firm = words.folded[index] == "des" or COMPANY_TAIL.search(words.folded[index + 1])
                if alone and not firm:
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
            is_announced(following) or following in ("la", "l'", "marche") or following.isdecimal()
        )
        if index == begin and word in ("de", "du", "d'", "a", "au", "et"):
            break
        tail = index > begin and word in ("plus", "bien", "mail")
        tail = tail or (word == "marche" and words.folded[index - 1] == "du")  # "pharmacie du marché"
        if not (is_announced(word) or tail or joins or article or (word.isdecimal() and index > begin)):
            break
        index += 1
    return index
