"""Whether what the caller has said so far is all of an answer."""

import pytest

from app.call.end_of_turn import completeness
from app.dialogue.states import STATES, Endpointing, State

WELCOME, TICKET, IDENTITY, DIAGNOSTIC, SOLUTION, VERIFICATION = (
    State.WELCOME,
    State.TICKET_VERIFICATION,
    State.IDENTIFICATION,
    State.DIAGNOSTIC,
    State.SOLUTION,
    State.VERIFICATION,
)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (WELCOME, "Bonjour, je n'ai plus Internet."),
        (WELCOME, "je veux parler à un conseiller"),
        (WELCOME, "Je voudrais changer d'adresse."),
        (TICKET, "Non."),
        (TICKET, "Oui,"),
        (TICKET, "Non, je n'ai pas de ticket."),
        (IDENTITY, "Pierre Dupont de la société TechCorp"),
        (IDENTITY, "Thomas Girard, je suis un particulier."),
        (IDENTITY, "zéro six douze trente-quatre cinquante-six soixante-dix-huit"),
        (DIAGNOSTIC, "La fibre est coupée."),
        (SOLUTION, "D'accord, je vais essayer."),
        (VERIFICATION, "Oui, ça remarche."),
    ],
)
def test_all_of_an_answer(state: State, text: str) -> None:
    assert completeness(state, STATES[state].endpointing, text) is True


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (WELCOME, "Ma connexion"),
        (WELCOME, "j'ai un problème avec"),
        (TICKET, "Euh"),
        (TICKET, "non mais"),
        (IDENTITY, "jean point dupont"),
        (IDENTITY, "jean point dupont arobase"),
        (IDENTITY, "C'est le zéro six, douze,"),
        (IDENTITY, "Antoine Roussel, euh"),
        (DIAGNOSTIC, "parce que"),
    ],
)
def test_plainly_not_all(state: State, text: str) -> None:
    assert completeness(state, STATES[state].endpointing, text) is False


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (WELCOME, "Bonjour"),
        (WELCOME, "J'ai un problème"),
        (IDENTITY, "Jean Durand."),
        (DIAGNOSTIC, "Le voyant de la box est rouge,"),
    ],
)
def test_it_cannot_be_told(state: State, text: str) -> None:
    assert completeness(state, STATES[state].endpointing, text) is None


@pytest.mark.parametrize(
    ("expects", "text", "complete"),
    [
        ("field:phone", "zéro six douze", False),
        ("field:phone", "zéro six douze trente-quatre cinquante-six soixante-dix-huit", True),
        ("field:phone", "attendez je cherche", None),
        ("field:phone", "mon numéro c'est", False),
        ("field:ticket", "quatre mille cinq cent douze", True),
    ],
)
def test_a_question_for_one_field(expects: Endpointing, text: str, complete: bool | None) -> None:
    assert completeness(IDENTITY, expects, text) is complete
