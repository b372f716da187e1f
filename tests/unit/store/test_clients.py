"""The part of finding a client that needs no database: how a spoken name may be read."""

import pytest

from app.store.clients import readings, same_company


def pairs(name: str) -> set[tuple[str, str]]:
    return set(zip(*readings(name), strict=True))


def test_one_word_is_a_last_name() -> None:
    assert pairs("Dupont") == {("dupont", "")}


def test_two_words_are_read_both_ways() -> None:
    assert pairs("Pierre Dupont") == {("pierre dupont", ""), ("pierre", "dupont"), ("dupont", "pierre")}


def test_accents_hyphens_apostrophes_and_titles_go() -> None:
    assert pairs("Madame Hélène N'Guyen") == pairs("helene nguyen")
    assert pairs("M. Lefèvre") == {("lefevre", "")}
    assert ("de la tour", "jean pierre") in pairs("Jean-Pierre de la Tour")
    assert pairs("Lecœur") == {("lecoeur", "")}


@pytest.mark.parametrize("name", ["", "   ", "Monsieur", "...", " ".join(["mot"] * 9)])
def test_what_is_no_name_has_no_reading(name: str) -> None:
    assert readings(name) == ([], [])


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("tech corp", "TechCorp"),
        ("TechCorp", "TechCorp SARL"),
        ("la société Techcorp", "La TechCorp"),
        ("électro-plus", "Electro Plus"),
    ],
)
def test_companies_that_are_the_same(said: str, written: str) -> None:
    assert same_company(said, written)


@pytest.mark.parametrize(
    ("said", "written"),
    [("TechCorp", "TechCore"), ("", "TechCorp"), ("société", "groupe"), ("Tech", "TechCorp")],
)
def test_companies_that_are_not(said: str, written: str) -> None:
    assert not same_company(said, written)
