"""E-mail addresses as they are dictated in French: "jean point dupont arobase wanadoo point fr"."""

import re
from collections.abc import Sequence
from functools import lru_cache

from app.dialogue.french_numbers import find_numbers, fold, word_set
from app.dialogue.name_words import FUNCTION_WORDS

WRITTEN = re.compile(r"[\w.+-]*\w\s?@\s?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.ASCII)
"""An address that the recogniser has written down itself."""

PROVIDERS = (
    "gmail|googlemail|hotmail|outlook|wanadoo|orange|free|sfr|laposte|yahoo|icloud|live|bbox|neuf|numericable"
    "|protonmail|aol|gmx|msn|club-internet|bouyguestelecom|aliceadsl|cegetel|noos"
)
TOP_LEVEL = word_set(
    "fr com net org eu be ch io info biz pro co ca uk de it es lu dev tv gouv email bzh paris re nc me"
)

_REWRITES = [
    (re.compile(pattern), written)
    for pattern, written in [
        (r"[’‘]", "'"),
        (r"(?<=[a-z])-(?=[a-z])", " "),
        (r"\ba ro(?:base|baz)e?\b|\barr?obaz?s?e?\b|\baroba[sz]e?\b|\bat sign\b|\ba commercial\b"
         r"|(?<=\w) at (?=\w)", " @ "),
        (r"\bj'?\s?ai mail\b|\bg\w? mail\b|\bj mail\b|\bdji mail\b|\bje mail\b", " gmail "),
        (r"\bhot ?mail\b|\bhotmel\b|\bautmail\b", " hotmail "),
        (r"\bout ?look\b|\baoutlook\b", " outlook "),
        (r"\bwana ?doo?u?\b|\bvanadoo\b|\bouana ?dou\b", " wanadoo "),
        (r"\bla poste\b", " laposte "),
        (r"\bya ?hoo\b|\byahou\b", " yahoo "),
        (r"\b(?:i|aille|ail|aie) ?(?:cloud|claoud)\b", " icloud "),
        (r"\bb ?box\b|\bbi box\b|\bbe box\b", " bbox "),
        (r"\bproton mail\b", " protonmail "),
        (r"\bclub internet\b", " club-internet "),
        (r"\be+s+e? ?ef+e? ?er+e?\b|\bs f r\b", " sfr "),
        (r"\b(?:point|\.) ?(?:ef+e?\s?er+e?|f\.? ?r|ffr|effer)\b", " point fr "),
        (r"\b(?:point|\.) ?(?:comme?|kom|c o m|come)\s*(?=$|[,;.!?]|et\b|merci|voila|c'est)", " point com "),
        (r"\b(?:tiret|trait) (?:du|d'en) bas\b|\btiret bas\b|\btiret du (?:huit|8)\b|\bunder ?score\b"
         r"|\banderscore\b"
         r"|\bsouligne\b|\bunderscore\b", " _ "),
        (r"\btiret(?: haut| du (?:six|6)| du milieu| normal)?\b|\btrait d'?\s?union\b", " - "),
        (r"\bpoint\b", " . "),
        (r"\b(?:tout|tous) (?:attaches?e?s?|colles?|ensemble|en un mot|en minuscules?)\b"
         r"|\b(?:tout )?en (?:un (?:seul )?mot"
         r"|minuscules?|lettres minuscules?|toutes lettres|chiffres?)\b"
         r"|\bsans (?:espaces?|accents?|majuscules?)\b"
         r"|\bminuscules?\b|\bcolles?\b|\battaches?e?\b", " "),
        (r"\b(?:avec|il y a|y a) (?:un|une|deux|trois) \w+\b", " "),
        (r"\bcomme (?:dans )?(?:le |la |l'|un |une )?\w+", " "),
    ]
]  # fmt: skip
_PIECE = re.compile(r"@|[._+-]|\d+|[^\W\d_]+|[,;!?]")
_CHEZ = re.compile(r"\bchez (?=[\w -]{1,30} (?:point|\.) ?\w{2})")
_NO_AT = re.compile(rf"\b(?P<provider>{PROVIDERS})\s*\.\s*(?:fr|com|net)\b")
_FULL_STOP = re.compile(r"(?<=\w)[.!?…]+(?=\s*$|\s+[A-ZÀ-Ý])")
"""Punctuation of the recogniser's; a point of the address is said."""
_J_AI = re.compile(r"\bj'?\s?ai(?=\s*[@._-])")

_STOP_LEFT = word_set(
    """
    c est cest mail mails email courriel adresse electronique oui alors donc bonjour mon ma et puis suis notez
    ecrivez voila non pardon ok ben bah ah bon d'accord mes ici moi l' voici enfin attendez numero
    je j telephone merci tiens allez y sera serait a vous pro perso personnel professionnel personnelle
    professionnelle n' m' d' s' note que qui ce bien sur pour mettez madame monsieur sa son hop boite disons fait
    """
)
_INSIDE = word_set("de du des la le les au aux en sur par sous son nos bien ok ta te un une on or nom nous mes")
"""Function words that stand within addresses: "garage du centre arobase …"."""
_NEVER_WRITTEN = frozenset(word for word in FUNCTION_WORDS - _INSIDE if len(word) > 1) | word_set(
    """
    utilise utilises utilisez utiliser envoyez envoyer envoie ecrire ecrivez ecris marquez prenez essayez donner
    donnez crois pense joindre contacter contactez repondez recevoir recois lis consulte regarde mettre mets
    nouvelle nouveau ancienne ancien bonne exact exacte exactement correct suivante suivant simple sinon aussi plutot
    appelait vas-y prends retenez retiens toujours maintenant depuis attention allez-y cherche retrouve trouve
    boulot travail devrait doit normalement habite
    """
)
"""Words of the sentence around an address."""
_FILLERS = word_set("euh heu hum hmm mmh alors donc ben bah hein oh ah ha")
_CORRECTION = word_set("non pardon enfin plutot")
_SEPARATORS = frozenset("._+-")


@lru_cache(maxsize=8)
def rewrite(text: str) -> str:
    """Folds a text and writes its spoken signs as signs: "jean point dupont" → "jean . dupont".

    Several questions are asked of the same turn, hence the cache.
    """
    text = fold(_FULL_STOP.sub(";", text))
    for pattern, written in _REWRITES:
        text = pattern.sub(written, text)
    text = " ".join(text.split())
    if "@" not in text:
        text = _CHEZ.sub(" @ ", text, count=1)
    if "@" not in text:
        text = _NO_AT.sub(lambda match: "@ " + match[0], text, count=1)
    return _J_AI.sub("g", text)


def find_email(text: str) -> str | None:
    """The last complete e-mail address in a text, lower case; None when there is none."""
    written = WRITTEN.findall(fold(text))
    if written:
        return str(written[-1]).replace(" ", "").lstrip(".-")
    pieces = _PIECE.findall(rewrite(text))
    if "@" not in pieces:
        return None
    sign = len(pieces) - 1 - pieces[::-1].index("@")
    local = _local_part(pieces[:sign])
    while (local in _CORRECTION or not local) and "@" in pieces[:sign]:
        # "jean arobase orange, enfin non, arobase gmail": only the domain is taken back.
        earlier = sign - 1 - pieces[:sign][::-1].index("@")
        local = _local_part(pieces[:earlier])
        pieces[earlier:sign] = []
        sign = earlier
    domain = _domain(pieces[sign + 1 :])
    return f"{local}@{domain}" if local and domain else None


def has_at_sign(text: str) -> bool:
    """Whether somebody is plainly dictating an address: an at sign was said or written."""
    return "@" in rewrite(text)


def _local_part(pieces: Sequence[str]) -> str:
    """Walks back from the at sign to the word that introduces the address."""
    kept: list[str] = []
    for index in range(len(pieces) - 1, -1, -1):
        piece = pieces[index]
        joined = bool(kept) and kept[-1] in _SEPARATORS
        letters = kept and len(kept[-1]) == 1 and kept[-1].isalpha() and len("".join(pieces[index - 1 : index])) == 1
        if piece == "euh" and letters:
            piece = "e"  # spelled: "j euh a n"
        before_sign = index > 0 and pieces[index - 1] in _SEPARATORS
        if piece in _FILLERS or (piece == "," and (not kept or joined or before_sign)):
            continue
        introduces = piece in _STOP_LEFT or piece in _NEVER_WRITTEN or not (piece.isalnum() or piece in _SEPARATORS)
        # "l" or "a" may be a spelled letter, and "bon . jean@" a word of a name: a sign beside it decides.
        spelled = len(piece) == 1 and piece.isalpha() and bool(kept) and len(kept[-1]) == 1
        if introduces and kept and not joined and not spelled:
            break
        kept.append(piece)
    words = _numbers_as_digits(kept[::-1])
    return _doubled("".join(words)).strip("._-+")


def _domain(pieces: Sequence[str]) -> str:
    """Reads on from the at sign to the end of the top-level domain."""
    kept: list[str] = []
    for index, piece in enumerate(pieces):
        if piece in _CORRECTION:
            kept.clear()
        elif piece in _FILLERS or piece in ",;!?":
            continue
        else:
            kept.append(piece)
            following = pieces[index + 1] if index + 1 < len(pieces) else ""
            if piece in TOP_LEVEL and kept[-2:-1] == ["."] and len(kept) > 2 and following != ".":
                rest = pieces[index + 1 :]
                corrected = _domain(rest[1:]) if rest and rest[0] in _CORRECTION else ""
                return corrected or _written_domain(kept)
    return ""


def _written_domain(labels: Sequence[str]) -> str:
    """A number said as a whole label is a word: "neuf point fr" is no "9.fr"."""
    words = labels if len(labels) == len(["neuf", ".", "fr"]) else _numbers_as_digits(labels)
    return "".join(words).strip("._-+")


def _numbers_as_digits(words: Sequence[str]) -> list[str]:
    written = list(words)
    for run in reversed(find_numbers(words)):
        written[run.start : run.end] = [run.digits]
    return written


def _doubled(local: str) -> str:
    return re.sub(r"\.{2,}", ".", local)
