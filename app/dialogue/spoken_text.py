"""Text for the ear: what is written is worded as a person would say it, just before a voice speaks it.

Rules find what voices misread (numbers of telephones and tickets, dates, hours, amounts, addresses, abbreviations) and
word it; everything else stays as it is. The result is plain text, which nothing changes any more. Transcript, history
and ticket keep the written form.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from app.dialogue.address_words import LETTERS, address_words, code_words, spelled
from app.dialogue.french_numbers import word_set
from app.dialogue.number_words import cardinal, digit_group, grouped, ordinal

REMEMBERED_TEXTS = 512
"""The fixed phrases, and as many sentences that may come again."""
LONGEST_NUMBER_DIGITS = 6
"""Longer ones without separators are nobody's quantity but a code: they are said in groups."""

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
UNITS = {
    "ko": "kilooctet", "Ko": "kilooctet", "Mo": "mégaoctet", "Go": "gigaoctet", "To": "téraoctet",
    "kbit/s": "kilobit par seconde", "kb/s": "kilobit par seconde", "kbps": "kilobit par seconde",
    "Mbit/s": "mégabit par seconde", "Mb/s": "mégabit par seconde", "Mbps": "mégabit par seconde",
    "Gbit/s": "gigabit par seconde", "Gb/s": "gigabit par seconde", "Gbps": "gigabit par seconde",
    "MHz": "mégahertz", "GHz": "gigahertz", "dB": "décibel", "dBm": "D B M", "V": "volt", "W": "watt",
    "km": "kilomètre", "m": "mètre", "cm": "centimètre", "mm": "millimètre", "kg": "kilo", "g": "gramme",
    "°C": "degré", "°": "degré", "%": "pour cent",
    "ms": "milliseconde", "s": "seconde", "sec": "seconde", "min": "minute", "mn": "minute", "h": "heure", "j": "jour",
}  # fmt: skip
_INVARIABLE = frozenset(("mégahertz", "gigahertz", "D B M", "pour cent"))
_FEMININE = word_set(
    """
    milliseconde seconde minute heure semaine journée année fois personne carte ligne option page étape box puce facture
    offre demande adresse barre panne coupure tentative intervention chaîne prise
    """
)
"""Nouns of the trade behind which a number agrees: "une", "vingt-et-une"."""
ABBREVIATIONS = {
    "M.": "monsieur", "MM.": "messieurs", "Mr": "monsieur", "Mme": "madame", "Mmes": "mesdames", "Mlle": "mademoiselle",
    "Dr": "docteur", "Sté": "société", "n°": "numéro", "N°": "numéro", "tél.": "téléphone", "Tél.": "téléphone",
    "réf.": "référence", "Réf.": "référence", "svp": "s'il vous plaît", "SVP": "s'il vous plaît", "rdv": "rendez-vous",
    "RDV": "rendez-vous", "c.-à-d.": "c'est-à-dire", "p. ex.": "par exemple",
}  # fmt: skip
SYMBOLS = {
    "€": "euros", "%": "pour cent", "&": "et", "@": "arobase", "#": "dièse", "*": "étoile", "°": "degrés", "=": "égale",
    "+": "plus",
}  # fmt: skip

_THOUSANDS = "(?<![0-9])[1-9][0-9]{0,2}(?:[ \u00a0\u202f][0-9]{3}){1,3}(?![0-9])"
_WHOLE = rf"(?<![0-9])({_THOUSANDS}|[0-9]{{1,12}}(?![0-9]))"
_ALONE = r"(?<![\w.,/-])"
_CODE_WORD = (
    r"(?:tickets?|dossiers?|commandes?|clients?|contrats?|factures?|références?|réf\.|numéros?|codes?|comptes?|n°)"
    r"(?:\s*(?:n°|numéro|est(?: le)?\b|:)){0,3}"
)

Words = Callable[[re.Match[str]], str]


def spoken_text(text: str) -> str:
    """A sentence as it is to be said.

    "Ticket n° 4512, rappel à 14h30" is "Ticket numéro quarante-cinq, douze, rappel à quatorze heures trente".
    """
    return _spoken(text)


@lru_cache(REMEMBERED_TEXTS)
def _spoken(text: str) -> str:
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    return text


