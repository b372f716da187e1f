"""What callers give of themselves, out of spoken French: e-mail, telephone, name, company, ticket number."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Literal

from app.dialogue.french_numbers import TENS, NumberRun, find_numbers, fold, readings, tokens, word_set
from app.dialogue.intents import Fields
from app.dialogue.spoken_email import TOP_LEVEL, find_email, has_at_sign, rewrite
from app.dialogue.spoken_identity import find_identity
from app.dialogue.states import State

FieldKind = Literal["email", "phone", "name", "ticket"]

PHONE_WORDS_MAX = 24
""" "trente-trois six", then four pairs of up to four words ("quatre-vingt-dix-sept"), and some hesitation."""
TICKET_DIGITS_MIN = 3
TICKET_DIGITS_MAX = 9
READINGS_MAX = 400
TEXT_MAX = 1000
"""Characters looked at, from the end: more than a minute of speech."""

_NATIONAL = re.compile(r"0[1-9]\d{8}")
_INTERNATIONAL = re.compile(r"(?:00)?330?([1-9]\d{8})")
_PHONE_GAP = word_set("euh heu hum hmm alors donc puis ensuite apres et ben bah voila le la suivi de c est ca fait")
_CORRECTION = word_set("non pardon enfin plutot trompe oups attendez excusez")
_UNITS = word_set(
    """
    minute minutes seconde secondes heure heures jour jours semaine semaines mois an ans annee annees fois euro euros
    centimes g giga gigas go mega megas mbps mb h pourcent janvier fevrier mars avril mai juin juillet aout septembre
    octobre novembre decembre personnes postes voyants rue avenue boulevard place impasse chemin allee bis metres barres
    box lignes telephones portables ordinateurs chaines clients salaries
    """
)
_TICKET_WORDS = word_set("ticket tickets dossier incident intervention reclamation demande reference")
_NUMBER_WORDS = word_set("numero numeros le c celui")
_AMOUNT_BEFORE = word_set("depuis dans pendant a apres avant vers il")
_TRAILING = word_set(
    """
    euh heu hum et point arobase tiret de du la le les chez est numero mail adresse appelle societe entreprise avec
    alors donc c mon ma pour au suis comme puis ensuite underscore moi l d
    """
)


def extract(text: str, state: State | None = None) -> Fields:
    """Finds and normalises every field in one turn.

    Args:
        text: what was said, as the recogniser wrote it.
        state: where the call is; in `IDENTIFICATION` a bare "dupont" is a name, in `TICKET_VERIFICATION` a bare
            number is a ticket.
    """
    text = text[-TEXT_MAX:]
    if not text.strip():
        return Fields()
    email = find_email(text)
    words = tokens(text)
    runs = find_numbers(words)
    phone, phone_span = _phone(words, runs)
    ticket = _ticket(words, [run for run in runs if not _inside(run, phone_span)], state, bool(phone))
    who = find_identity(_without_email(text), expected=state is State.IDENTIFICATION)
    return Fields(email=email, phone=phone, name=who.name, company=who.company, ticket=None if email else ticket)


def is_complete(kind: FieldKind, text: str) -> bool | None:
    """Whether a field is completely said, so that the turn can end without waiting for silence.

    Returns:
        True: nothing more can come. False: plainly half said ("jean point dupont arobase"). None: can't tell.
    """
    text = text[-TEXT_MAX:]
    words = tokens(text)
    if not words:
        return None
    checks = {"email": _email_complete, "phone": _phone_complete, "name": _name_complete, "ticket": _ticket_complete}
    return checks[kind](text, words)


def as_e164(digits: str) -> str | None:
    """A complete French number as E.164, None for any other digits."""
    if _NATIONAL.fullmatch(digits):
        return "+33" + digits[1:]
    international = _INTERNATIONAL.fullmatch(digits)
    return "+33" + international[1] if international else None


def _without_email(text: str) -> str:
    """The words in front of the address, which belong to nobody's name when it is dictated without a"
    " pause."""
    if not has_at_sign(text):
        return text
    before = re.split(r"@|\baroba\w*|\ba rob\w*", text, maxsplit=1, flags=re.IGNORECASE)[0]
    parts = re.split(r"\b(?:e-?\s?mail|mail|adresse|courriel)\b|,", before, maxsplit=1, flags=re.IGNORECASE)
    return re.sub(r"\b(?:mon|ma|l'|et|son|e)\s*$", "", parts[0].strip()) if len(parts) > 1 else ""


def _phone(words: Sequence[str], runs: Sequence[NumberRun]) -> tuple[str | None, tuple[int, int]]:
    """The last complete French number, as E.164, and the words that it took."""
    best: tuple[str | None, tuple[int, int]] = (None, (0, 0))
    for first in range(len(runs)):
        heard: list[str] = []
        for last in range(first, len(runs)):
            run = runs[last]
            gap = words[runs[last - 1].end : run.start] if last > first else []
            if any(word in _CORRECTION for word in gap):
                heard = heard[: len(heard) - _last_number_words(runs[last - 1])]
            elif any(word not in _PHONE_GAP for word in gap):
                break
            heard += words[run.start : run.end]
            number = _as_phone(heard)
            if number:
                best = (number, (runs[first].start, run.end))
    return best


