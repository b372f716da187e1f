"""What is written for the eye is worded for the ear: examples that were read aloud, and what must hold for any text."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from app.dialogue.address_words import LETTERS
from app.dialogue.french_numbers import digits_of
from app.dialogue.number_words import cardinal, grouped
from app.dialogue.prompts import default_prompts
from app.dialogue.spoken_email import find_email
from app.dialogue.spoken_text import ABBREVIATIONS, spoken_text

MOBILE = "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"
ABROAD = "plus trente-trois, six, douze, trente-quatre, cinquante-six, soixante-dix-huit"
DAY = "vingt-huit novembre deux mille vingt-six"

WORDED = {
    # telephones
    "Rappelez le 06 12 34 56 78.": f"Rappelez le {MOBILE}.",
    "0612345678": MOBILE,
    "06.12.34.56.78": MOBILE,
    "06-12-34-56-78": MOBILE,
    "+33 6 12 34 56 78": ABROAD,
    "0033612345678": ABROAD,
    "+33 (0)6 12 34 56 78": ABROAD,
    "01 00 05 20 80": "zéro un, zéro zéro, zéro cinq, vingt, quatre-vingts",
    # addresses
    "jean.dupont@wanadoo.fr": "jean point dupont, arobase, wanadoo point F R",
    "j-martin_75@sfr.fr": "J tiret martin tiret bas soixante-quinze, arobase, S F R point F R",
    "jdupont2@gmail.com": "J dupont deux, arobase, G mail point com",
    "Voyez www.wipple.fr/aide.": "Voyez W W W point wipple point F R slash aide.",
    "https://wipple.fr": "wipple point F R",
    # numbers that are names
    "Le ticket n° 4512 est ouvert.": "Le ticket numéro quarante-cinq, douze est ouvert.",
    "ticket n°4512": "ticket numéro quarante-cinq, douze",
    "Ticket 45123": "Ticket quarante-cinq, cent vingt-trois",
    "dossier TK-4512": "dossier T K, quarante-cinq, douze",
    "numéro de client : 0045": "numéro de client : zéro zéro, quarante-cinq",
    "le code est le 12 34": "le code est le douze, trente-quatre",
    "123456789": "douze, trente-quatre, cinquante-six, sept cent quatre-vingt-neuf",
    # dates
    "le 28/11/2026": f"le {DAY}",
    "le 28.11.2026": f"le {DAY}",
    "le 2026-11-28": f"le {DAY}",
    "le 28/11/26": f"le {DAY}",
    "le 01/05": "le premier mai",
    "le 1 mai et le 1er juin": "le premier mai et le premier juin",
    "31/13/2026": "trente-et-un sur treize sur deux mille vingt-six",
    # hours
    "à 14h30": "à quatorze heures trente",
    "à 14 h 05": "à quatorze heures cinq",
    "à 14:30": "à quatorze heures trente",
    "à 1h": "à une heure",
    "à 21h21": "à vingt-et-une heures vingt-et-une",
    "de 9h00 à 18h00": "de neuf heures à dix-huit heures",
    "8h-12h": "huit heures à douze heures",
    "sous 48h, 24h/24": "sous quarante-huit heures, vingt-quatre heures sur vingt-quatre",
    "7j/7": "sept jours sur sept",
    # amounts
    "12,50 €": "douze euros cinquante",
    "12,5 €": "douze euros cinquante",
    "1 €": "un euro",
    "0,99 €": "quatre-vingt-dix-neuf centimes",
    "0,01€": "un centime",
    "29,99 €/mois": "vingt-neuf euros quatre-vingt-dix-neuf par mois",
    "1 234,56 euros": "mille deux cent trente-quatre euros cinquante-six",
    "1 000 000 €": "un million d'euros",
    # ordinals
    "le 1er étage": "le premier étage",
    "la 1re fois, la 1ère": "la première fois, la première",
    "au 2ème, 2nd, 2nde, 21e": "au deuxième, second, seconde, vingt-et-unième",
    # quantities
    "300 Mbit/s": "trois cents mégabits par seconde",
    "2,4 GHz ou 5 GHz": "deux virgule quatre gigahertz ou cinq gigahertz",
    "1 min 30 s": "une minute trente secondes",
    "12,5 %": "douze virgule cinq pour cent",
    "3,05": "trois virgule zéro cinq",
    "12 345 clients": "douze mille trois cent quarante-cinq clients",
    "21 fois, 1 box, 21 jours": "vingt-et-une fois, une box, vingt-et-un jours",
    "2-3 minutes": "deux à trois minutes",
    "1/2": "un sur deux",
    "-5": "moins cinq",
    "192.168.1.10": "cent quatre-vingt-douze point cent soixante-huit point un point dix",
    # letters
    "Le SAV envoie un SMS.": "Le S A V envoie un S M S.",
    "la 4G, la 5G": "la quatre G, la cinq G",
    "une prise RJ45": "une prise R J quarante-cinq",
    "la carte SIM et le code PIN, OUI ou NON": "la carte SIM et le code PIN, OUI ou NON",
    "M. Dupont, Mme Martin": "monsieur Dupont, madame Martin",
    "rdv svp": "rendez-vous s'il vous plaît",
    "tapez * ou #": "tapez étoile ou dièse",
    "**Très** important": "Très important",
}  # fmt: skip


@pytest.mark.parametrize("written", WORDED)
def test_as_a_person_would_say_it(written: str) -> None:
    assert spoken_text(written) == WORDED[written]


def test_what_the_prompts_say_is_written_for_the_ear_already_but_for_letters() -> None:
    for key, text in default_prompts().fixed().items():
        assert spoken_text(text) == text.replace("SAV", "S A V"), key


def test_plain_sentences_stay_as_they_are() -> None:
    phrases = yaml.safe_load(Path("app/standins/replies.yaml").read_text(encoding="utf-8"))
    said = re.findall(r'"([^"]{20,})"', str(phrases)) + re.findall(r"'([^']{20,})'", str(phrases))
    assert len(said) > 10
    for text in said:
        if text.isascii() and re.fullmatch(r"[a-z ,.?!']+", text):
            assert spoken_text(text) == text


# Texts that look like what the rules look for.
signs = st.sampled_from([*"0123456789", *"0123456789", *" .,:;-/+@€%°#*_'\u00a0\u202fhHGMeSAVnt²é\n"])
FOUND = ["06 12 34 56 78", "n°", "ticket ", "14h", "h30", "1er", "28/11", "/2026", " €", "@a.fr", "+33", "000"]
pieces = st.sampled_from([*FOUND, *ABBREVIATIONS, *sorted(LETTERS)])
tricky = st.lists(st.one_of(signs, pieces), max_size=30).map("".join)


@given(st.one_of(tricky, st.text(max_size=60)))
@example("1" * 5000 + " €")
@example("ticket " + "1 " * 3000)
def test_any_text_can_be_said_and_is_then_plain(text: str) -> None:
    said = spoken_text(text)
    assert not re.search("[0-9€%@]", said)
    assert spoken_text(said) == said


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzàâçéèêëîïôûùœ ,.;:!?'’\n", max_size=80))
def test_text_without_figures_is_not_touched(text: str) -> None:
    words = set(re.findall(r"\w+", text))
    if not words & {abbreviation.strip(".") for abbreviation in ABBREVIATIONS} and "." not in text.strip("."):
        assert spoken_text(text) == text


@given(st.from_regex(r"0[1-9]([ .-]?)[0-9]{2}\1[0-9]{2}\1[0-9]{2}\1[0-9]{2}", fullmatch=True))
def test_no_digit_of_a_telephone_number_is_lost(number: str) -> None:
    assert read_back(spoken_text(f"Le {number}.")) == re.sub("[^0-9]", "", number)


@given(st.from_regex(r"[0-9]{1,14}", fullmatch=True), st.sampled_from(["ticket n°", "Dossier ", "commande numéro "]))
def test_no_digit_of_a_ticket_number_is_lost(number: str, before: str) -> None:
    assert read_back(spoken_text(f"{before}{number} ouvert")) == number


@given(st.integers(2, 10**6 - 1))
def test_a_whole_number_is_the_number_that_was_meant(number: int) -> None:
    assert digits_of(cardinal(number)) == str(number)


@given(st.integers(0, 10**12 - 1), st.booleans())
def test_words_of_numbers_are_words(number: int, feminine: bool) -> None:
    assert re.fullmatch(r"[a-zé -]+", cardinal(number, feminine=feminine))


local = st.from_regex(r"[a-z]{3,9}([._-][a-z]{3,9})?([1-9][0-9])?", fullmatch=True)
ADDRESSES = ["wanadoo.fr", "orange.fr", "gmail.com", "sfr.fr", "laposte.net", "free.fr", "techcorp.com"]


@pytest.mark.parametrize("domain", ADDRESSES)
@pytest.mark.parametrize("name", ["jean.dupont", "marie-martin", "pierre", "contact", "atelier.nord", "karim75", "mfk"])
def test_our_own_ears_understand_the_address_that_was_said(name: str, domain: str) -> None:
    assert find_email(spoken_text(f"{name}@{domain}").replace(",", "")) == f"{name}@{domain}"


@given(local, st.sampled_from(ADDRESSES))
def test_no_letter_of_an_address_is_lost(name: str, domain: str) -> None:
    said = spoken_text(f"{name}@{domain}")
    letters = re.sub(r"[^a-z]", "", re.sub(r", arobase,|\bpoint\b|\btiret bas\b|\btiret\b", "", said).lower())
    figures = "".join(re.findall("[0-9]+", name))
    words = re.sub(r"[^a-z]", "", f"{re.sub('[0-9]', '', name)}{grouped(figures) if figures else ''}{domain}".lower())
    assert letters == words


def read_back(said: str) -> str:
    """The digits that a listener writes down, group by group."""
    groups = [group.replace(" ouvert", "").rpartition("numéro ")[2].strip() for group in said.split(",")]
    return "".join("1" if group.endswith("un") and not digits_of(group) else digits_of(group) for group in groups)
