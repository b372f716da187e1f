"""What can be the end of a sentence, and what can't."""

import pytest

from app.dialogue.sentence import hangs, hesitates, is_clause, lacks_verb


@pytest.mark.parametrize(
    "text", ["parce que", "Euh…", "j'ai un problème avec", "non mais", "C'est", "je suis", "la box et", "il y a une"]
)
def test_something_must_follow(text: str) -> None:
    assert hangs(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oui",
        "ça ne marche pas",
        "il n'y en a plus",
        "Passez-moi quelqu'un.",
        "Oui, bien sûr.",
        "je l'ai déjà fait",
        "à Lyon",
    ],
)
def test_it_may_be_all(text: str) -> None:
    assert not hangs(text)


@pytest.mark.parametrize("text", ["Le voyant est rouge,", "euh box", "ma box…"])
def test_hesitation(text: str) -> None:
    assert hesitates(text)


@pytest.mark.parametrize("text", ["Euh je n'ai plus Internet.", "ma box est en panne", ""])
def test_no_hesitation(text: str) -> None:
    assert not hesitates(text)


@pytest.mark.parametrize("text", ["ma connexion", "Le voyant de la box"])
def test_a_subject_alone(text: str) -> None:
    assert lacks_verb(text)
    assert not is_clause(text)


@pytest.mark.parametrize("text", ["ma connexion est lente", "le wifi coupe", "Problème de box", ""])
def test_more_than_a_subject(text: str) -> None:
    assert not lacks_verb(text)
