"""Spoken French numbers."""

import pytest

from app.dialogue.french_numbers import digits_of, find_numbers, fold, readings, tokens


@pytest.mark.parametrize(
    ("spoken", "groups"),
    [
        ("zéro", ["0"]),
        ("dix-sept", ["17"]),
        ("vingt et un", ["21"]),
        ("soixante et onze", ["71"]),
        ("soixante-dix-huit", ["78"]),
        ("quatre-vingts", ["80"]),
        ("quatre-vingt-un", ["81"]),
        ("quatre-vingt-dix-sept", ["97"]),
        ("septante-trois", ["73"]),
        ("nonante et un", ["91"]),
        ("huitante", ["80"]),
        ("cent", ["100"]),
        ("trois cents", ["300"]),
        ("cinq cent douze", ["512"]),
        ("mille deux cents", ["1200"]),
        ("quatre mille cinq cent douze", ["4512"]),
        ("quarante-cinq mille douze", ["45012"]),
        ("deux mille vingt-quatre", ["2024"]),
        ("quarante-cinq douze", ["45", "12"]),
        ("quatre cinq un deux", ["4", "5", "1", "2"]),
        ("double zéro sept", ["00", "7"]),
        ("triple huit", ["888"]),
        ("zéro quatre quatre-vingt-dix", ["0", "4", "90"]),
        ("06 douze 34", ["06", "12", "34"]),
        ("06.12.34", ["06", "12", "34"]),
    ],
)
def test_groups(spoken: str, groups: list[str]) -> None:
    runs = find_numbers(tokens(spoken))
    assert [group for run in runs for group in run.groups] == groups


@pytest.mark.parametrize("text", ["j'en ai un", "une box", "pas de numéro", "", "et"])
def test_an_article_is_no_number(text: str) -> None:
    assert find_numbers(tokens(text)) == []


def test_a_run_ends_at_another_word() -> None:
    runs = find_numbers(tokens("zéro six euh douze trente-quatre"))
    assert [(run.start, run.end, run.digits, run.ends) for run in runs] == [
        (0, 2, "06", (1, 2)),
        (3, 6, "1234", (4, 6)),
    ]


def test_digits_of_joins_all_runs() -> None:
    assert digits_of("c'est le zéro six, euh, douze") == "0612"


def test_readings_put_the_usual_one_first() -> None:
    assert list(readings(["soixante", "douze"])) == [("72",), ("60", "12")]
    assert next(iter(readings(tokens("quatre mille cinq cent douze")))) == ("4512",)


def test_readings_stay_within_their_limit() -> None:
    assert list(readings(["douze", "treize"], limit_digits=3)) == []


def test_fold() -> None:
    assert fold("Zéro ŒUVRE ça") == "zero oeuvre ca"
