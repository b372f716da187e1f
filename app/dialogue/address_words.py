"""Addresses and codes as they are dictated in French: "jean point dupont, arobase, wanadoo point F R"."""

import re

from app.dialogue.french_numbers import word_set
from app.dialogue.number_words import grouped

SIGNS = {"@": ", arobase,", ".": "point", "-": "tiret", "_": "tiret bas", "+": "plus", "/": "slash"}
LETTERS = word_set(
    """
    SAV SMS MMS ADSL VDSL FTTH FTTO TV TVA TTC HT CB PC HD UHD URL USB VPN IP IPV DNS DHCP SFR NRO PTO ONT LAN WAN HDMI
    GPS NFC SSID WPA WPS WEP LTE PDF SARL RGPD
    """
)
"""Said letter by letter though they have a vowel, or stand in codes. SIM, PIN and RIB are words."""

_PIECE = re.compile(r"[0-9]+|[^\W\d_]+|\S")
_VOWELS = frozenset("aeiouyàâäéèêëîïôöùûüœæ")
_ONSETS = word_set(
    """
    bl br ch chl chr cl cr dj dr fl fr gl gn gr gu kh kl kn kr ph phl phr pl pn pr ps pt qu rh sc sch scl scr sh sk sl
    sm sn sp sph spl spr st str sw th thr tr ts vl vr wh wr zh
    """
)
"""Consonants that words begin with, in French and in the names and trade words that it has taken in."""
LONGEST_CLUSTER = 4
"""Consonants in a row that a name may have ("Schwartz")."""


def address_words(address: str) -> str:
    """An address or a code, piece by piece: no letter, digit or sign is lost."""
    pieces = [_piece_words(piece) for piece in _PIECE.findall(address)]
    return " ".join(pieces).replace(" ,", ",")


def code_words(code: str) -> str:
    """The number of a ticket and the like, whose signs nobody says: "TK-4512" is "T K, quarante-cinq, douze"."""
    return ", ".join(_piece_words(piece) for piece in _PIECE.findall(code) if piece.isalnum())


def _piece_words(piece: str) -> str:
    if piece.isascii() and piece.isdecimal():
        return grouped(piece)
    return letters_or_word(piece) if piece.isalpha() else SIGNS.get(piece, piece)


def letters_or_word(run: str) -> str:
    """Letters as a word if French can say it, else by their names: "wanadoo", "F R", "J dupont"."""
    low = run.lower()
    if len(low) < 3 or run.upper() in LETTERS or not _VOWELS & set(low) or _longest_cluster(low) > LONGEST_CLUSTER:
        return spelled(run)
    onset = re.split(f"[{''.join(_VOWELS)}]", low, maxsplit=1)[0]
    if len(onset) > 1 and onset not in _ONSETS:  # "jdupont", "gmail": an initial, then a word
        return f"{spelled(run[0])} {letters_or_word(run[1:])}"
    return low


def spelled(letters: str) -> str:
    """Letter by letter, in capitals, which voices take for the letters' names: "S A V"."""
    return " ".join(letters.upper())


def _longest_cluster(word: str) -> int:
    return max(len(cluster) for cluster in re.split(f"[{''.join(_VOWELS)}]", word))
