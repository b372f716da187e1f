"""What the stand-in takes speech for that was cut: a whole phrase, or the beginning of one."""

from app.standins.ears import likelier
from app.standins.recogniser import NOTHING, Match


def match(text: str, similarity: float) -> Match:
    return Match(text, similarity, 1.0)


def test_the_likelier_of_a_whole_phrase_and_a_beginning() -> None:
    assert likelier(match("Oui.", 0.81), match("Oui,", 0.81)).text == "Oui."
    assert likelier(match("Mon ticket", 0.66), match("Mon ticket est le", 0.9)).text == "Mon ticket est le"


def test_a_beginning_that_fits_much_better_is_no_other_phrase() -> None:
    """Figures of "Oui, c'est pour ça.", by one of the callers' voices, cut within its pause."""
    assert likelier(match("Deux minutes,", 0.63), match("Oui,", 0.84)).text == "Oui,"
    assert likelier(match("Deux minutes,", 0.76), match("Oui,", 0.84)).text == "Deux minutes,"


def test_of_a_word_or_two_alone_nothing_is_sure() -> None:
    assert likelier(NOTHING, match("Oui,", 0.8)) is NOTHING
    assert likelier(NOTHING, match("Oui, c'est pour", 0.8)).text == "Oui, c'est pour"