def _telephone(match: re.Match[str]) -> str:
    digits = re.sub(r"[^0-9]", "", match["national"])
    if match["country"]:
        abroad = digit_group(re.sub(r"\(0\)|[^0-9]", "", match["country"]).removeprefix("00"))
        return f"plus {abroad}, {digit_group(digits[0])}, {grouped(digits[1:])}"
    return grouped(digits)


def _day(match: re.Match[str]) -> str:
    """A date in figures, or the figures themselves where there is no such day."""
    day, month, year = int(match["day"]), int(match["month"]), match["year"] or ""
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    words = [ordinal(1) if day == 1 else cardinal(day), MONTHS[month - 1]]
    if year:
        words.append(cardinal(int(year) if len(year) == 4 else 2000 + int(year)))
    return " ".join(words)


def _hour(match: re.Match[str]) -> str:
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    words = [cardinal(hours, feminine=True), "heures" if hours > 1 else "heure"]
    if minutes:
        words.append(cardinal(minutes, feminine=True))
    if match["until"]:
        words.append("à ")
    return " ".join(words)


def _amount(match: re.Match[str]) -> str:
    whole, cents = _integer(match[1]), int((match[2] or "").ljust(2, "0"))
    words = []
    if whole or not cents:
        words = [cardinal(whole), ("d'" if whole and whole % 1_000_000 == 0 else "") + _plural("euro", whole)]
    if cents:
        words.append(cardinal(cents))
        if not whole:
            words.append(_plural("centime", cents))
    if match["per"]:
        words.append("par " + match["per"])
    return " ".join(words)


def _measure(match: re.Match[str]) -> str:
    return _counted(_integer(match[1]), UNITS[match["unit"]], match[2])


def _dotted(match: re.Match[str]) -> str:
    return " point ".join(map(digit_group, match[0].split(".")))


def _symbol(match: re.Match[str]) -> str:
    before = " " if match.start() else ""
    return before + SYMBOLS[match[1]] + (" " if match.end() < len(match.string) else "")


def _ordinal(match: re.Match[str]) -> str:
    number, ending = int(match[1]), match[2]
    if not 1 <= number < 1000:
        return f"{cardinal(number)} {ending}"
    if number == 2 and ending.startswith("nd"):
        return "seconde" if ending.startswith("nde") else "second"
    return ordinal(number, feminine=number == 1 and "r" in ending and not ending.startswith("er"))


def _digits(match: re.Match[str]) -> str:
    digits, noun = match[1], (match[2] or "").removesuffix("s")
    if digits.startswith("0") or len(digits) > LONGEST_NUMBER_DIGITS:
        return grouped(digits)
    return cardinal(int(digits), feminine=noun in _FEMININE or f"{noun}s" in _FEMININE)


def _counted(whole: int, noun: str, part: str | None = None) -> str:
    number = _decimal(whole, part) if part else cardinal(whole, feminine=noun in _FEMININE)
    return f"{number} {_plural(noun, whole)}"


def _decimal(whole: int, part: str) -> str:
    return f"{cardinal(whole)} virgule {digit_group(part) if len(part) <= 3 else grouped(part)}"


def _integer(digits: str) -> int:
    return int(re.sub(r"[^0-9]", "", digits))


