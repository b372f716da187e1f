"""What a case learns, and what it tells of itself."""

import pytest

from app.dialogue.case import MAX_PROBLEM_CHARACTERS, Case, KnownClient, PendingTicket, Status
from app.dialogue.intents import Fields, Intent, Sentiment, Understanding
from app.dialogue.prompts import default_prompts

NAMES = default_prompts().names
MARIE = KnownClient(7, "Marie", "Lopez", "Boulangerie Martin")


def understood(
    intent: Intent = Intent.UNCLEAR, fields: Fields | None = None, sentiment: Sentiment = "neutral"
) -> Understanding:
    return Understanding(intent=intent, confidence=0.9, fields=fields or Fields(), sentiment=sentiment)


def test_fields_add_up() -> None:
    case = Case()
    case.learn(understood(fields=Fields(name="Pierre Dupont")), "…", describes_problem=False)
    case.learn(understood(fields=Fields(company="TechCorp")), "…", describes_problem=False)
    case.learn(understood(), "…", describes_problem=False)
    assert case.fields == Fields(name="Pierre Dupont", company="TechCorp")


def test_a_correction_replaces_the_field() -> None:
    case = Case(fields=Fields(phone="+33612345678"))
    case.learn(understood(fields=Fields(phone="+33687654321")), "…", describes_problem=False)
    assert case.fields.phone == "+33687654321"


def test_the_last_feeling_that_shows_counts() -> None:
    case, shown = Case(), list[Sentiment]()
    for sentiment in ("negative", "neutral", "positive", "neutral"):
        case.learn(understood(sentiment=sentiment), "…", describes_problem=False)
        shown.append(case.sentiment)
    assert shown == ["negative", "negative", "positive", "positive"]


@pytest.mark.parametrize(
    ("intent", "problem_type"),
    [
        (Intent.INTERNET_ISSUE, "internet"),
        (Intent.MOBILE_ISSUE, "mobile"),
        (Intent.MODIFICATION_REQUEST, "modification"),
        (Intent.YES, "other"),
    ],
)
def test_the_kind_of_problem(intent: Intent, problem_type: str) -> None:
    case = Case()
    case.learn(understood(intent), "…", describes_problem=False)
    assert case.problem_type == problem_type


def test_the_description_replaces_the_first_mention_and_nothing_replaces_the_description() -> None:
    case = Case()
    case.learn(understood(Intent.INTERNET_ISSUE), "un souci d'Internet", describes_problem=False)
    assert case.problem_said == "un souci d'Internet"
    case.learn(understood(Intent.INTERNET_ISSUE), "le voyant est rouge", describes_problem=True)
    case.learn(understood(Intent.INTERNET_ISSUE), "oui ma box", describes_problem=False)
    case.learn(understood(Intent.YES), "oui", describes_problem=True)
    assert case.problem_said == "le voyant est rouge"


def test_a_long_description_is_cut() -> None:
    case = Case()
    case.learn(understood(Intent.MOBILE_ISSUE), "x" * 1000, describes_problem=True)
    assert len(case.problem_said) == MAX_PROBLEM_CHARACTERS


@pytest.mark.parametrize(
    ("case", "first_name", "who", "identified"),
    [
        (Case(), "", "", False),
        (Case(client=MARIE), "Marie", "Marie Lopez (Boulangerie Martin)", True),
        (Case(client=KnownClient(8, "Paul", "Roux")), "Paul", "Paul Roux", True),
        (Case(fields=Fields(name="Pierre Dupont", company="TechCorp")), "Pierre", "Pierre Dupont (TechCorp)", True),
        (Case(fields=Fields(name="Lopez")), "", "Lopez", False),
        (Case(fields=Fields(company="TechCorp")), "", "TechCorp", False),
        (Case(fields=Fields(email="p@exemple.fr", phone="+33612345678")), "", "p@exemple.fr", False),
        (Case(fields=Fields(phone="+33612345678", company="TechCorp")), "", "+33612345678 (TechCorp)", False),
        (Case(client=MARIE, fields=Fields(name="Autre Nom")), "Marie", "Marie Lopez (Boulangerie Martin)", True),
    ],
)
def test_who_calls(case: Case, first_name: str, who: str, identified: bool) -> None:
    assert (case.first_name, case.who, case.identified) == (first_name, who, identified)


def test_facts_for_the_model_hold_only_what_is_known() -> None:
    assert Case().facts() == {}
    case = Case(client=MARIE, pending=PendingTicket(4512, "internet"), problem_said="plus de wifi")
    assert case.facts() == {
        "client": "Marie Lopez (Boulangerie Martin)",
        "problème": "plus de wifi",
        "ticket en cours": "n° 4512 (internet)",
    }


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("open", "Demande enregistrée, à traiter."),
        ("resolved", "Résolu pendant l'appel."),
        ("transferred", "Transféré à un technicien."),
        ("abandoned", "L'appelant a raccroché ou n'a plus répondu."),
    ],
)
def test_the_summary_says_how_it_stands(status: Status, said: str) -> None:
    case = Case(
        problem_type="internet",
        problem_said="Ma box ne fonctionne plus.",
        fields=Fields(name="Pierre Dupont", company="TechCorp"),
        status=status,
    )
    assert case.summary(NAMES) == f"Panne Internet · Pierre Dupont (TechCorp). « Ma box ne fonctionne plus. » {said}"


def test_the_summary_of_an_unknown_caller_who_said_nothing() -> None:
    assert Case().summary(NAMES) == (
        "Demande non précisée · appelant non identifié. L'appelant a raccroché ou n'a plus répondu."
    )


def test_a_caller_who_was_cut_off_is_called_back_once_the_matter_is_known() -> None:
    case = Case()
    assert (case.status_if(cut=True), case.summary(NAMES, cut=True)) == ("abandoned", case.summary(NAMES))
    case.problem_type = "internet"
    assert (case.status_if(cut=False), case.status_if(cut=True)) == ("abandoned", "open")
    assert case.summary(NAMES, cut=True) == "Panne Internet · appelant non identifié. Appel coupé, à rappeler."
    case.status = "resolved"
    assert (case.status_if(cut=True), case.summary(NAMES, cut=True)) == ("resolved", case.summary(NAMES))


def test_the_summary_names_the_ticket_only_if_the_call_goes_on_with_it() -> None:
    case = Case(client=MARIE, pending=PendingTicket(4512, "internet"))
    assert "4512" not in case.summary(NAMES)
    case.resumes_pending = True
    assert case.summary(NAMES).endswith(" Suite du ticket n° 4512.")


def test_braces_in_what_the_caller_says_are_only_words() -> None:
    case = Case(problem_said="{who} {0}", fields=Fields(name="{subject} x"))
    assert "{who} {0}" in case.summary(NAMES)
