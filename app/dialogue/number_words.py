"""Numbers as a person says them in French: the words by CLDR's rules, and digits in groups that can be written down."""

from unicode_rbnf import FormatPurpose, RbnfEngine

LARGEST = 10**12
"""From here on CLDR's words ("un billion") are understood by nobody: digits are grouped."""
GROUP_DIGITS = 2
"""French telephone numbers are said in pairs (ITU-T E.123 writes them so), and people note others the same way."""

_ENGINE = RbnfEngine.for_language("fr")
_FEMININE = "spellout-cardinal-feminine"
_MASCULINE = "spellout-cardinal-masculine"


def cardinal(number: int, *, feminine: bool = False) -> str:
    """The words of a whole number, 0 or more: "vingt-et-un", "vingt-et-une"; digits in groups from 10¹² on."""
    if number >= LARGEST:
        return grouped(str(number))
    ruleset = _FEMININE if feminine else _MASCULINE
    return str(_ENGINE.format_number(number, ruleset_names=[ruleset]).text)


def ordinal(number: int, *, feminine: bool = False) -> str:
    """ "premier", "première", "vingt-et-unième"; of a number from 1 to below 10¹²."""
    ruleset = "spellout-ordinal-feminine" if feminine else "spellout-ordinal-masculine"
    return str(_ENGINE.format_number(number, FormatPurpose.ORDINAL, ruleset_names=[ruleset]).text)


def grouped(digits: str) -> str:
    """Digits in pairs with a breath between, the last three together if they are odd: "quarante-cinq, cent vingt".

    No digit is lost: a zero that begins a group is said.
    """
    ends = list(range(GROUP_DIGITS, len(digits) - 1, GROUP_DIGITS))
    if len(digits) == 3:
        ends = []
    starts = [0, *ends]
    groups = [digits[start:end] for start, end in zip(starts, [*ends, len(digits)], strict=True)]
    return ", ".join(digit_group(group) for group in groups)


def digit_group(digits: str) -> str:
    """A few digits as one number, with the zeros that lead it: "zéro six", "zéro zéro", "soixante-dix-huit"."""
    rest = digits.lstrip("0")
    words = ["zéro"] * (len(digits) - len(rest))
    if rest:
        words.append(cardinal(int(rest)))
    return " ".join(words)
