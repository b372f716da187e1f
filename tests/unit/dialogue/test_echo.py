"""The bot's own words are told apart from the caller's."""

import pytest

from app.dialogue.echo import KEPT_SENTENCES, Echo

WELCOME = "Bonjour, bienvenue au SAV Wipple. Comment puis-je vous aider ?"
CHOICES = "Votre demande concerne-t-elle Internet, votre téléphone mobile, ou une modification de votre contrat ?"


@pytest.fixture
def echo() -> Echo:
    echo = Echo()
    echo.say(WELCOME)
    echo.say(CHOICES)
    return echo


@pytest.mark.parametrize(
    "text",
    [
        "bonjour bienvenue au sav wipple",
        "Bienvenue au SAV Wipple comment puis-je vous aider",
        "au sav ripple comment",
        "votre téléphone mobile ou une",
        "aider",
    ],
)
def test_words_of_the_bot_without_a_voice_are_none(echo: Echo, text: str) -> None:
    assert echo.without(text, voiced=False) == ""


@pytest.mark.parametrize("text", ["Internet.", "Une modification de mon contrat.", "j'ai une panne", "oui", "vous", ""])
def test_what_the_caller_says_over_the_bot_stays(echo: Echo, text: str) -> None:
    assert echo.without(text, voiced=True) == text


@pytest.mark.parametrize("text", ["j'ai une panne", "Arrêtez", "non", "contrat modification une ou mobile"])
def test_a_caller_too_quiet_to_be_noticed_is_heard_all_the_same(echo: Echo, text: str) -> None:
    assert echo.without(text, voiced=False) == text


def test_what_it_heard_of_itself_is_taken_out_of_what_the_caller_said(echo: Echo) -> None:
    mixed = "bienvenue au SAV Wipple comment puis-je vous aider Bonjour, je n'ai plus Internet."
    assert echo.without(mixed, voiced=True) == "Bonjour, je n'ai plus Internet."


def test_no_mark_is_left_of_it(echo: Echo) -> None:
    mixed = "bienvenue au SAV Wipple comment puis-je vous aider ? Bonjour, je n'ai plus Internet."
    assert echo.without(mixed, voiced=True) == "Bonjour, je n'ai plus Internet."


def test_sentences_of_long_ago_are_forgotten(echo: Echo) -> None:
    for _ in range(KEPT_SENTENCES):
        echo.say("Autre chose.")
    assert echo.without("bienvenue au SAV Wipple", voiced=False) == "bienvenue au SAV Wipple"


def test_nothing_said_nothing_taken() -> None:
    assert Echo().without("bonjour bienvenue au sav wipple", voiced=False) == "bonjour bienvenue au sav wipple"


@pytest.mark.parametrize("heard", ["rappelez-nous au 06 12 34", "rappelez-nous au zéro six douze trente-quatre"])
def test_numbers_come_back_as_they_are_written_or_as_they_sound(heard: str) -> None:
    echo = Echo()
    echo.say("Rappelez-nous au 06 12 34 56 78.")
    assert echo.without(heard, voiced=True) == ""