def _last_number_words(run: NumberRun) -> int:
    """How many words the last number of a run took: what a correction takes back."""
    begin = run.ends[-2] if len(run.ends) > 1 else run.start
    return run.end - begin


def _as_phone(heard: Sequence[str]) -> str | None:
    if len(heard) > PHONE_WORDS_MAX:
        return None
    for count, groups in enumerate(islice(readings(heard), READINGS_MAX)):
        international = _INTERNATIONAL.fullmatch("".join(groups))
        national = _national(groups)
        if national and (count == 0 or _in_pairs(national)):
            return "+33" + "".join(national)[1:]
        if count == 0 and international:
            return "+33" + international[1]
    return None


def _national(groups: tuple[str, ...]) -> tuple[str, ...] | None:
    """Ten digits that begin with 0: "33 6 12 …" is heard as "0 6 12 …"."""
    if groups[:1] == ("33",):
        groups = groups[1:] if groups[1:2] and groups[1][0] == "0" else ("0", *groups[1:])
    return groups if _NATIONAL.fullmatch("".join(groups)) else None


def _in_pairs(groups: tuple[str, ...]) -> bool:
    """Whether numbers are said two digits at a time: "trente quatre" is then never 30 and 4."""
    digits = 0
    for group in groups:
        if len(group) == 2 and digits % 2:
            return False
        digits += len(group)
    return True


def _inside(run: NumberRun, span: tuple[int, int]) -> bool:
    return span[0] <= run.start < span[1]


def _ticket(words: Sequence[str], runs: Sequence[NumberRun], state: State | None, has_phone: bool) -> str | None:
    """Digits called a ticket; in the states that ask for one, any number of three digits or more."""
    named = any(word in _TICKET_WORDS for word in words)
    asked = state in (State.TICKET_VERIFICATION, State.IDENTIFICATION)
    found = None
    joined = _joined(words, runs)
    for start, end, digits in joined:
        before = words[start - 1] if start else ""
        after = words[end] if end < len(words) else ""
        if after in _UNITS or not 1 < len(digits) <= TICKET_DIGITS_MAX:
            continue
        introduced = any(word in _TICKET_WORDS or word == "numero" for word in words[max(0, start - 5) : start])
        if len(digits) < TICKET_DIGITS_MIN and not introduced:
            continue
        bare = asked and before not in _AMOUNT_BEFORE and not (has_phone and not named)
        partial_phone = digits[0] == "0" and len(digits) > 1 and state is State.IDENTIFICATION and not named
        if (introduced and (named or asked)) or (bare and not partial_phone):
            found = digits
    return found


def _joined(words: Sequence[str], runs: Sequence[NumberRun]) -> list[tuple[int, int, str]]:
    """Runs with only hesitation or a correction between them, as (start, end, digits)."""
    joined: list[tuple[int, int, str]] = []
    for run in runs:
        gap = words[joined[-1][1] : run.start] if joined else ["|"]
        if all(word in ("euh", "heu", "hum", "puis", "et", "ensuite") for word in gap):
            joined[-1] = (joined[-1][0], run.end, joined[-1][2] + run.digits)
        else:
            joined.append((run.start, run.end, run.digits))
    return joined


def _email_complete(text: str, words: Sequence[str]) -> bool | None:
    written = rewrite(text).rstrip(" ,;.!?") if not fold(text).rstrip().endswith("point") else rewrite(text)
    pieces = written.split()
    if not has_at_sign(text):
        dictating = any(sign in pieces for sign in (".", "-", "_"))
        return False if dictating or words[-1] in _TRAILING else None
    ending = re.search(r"\.\s*([a-z]+)$", written)
    if ending and find_email(text):
        return True if ending[1] in TOP_LEVEL - {"co", "re", "me", "be"} else None
    if find_email(text):
        return words[-1] not in _TRAILING
    return False


def _phone_complete(text: str, words: Sequence[str]) -> bool | None:
    runs = find_numbers(words)
    if not runs:
        return False if words[-1] in _TRAILING else None
    number, span = _phone(words, runs)
    if not number:
        return False
    # "soixante" may go on with "dix", "soixante-dix" with "huit".
    growing = words[-1] in TENS or (words[-1] == "dix" and words[-2] in ("soixante", "vingt", "vingts"))
    return None if growing or runs[-1].end > span[1] else True


def _name_complete(text: str, words: Sequence[str]) -> bool | None:
    if words[-1] in _TRAILING:
        return False
    who = find_identity(_without_email(text), expected=True)
    return True if who.name and who.company else None


def _ticket_complete(text: str, words: Sequence[str]) -> bool | None:
    if words[-1] in _TRAILING:
        return False
    runs = find_numbers(words)
    if not runs:
        return None
    digits = "".join(run.digits for run in runs)
    if len(digits) < TICKET_DIGITS_MIN:
        return False
    # "quatre mille cinq cents" may go on with "douze"; written digits and a last pair may not.
    open_ended = words[runs[-1].end - 1] in ("mille", "cent", "cents") or (
        "mille" in words and len(digits) == 4 and digits[1:3] == "00"
    )
    return True if len(digits) >= 4 and not open_ended else None