def _plural(noun: str, number: int) -> str:
    if number < 2 or noun in _INVARIABLE:
        return noun
    first, *rest = noun.split(" ")
    return " ".join([f"{first}s", *rest])


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_DATE_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_HOURS = r"(?P<hours>[01]?[0-9]|2[0-4])"
_UNTIL = r"(?P<until>\s?[-–]\s?(?=[0-9]))?"
_RULES: list[tuple[re.Pattern[str], Words]] = [
    (re.compile(pattern), words)
    for pattern, words in (
        # What a model writes for the eye.
        (r"[*_`]{2,}|(?m:^#+ )", lambda _match: ""),
        # Addresses.
        (r"(?<![\w.+-])[\w.+-]{0,63}\w@\w[\w-]*(?:\.\w[\w-]*)+", lambda match: address_words(match[0])),
        (
            r"(?<![\w.-])(?:https?://)?((?:www\.)?[\w-]+(?:\.[\w-]+)*\.(?:fr|com|net|org|eu|be|ch|io)(?:/[\w./-]*\w)?)(?!\w)",
            lambda match: address_words(match[1]),
        ),
        # Telephones: ten digits, however they are cut.
        (
            _ALONE + r"(?P<country>\+[0-9]{1,3}[ .-]?(?:\(0\)[ .-]?)?|0033[ .-]?)?(?P<national>(?(country)[1-9]|0[1-9])"
            r"(?:[ .-]?[0-9]{2}){4})(?![ .-]?[0-9])(?!\w)",
            _telephone,
        ),
        # Dates and hours.
        (_ALONE + r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?![\w-])", _day),
        (_ALONE + rf"(?P<day>[0-9]{{1,2}})([/.-])(?P<month>[0-9]{{1,2}})\2{_DATE_YEAR}(?![\w/-])", _day),
        (r"(?<=\b[lLdDaA][eu] )(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})(?P<year>(?!))?(?![\w/-])", _day),
        (rf"(?<![\w.,/-])1(?= (?:{'|'.join(MONTHS)})\b)", lambda _match: ordinal(1)),
        (
            _ALONE + r"([0-9]{1,2})\s?([hj])\s?/\s?([0-9]{1,2})(?!\w)",
            lambda match: f"{_counted(int(match[1]), UNITS[match[2]])} sur {cardinal(int(match[3]))}",
        ),
        (_ALONE + rf"{_HOURS}\s?[hH](?:\s?(?P<minutes>[0-5][0-9]))?(?![\w/]){_UNTIL}", _hour),
        (_ALONE + rf"{_HOURS}:(?P<minutes>[0-5][0-9])(?![\w:]){_UNTIL}", _hour),
        # Numbers that are names.
        (
            rf"(?i:\b({_CODE_WORD})\s*)((?>[A-Z]{{0,4}}-?[0-9](?:[ -]?[0-9])*))(?!\w|[,.][0-9]|\s?[€%/]|\s?euro)",
            lambda match: f"{match[1]} {code_words(re.sub('(?<=[0-9])[ -](?=[0-9])', '', match[2]))}",
        ),
        # Quantities.
        (
            _WHOLE + r"(?:[,.]([0-9]{1,2}))?\s?(?:€|euros?\b|EUR\b)(?:\s?/\s?(?P<per>mois|ans?|jour|heure|semaine)\b)?",
            _amount,
        ),
        (rf"{_WHOLE}(?:[,.]([0-9]+))?\s?(?P<unit>{_any_of(UNITS)})(?!\w)", _measure),
        (r"(?<!\w)([0-9]{1,3})\s?(ers?|res?|ères?|ndes?|nds?|i?[eè]mes?|es?)(?!\w)", _ordinal),
        # Codes of letters and digits: "RJ45", "4G".
        (r"(?<!\w)(?=[^\W_-]*[0-9])(?=[^\W_-]*[^\W\d_])[^\W_]+(?!\w)", lambda match: address_words(match[0])),
        (r"[0-9]{1,3}(?:\.[0-9]{1,3}){2,}(?![0-9])", _dotted),
        (_THOUSANDS, lambda match: cardinal(_integer(match[0]))),
        (_WHOLE + r"[,.]([0-9]+)", lambda match: _decimal(_integer(match[1]), match[2])),
        (r"(?<=[0-9])\s?/\s?(?=[0-9])", lambda _match: " sur "),
        (r"(?<=[0-9])\s?[-–]\s?(?=[0-9])", lambda _match: " à "),
        (r"(?<!\w)[-−](?=[0-9])", lambda _match: "moins "),
        (r"(?<!\w)\+(?=[0-9])", lambda _match: "plus "),
        (r"([0-9]+)(?:(?=\s+([^\W\d_]+)))?", _digits),
        # Words.
        (rf"(?<!\w)(?<!\b[A-Z] )(?:{_any_of(ABBREVIATIONS)})(?!\w)", lambda match: ABBREVIATIONS[match[0]]),
        (
            r"(?<!\w)[A-Z]{2,6}(?!\w)",
            lambda match: spelled(match[0]) if match[0] in LETTERS or not set("AEIOUY") & set(match[0]) else match[0],
        ),
        (r"\s{0,2}([€%&@#*°=+])\s{0,2}", _symbol),
    )
]
