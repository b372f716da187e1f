"""What is shown: in both languages, with the same blanks, in French as it is printed."""

import string
from datetime import datetime, timedelta

import pytest

from dashboard.words import (
    WORDS,
    Language,
    duration_words,
    language_of,
    moment_words,
    number_words,
    state_word,
    word,
)

NOW = datetime(2026, 3, 2, 14, 5)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_have_the_same_blanks(key: str) -> None:
    french, english = WORDS[key]
    assert blanks(french) == blanks(english)


@pytest.mark.parametrize("key", WORDS)
def test_french_has_its_apostrophes(key: str) -> None:
    assert "'" not in WORDS[key][0]


def test_a_state_without_a_name_is_shown_as_it_is() -> None:
    assert state_word("SOLUTION", "fr") == "Solution"
    assert state_word("UNHEARD_OF", "en") == "UNHEARD_OF"


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        *((None, "fr"), ("", "fr"), ("fr-FR,fr;q=0.9,en;q=0.8", "fr"), ("de", "fr"), ("english", "fr")),
        *(("en", "en"), ("EN-us,en", "en"), (" en ", "en")),
    ],
)
def test_french_unless_somebody_asks_for_english(wanted: str | None, language: Language) -> None:
    assert language_of(wanted) == language


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "–"), (0.0, "0:00"), (59.6, "1:00"), (187.2, "3:07"), (3729.0, "1:02:09")]
)
def test_durations_as_on_a_clock(seconds: float | None, shown: str) -> None:
    assert duration_words(seconds) == shown


def test_moments_say_the_day_only_where_it_is_another() -> None:
    assert moment_words(NOW, NOW, "fr") == "14:05"
    assert moment_words(NOW - timedelta(hours=15), NOW, "fr") == "hier 23:05"
    assert moment_words(NOW - timedelta(days=3), NOW, "fr") == "27/02/2026 14:05"
    assert moment_words(NOW - timedelta(days=3), NOW, "en") == "2026-02-27 14:05"


def test_numbers_as_each_language_writes_them() -> None:
    assert number_words(1234.56, "fr", 1) == "1\N{NARROW NO-BREAK SPACE}234,6"
    assert number_words(1234.56, "en", 1) == "1,234.6"


def test_words_of_callers_are_no_blanks() -> None:
    assert word("change_comment", "fr", who="{secret}") == "{secret}"
