"""Numbers as they are spoken in French, read as the digits a person would write down.

"quatre mille cinq cent douze", "quarante-cinq douze" and "quatre cinq un deux" are all "4512";
"zéro six douze" is "0612". Belgian and Swiss tens (septante, huitante, octante, nonante) are understood.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

UNITS = {
    "zero": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5,
        "six": 6, "sept": 7, "huit": 8,
    "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
}  # fmt: skip
TENS = {
    "vingt": 20,
    "vingts": 20,
    "trente": 30,
    "quarante": 40,
    "cinquante": 50,
    "soixante": 60,
    "septante": 70,
    "huitante": 80,
    "octante": 80,
    "nonante": 90,
}
HUNDRED = frozenset({"cent", "cents"})
THOUSAND = frozenset({"mille", "milles"})
MULTIPLE = {"double": 2, "triple": 3}
_FIRST_WORDS = frozenset(UNITS) | frozenset(TENS) | HUNDRED | THOUSAND | frozenset(MULTIPLE)

_TOKEN = re.compile(r"@|\+|[0-9]+|[^\W\d_]+")


def fold(text: str) -> str:
    """Lower case without accents, so that "Zéro" and "zero" compare equal."""
    if text.isascii():
        return text.lower()
    text = text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae")
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as prose."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class NumberRun:
    """Number words that follow each other without another word between.

    Attributes:
        start: index of the first word.
        end: index after the last word.
        groups: digits of each number said, in order: ("06", "12"), ("4512",).
        ends: index after the last word of each group.
    """

    start: int
    end: int
    groups: tuple[str, ...]
    ends: tuple[int, ...]

    @property
    def digits(self) -> str:
        """All groups written one after the other."""
        return "".join(self.groups)


def tokens(text: str) -> list[str]:
    """Folded words, digit strings, "@" and "+"; all other punctuation is dropped."""
    return _TOKEN.findall(fold(text))


def find_numbers(words: Sequence[str]) -> list[NumberRun]:
    """Finds every run of number words among folded words, read the most usual way.

    A lone "un" or "une" is an article, not a number.
    """
    runs: list[NumberRun] = []
    index = 0
    while index < len(words):
        start, groups, ends = index, list[str](), list[int]()
        while (step := _longest(words, index)) is not None:
            index, digits = step
            groups.append(digits)
            ends.append(index)
        if groups and not (groups == ["1"] and words[start] in ("un", "une")):
            runs.append(NumberRun(start, index, tuple(groups), tuple(ends)))
        index = max(index, start + 1)
    return runs


def readings(words: Sequence[str], limit_digits: int = 14) -> Iterator[tuple[str, ...]]:
    """Every way of hearing number words as numbers, the most usual first.

    "soixante douze" is ("72",), then ("60", "12"). Gives up a reading that grows beyond `limit_digits`.
    """
    if not words:
        yield ()
        return
    for end, digits in sorted(_steps(words, 0), reverse=True):
        if len(digits) <= limit_digits:
            for rest in readings(words[end:], limit_digits - len(digits)):
                yield (digits, *rest)


def digits_of(text: str) -> str:
    """The digits of the number words in a text, whatever stands between them."""
    return "".join(run.digits for run in find_numbers(tokens(text)))


def _longest(words: Sequence[str], index: int) -> tuple[int, str] | None:
    if index < len(words) and words[index] not in _FIRST_WORDS and not words[index].isdecimal():
        return None
    return max(_steps(words, index), default=None)


def _steps(words: Sequence[str], index: int) -> list[tuple[int, str]]:
    """Every number that starts at `index`, as (index after it, digits)."""
    if index >= len(words):
        return []
    word = words[index]
    if word.isdecimal():
        return [(index + 1, word)]
    if word in MULTIPLE:
        return [(end, str(value) * MULTIPLE[word]) for end, value in _below_hundred(words, index + 1) if value < 10]
    found = _below_thousand(words, index)
    for end, value in [*found, (index, 1)]:
        if value and end < len(words) and words[end] in THOUSAND:
            found.append((end + 1, value * 1000))
            found += [(last, value * 1000 + rest) for last, rest in _below_thousand(words, end + 1) if rest]
    return [(end, str(value)) for end, value in found]


def _below_thousand(words: Sequence[str], index: int) -> list[tuple[int, int]]:
    found = _below_hundred(words, index)
    for end, value in [*found, (index, 1)]:
        # "un cent" is not French: the hundred stands alone or behind 2 to 9.
        counted = end > index and 1 < value < 10
        if (counted or end == index) and end < len(words) and words[end] in HUNDRED:
            found.append((end + 1, value * 100))
            found += [(last, value * 100 + rest) for last, rest in _below_hundred(words, end + 1) if rest]
    return found


def _below_hundred(words: Sequence[str], index: int) -> list[tuple[int, int]]:
    if index >= len(words):
        return []
    word = words[index]
    if word in UNITS:
        found = [(index + 1, UNITS[word])]
        following = words[index + 1] if index + 1 < len(words) else ""
        if word == "dix" and following in ("sept", "huit", "neuf"):
            found.append((index + 2, 10 + UNITS[following]))
        if word == "quatre" and following in ("vingt", "vingts"):
            found += _tens(words, index + 2, 80, following_max=19)
        return found
    if word in TENS:
        return _tens(words, index + 1, TENS[word], following_max=19 if word == "soixante" else 9)
    return []


def _tens(words: Sequence[str], index: int, base: int, following_max: int) -> list[tuple[int, int]]:
    """`base`, and `base` with what is said behind it: "soixante [et] onze", "vingt [et] un"."""
    found = [(index, base)]
    behind = index
    if behind < len(words) and words[behind] == "et":
        if words[behind + 1 : behind + 2] and words[behind + 1] in ("un", "une", "onze"):
            behind += 1
        else:
            return found
    return found + [(end, base + value) for end, value in _below_hundred(words, behind) if 0 < value <= following_max]
