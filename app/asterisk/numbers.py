"""A caller's number as a telephone system gives it, made E.164. Pure."""

import re

MAX_DIGITS = 15
"""E.164, ITU-T."""

_PUNCTUATION = re.compile(r"[\s().\-/]")
_DIALLED = re.compile(r"\+?[0-9*#]+")
_NATIONAL = re.compile(r"0[1-9]\d{8}")
_FRENCH_WITHOUT_PLUS = re.compile(r"33[1-9]\d{8}")
_TRUNK_ZERO = re.compile(r"\+330([1-9]\d{8})")


def caller_number(given: str) -> str | None:
    """The number as E.164 where it can be made so, as it is otherwise (an extension), None when withheld.

    French numbers come as "0612345678", "33612345678", "0033612345678", "+33612345678" or "+33 (0)6 12…", depending on
    the operator's trunk. What holds letters ("anonymous", "unknown", "unavailable") is no number.
    """
    bare = _PUNCTUATION.sub("", given)
    if not _DIALLED.fullmatch(bare):
        return None
    digits = bare.lstrip("+")
    if not digits.strip("0*#") or len(digits) > MAX_DIGITS + 2:  # 00 before it
        return None
    if _NATIONAL.fullmatch(bare):
        return "+33" + bare[1:]
    if _FRENCH_WITHOUT_PLUS.fullmatch(bare):
        return "+" + bare
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    return _TRUNK_ZERO.sub(r"+33\1", bare)
