"""Whole dialogues walked through the machine, as tables: what was understood, and what the bot then says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialogue.case import Case, KnownClient, PendingTicket
from app.dialogue.intents import Fields, Intent, Understanding
from app.dialogue.machine import HOLD_S, MAX_REPEATS, SILENCES_BEFORE_GOODBYE, STAYS_UNCLEAR_BELOW, Machine
from app.dialogue.prompts import default_prompts
from app.dialogue.states import PROBLEMS, STATES, State
from app.dialogue.step import ANSWER_SILENCE_S, Ending, Phrase, Step

WAIT_S = 90.0
MARIE = KnownClient(7, "Marie", "Lopez", "Boulangerie Martin")
TICKET = PendingTicket(4512, "internet")
NOTHING_GIVEN = Fields()
LISTENING = [state for state, row in STATES.items() if not row.final and state is not State.INIT]


@dataclass(frozen=True)
class Said:
    """What the caller said, as it was understood."""

    intent: Intent
    text: str = "…"
    fields: Fields = NOTHING_GIVEN
    confidence: float = 0.9
    finds: Callable[[Case], None] | None = None
    """What the databases find in it."""


def silence(machine: Machine) -> Step:
    return machine.on_silence()


def say(machine: Machine, said: Said) -> Step:
    machine.case.fields = machine.case.fields.model_copy(update=said.fields.given())
    if said.finds is not None:
        said.finds(machine.case)
    return machine.on_turn(Understanding(intent=said.intent, confidence=said.confidence, fields=said.fields), said.text)


def keys(step: Step) -> list[str]:
    return [phrase.key for phrase in step.says]


def walk(machine: Machine, turns: Sequence[tuple[Said | None, list[str], State]]) -> Step:
    """Goes through a table of (what the caller says, None for silence; phrases; state)."""
    step = Step()
    for said, phrases, state in turns:
        step = silence(machine) if said is None else say(machine, said)
        assert (keys(step), machine.state) == (phrases, state), said
    return step


def find_marie(case: Case) -> None:
    case.client = MARIE


def find_marie_and_ticket(case: Case) -> None:
    case.client, case.pending = MARIE, TICKET


INTERNET = Said(Intent.INTERNET_ISSUE, "Bonjour, j'ai un problème avec ma connexion Internet.")
MODIFICATION = Said(Intent.MODIFICATION_REQUEST, "Je voudrais changer d'offre.")
YES, NO, UNCLEAR = Said(Intent.YES, "Oui."), Said(Intent.NO, "Non."), Said(Intent.UNCLEAR, "Euh.")
PIERRE = Said(
    Intent.IDENTITY_PROVIDED,
    "Pierre Dupont de la société TechCorp.",
    Fields(name="Pierre Dupont", company="TechCorp"),
)
BOX = Said(Intent.INTERNET_ISSUE, "Ma box Internet ne fonctionne plus depuis ce matin.")
WILL_TRY = Said(Intent.YES, "D'accord, je vais essayer.")
HUMAN = Said(Intent.HUMAN_REQUEST, "Je veux parler à un conseiller.")
REPEAT = Said(Intent.REPEAT_REQUEST, "Vous pouvez répéter ?")
HOLD = Said(Intent.HOLD_REQUEST, "Attendez deux minutes.")
GOODBYE = Said(Intent.GOODBYE, "Au revoir.")


def started(case: Case | None = None) -> Machine:
    machine = Machine(case or Case(), WAIT_S)
    machine.start()
    return machine


def arrived(state: State) -> Machine:
    """A machine that came to `state` by the shortest way."""
    machine = started(Case(returned=state is State.CALLBACK))
    ways: dict[State, list[Said]] = {
        State.WELCOME: [],
        State.CALLBACK: [],
        State.TICKET_VERIFICATION: [INTERNET],
        State.IDENTIFICATION: [INTERNET, NO],
        State.DIAGNOSTIC: [INTERNET, NO, PIERRE],
        State.SOLUTION: [INTERNET, NO, PIERRE, BOX],
        State.VERIFICATION: [INTERNET, NO, PIERRE, BOX, Said(Intent.YES, "C'est fait.")],
    }
    for said in ways[state]:
        say(machine, said)
    assert machine.state is state
    return machine


def in_modification() -> Machine:
    machine = started()
    for said in (MODIFICATION, NO, PIERRE, MODIFICATION):
        say(machine, said)
    assert machine.state is State.SOLUTION
    return machine


# The dialogues


def test_the_example_dialogue() -> None:
    machine = started()
    end = walk(
        machine,
        [
            (INTERNET, ["ask_ticket"], State.TICKET_VERIFICATION),
            (NO, ["ask_identity"], State.IDENTIFICATION),
            (PIERRE, ["thanks_named", "ask_problem"], State.DIAGNOSTIC),
            (BOX, ["solution_internet"], State.SOLUTION),
            (WILL_TRY, ["solution_wait"], State.SOLUTION),
            (None, ["ask_works"], State.VERIFICATION),
            (Said(Intent.YES, "Oui, ça marche ! Merci beaucoup."), ["goodbye"], State.GOODBYE),
        ],
    )
    assert end.ending is Ending.GOODBYE
    assert (machine.case.status, machine.case.problem_type) == ("resolved", "internet")
    assert machine.case.problem_said == BOX.text


def test_the_words_of_the_example_dialogue() -> None:
    machine = started()
    texts = []
    for said in (INTERNET, NO, PIERRE, BOX):
        step = say(machine, said)
        texts.append(" ".join(default_prompts().text(phrase.key, phrase.values) for phrase in step.says))
    assert texts == [
        "Avez-vous déjà un ticket en cours concernant ce problème ?",
        "Puis-je avoir votre nom et votre entreprise ?",
        "Merci Pierre. Pouvez-vous me décrire votre problème plus en détail ?",
        "Je comprends. Essayez de débrancher votre box pendant trente secondes, puis rebranchez-la. "
        "Attendez deux minutes que les voyants se stabilisent.",
    ]


def test_the_model_may_put_only_the_solution_into_its_own_words() -> None:
    machine = started()
    replies = [say(machine, said).model_reply for said in (INTERNET, NO, PIERRE, BOX, WILL_TRY)]
    assert replies == [False, False, False, True, False]


def test_a_known_caller_is_greeted_by_name_and_not_asked_who_calls() -> None:
    machine = Machine(Case(client=MARIE), WAIT_S)
    start = machine.start()
    assert start.says == (Phrase("welcome_known", {"first_name": "Marie"}), Phrase("welcome_again"))
    walk(
        machine,
        [
            (INTERNET, ["thanks_named", "ask_problem"], State.DIAGNOSTIC),
            (BOX, ["solution_internet"], State.SOLUTION),
        ],
    )


def test_a_known_caller_with_a_ticket_is_asked_about_it_at_once() -> None:
    machine = Machine(Case(client=MARIE, pending=TICKET), WAIT_S)
    assert machine.start().says == (
        Phrase("welcome_known", {"first_name": "Marie"}),
        Phrase("pending_ticket", {"problem_type": "internet"}),
    )
    assert machine.state is State.TICKET_VERIFICATION
    walk(machine, [(YES, ["thanks_named", "ask_problem"], State.DIAGNOSTIC)])
    assert machine.case.resumes_pending
    assert machine.case.problem_type == "internet", "taken over from the ticket"


def test_about_something_else_than_the_pending_ticket() -> None:
    machine = Machine(Case(client=MARIE, pending=TICKET), WAIT_S)
    machine.start()
    walk(machine, [(NO, ["thanks_named", "ask_problem"], State.DIAGNOSTIC)])
    assert not machine.case.resumes_pending


@pytest.mark.parametrize(
    ("answer", "resumes"),
    [(BOX, True), (Said(Intent.MOBILE_ISSUE, "C'est pour mon mobile."), False)],
)
def test_naming_the_problem_answers_whether_it_is_the_pending_ticket(answer: Said, resumes: bool) -> None:
    machine = Machine(Case(client=MARIE, pending=TICKET), WAIT_S)
    machine.start()
    walk(machine, [(answer, ["thanks_named", "ask_problem"], State.DIAGNOSTIC)])
    assert machine.case.resumes_pending is resumes


def test_a_ticket_that_was_found_but_not_offered_is_not_meant_by_naming_the_problem() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    found = Said(Intent.MOBILE_ISSUE, "C'est pour mon mobile.", finds=find_marie_and_ticket)
    walk(machine, [(found, ["ask_ticket_again"], State.TICKET_VERIFICATION)])


def test_naming_the_problem_does_not_answer_whether_there_is_a_ticket() -> None:
    walk(arrived(State.TICKET_VERIFICATION), [(BOX, ["ask_ticket_again"], State.TICKET_VERIFICATION)])


def test_a_ticket_is_found_by_the_name() -> None:
    machine = started()
    name = Said(Intent.IDENTITY_PROVIDED, "Marie Lopez.", Fields(name="Marie Lopez"), finds=find_marie_and_ticket)
    walk(
        machine,
        [
            (INTERNET, ["ask_ticket"], State.TICKET_VERIFICATION),
            (Said(Intent.YES, "Oui, j'ai déjà un ticket."), ["ask_ticket_number"], State.IDENTIFICATION),
            (name, ["pending_ticket"], State.TICKET_VERIFICATION),
            (Said(Intent.YES, "Oui, c'est pour ça."), ["thanks_named", "ask_problem"], State.DIAGNOSTIC),
        ],
    )
    assert machine.case.resumes_pending


def test_a_ticket_number_instead_of_yes() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    number = Said(Intent.YES, "Oui, le 4512.", Fields(ticket="4512"), finds=find_marie_and_ticket)
    walk(machine, [(number, ["thanks_named", "ask_problem"], State.DIAGNOSTIC)])
    assert machine.case.resumes_pending


def test_a_ticket_number_labelled_as_identity() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    number = Said(Intent.IDENTITY_PROVIDED, "Le 4512.", Fields(ticket="4512"), finds=find_marie_and_ticket)
    walk(machine, [(number, ["thanks_named", "ask_problem"], State.DIAGNOSTIC)])
    assert machine.case.resumes_pending


@pytest.mark.parametrize("intent", [Intent.IDENTITY_PROVIDED, Intent.EMAIL_PROVIDED])
def test_who_says_their_name_when_asked_for_a_ticket(intent: Intent) -> None:
    fields = Fields(name="Marie Lopez")
    with_ticket = Said(intent, "Marie Lopez.", fields, finds=find_marie_and_ticket)
    walk(arrived(State.TICKET_VERIFICATION), [(with_ticket, ["pending_ticket"], State.TICKET_VERIFICATION)])
    known = Said(intent, "Marie Lopez.", fields, finds=find_marie)
    walk(arrived(State.TICKET_VERIFICATION), [(known, ["thanks_named", "ask_problem"], State.DIAGNOSTIC)])
    stranger = Said(intent, "Marie Lopez.", fields)
    walk(arrived(State.TICKET_VERIFICATION), [(stranger, ["ask_ticket_again"], State.TICKET_VERIFICATION)])


def test_who_has_said_who_they_are_is_not_asked_again() -> None:
    machine = started()
    introduced = Said(Intent.INTERNET_ISSUE, "Pierre Dupont de TechCorp, ma box est en panne.", PIERRE.fields)
    walk(
        machine,
        [
            (introduced, ["ask_ticket"], State.TICKET_VERIFICATION),
            (NO, ["thanks_named", "ask_problem"], State.DIAGNOSTIC),
        ],
    )


def test_who_does_not_know_the_ticket_number_is_asked_for_the_name() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    walk(
        machine,
        [
            (YES, ["ask_ticket_number"], State.IDENTIFICATION),
            (NO, ["ask_identity"], State.IDENTIFICATION),
            (NO, ["thanks", "ask_problem"], State.DIAGNOSTIC),
        ],
    )


@pytest.mark.parametrize("intent", [Intent.YES, Intent.UNCLEAR, Intent.INTERNET_ISSUE])
def test_a_name_is_a_name_whatever_else_was_said_with_it(intent: Intent) -> None:
    said = Said(intent, "Oui, Pierre Dupont, TechCorp.", PIERRE.fields)
    walk(arrived(State.IDENTIFICATION), [(said, ["thanks_named", "ask_problem"], State.DIAGNOSTIC)])


def test_an_email_finds_the_ticket_too() -> None:
    said = Said(Intent.EMAIL_PROVIDED, "…", Fields(email="marie@exemple.fr"), finds=find_marie_and_ticket)
    walk(arrived(State.IDENTIFICATION), [(said, ["pending_ticket"], State.TICKET_VERIFICATION)])


def test_a_modification_is_noted_and_stays_open() -> None:
    machine = in_modification()
    end = say(machine, Said(Intent.YES, "D'accord."))
    assert (keys(end), end.ending) == (["goodbye_open"], Ending.GOODBYE)
    assert (machine.case.status, machine.case.problem_type) == ("open", "modification")


def test_a_modification_is_never_put_into_the_models_words() -> None:
    machine = started()
    steps = [say(machine, said) for said in (MODIFICATION, NO, PIERRE, MODIFICATION)]
    assert keys(steps[-1]) == ["solution_modification"]
    assert not steps[-1].model_reply


def test_a_modification_that_does_not_suit_goes_to_a_person() -> None:
    end = say(in_modification(), NO)
    assert end.ending is Ending.TRANSFER


def test_silence_to_a_modification_is_no_manipulation() -> None:
    assert keys(silence(in_modification())) == ["silence_1"]


def test_unclear_words_to_a_modification_are_asked_again() -> None:
    assert keys(say(in_modification(), UNCLEAR)) == ["solution_again"]


def test_a_problem_that_persists_goes_to_a_technician() -> None:
    machine = arrived(State.SOLUTION)
    end = walk(
        machine,
        [
            (WILL_TRY, ["solution_wait"], State.SOLUTION),
            (None, ["ask_works"], State.VERIFICATION),
            (Said(Intent.NO, "Non, ça ne marche toujours pas."), ["transfer"], State.TRANSFER),
        ],
    )
    assert end.ending is Ending.TRANSFER
    assert machine.case.status == "transferred"


def test_who_can_not_do_it_goes_to_a_technician() -> None:
    machine = arrived(State.SOLUTION)
    assert say(machine, Said(Intent.NO, "Je l'ai déjà fait.")).ending is Ending.TRANSFER


# Intents that every state understands


@pytest.mark.parametrize("state", LISTENING)
def test_nothing_is_repeated_for_ever(state: State) -> None:
    machine = arrived(state)
    steps = [say(machine, Said(Intent.REPEAT_REQUEST, "", confidence=1.0)) for _ in range(20 * MAX_REPEATS)]
    assert steps[-1].ending is not None
    assert machine.case.status in ("transferred", "open", "abandoned")


@pytest.mark.parametrize("state", [state for state in LISTENING if state is not State.CALLBACK])
def test_a_person_at_once(state: State) -> None:
    machine = arrived(state)
    end = say(machine, HUMAN)
    assert (keys(end), end.ending, machine.case.status) == (["transfer"], Ending.TRANSFER, "transferred")


@pytest.mark.parametrize("state", LISTENING)
def test_goodbye_ends_the_call_and_keeps_what_is_known(state: State) -> None:
    machine = arrived(state)
    end = say(machine, GOODBYE)
    known = state is not State.WELCOME
    assert keys(end) == ["goodbye_open" if known else "goodbye"]
    assert end.ending is (Ending.CALLBACK if state is State.CALLBACK else Ending.GOODBYE)
    assert machine.case.status == ("open" if known else "abandoned")


def test_goodbye_about_a_ticket_keeps_it_open() -> None:
    other = PendingTicket(9, "other")
    machine = started(Case(client=MARIE, pending=other))
    say(machine, YES)
    say(machine, GOODBYE)
    assert machine.case.status == "open"


@pytest.mark.parametrize("state", LISTENING)
def test_repeat_says_the_last_words_again(state: State) -> None:
    machine = arrived(state)
    step = say(machine, REPEAT)
    assert (step.repeats, step.says, step.ending, machine.state) == (True, (), None, state)


@pytest.mark.parametrize("state", LISTENING)
def test_hold_waits_long_then_asks_and_comes_back_to_the_question(state: State) -> None:
    machine = arrived(state)
    question = machine._last.says
    held = say(machine, HOLD)
    assert (keys(held), held.listens_s, machine.state) == (["hold"], HOLD_S, state)
    assert keys(silence(machine)) == ["hold_over"]
    back = say(machine, YES)
    assert (back.says, machine.state, back.model_reply) == (question, state, False)


@pytest.mark.parametrize("state", LISTENING)
def test_unclear_words_after_a_pause_bring_the_question_back(state: State) -> None:
    machine = arrived(state)
    question = machine._last.says
    say(machine, HOLD)
    back = say(machine, UNCLEAR)
    assert (back.says, back.model_reply, machine.state) == (question, False, state)


@pytest.mark.parametrize("state", [state for state in LISTENING if state is not State.SOLUTION])
def test_are_you_there_yes_answers_nothing_else(state: State) -> None:
    machine = arrived(state)
    question = machine._last.says
    assert keys(silence(machine)) == ["silence_1"]
    back = say(machine, Said(Intent.YES, "Oui, je suis là."))
    assert (back.says, machine.state) == (question, state)


def test_an_answer_counts_even_after_are_you_there() -> None:
    machine = arrived(State.VERIFICATION)
    silence(machine)
    assert say(machine, Said(Intent.YES, "Oui, ça marche.")).ending is Ending.GOODBYE
    assert machine.case.status == "resolved"


def test_not_ready_yet_is_waited_for_again() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    say(machine, HOLD)
    silence(machine)
    again = say(machine, NO)
    assert (keys(again), again.listens_s, machine.state) == (["hold"], HOLD_S, State.TICKET_VERIFICATION)


def test_an_answer_during_a_pause_counts() -> None:
    machine = arrived(State.VERIFICATION)
    say(machine, HOLD)
    assert say(machine, Said(Intent.YES, "Oui, ça marche.")).ending is Ending.GOODBYE


@pytest.mark.parametrize("aside", [HOLD, None])
def test_repeat_after_an_aside_repeats_the_question(aside: Said | None) -> None:
    machine = arrived(State.IDENTIFICATION)
    walk(machine, [(aside, ["hold" if aside else "silence_1"], State.IDENTIFICATION)])
    step = say(machine, REPEAT)
    assert (keys(step), step.repeats) == (["ask_identity"], False)
    assert say(machine, REPEAT).repeats, "now the question was the last thing said"


@pytest.mark.parametrize("state", LISTENING)
def test_an_unsure_understanding_is_unclear_and_teaches_nothing(state: State) -> None:
    machine = arrived(state)
    problem = machine.case.problem_type
    unsure = Said(Intent.MOBILE_ISSUE, "Mmm mobile", confidence=STAYS_UNCLEAR_BELOW - 0.01)
    step = say(machine, unsure)
    assert step.ending is None
    assert machine.case.problem_type == problem
    assert keys(step) == [STATES[state].rephrased[0]]


def test_sure_enough_is_understood() -> None:
    machine = started()
    say(machine, Said(Intent.MOBILE_ISSUE, confidence=STAYS_UNCLEAR_BELOW))
    assert machine.case.problem_type == "mobile"


# Asked in vain


@pytest.mark.parametrize("state", [state for state in LISTENING if state is not State.DIAGNOSTIC])
def test_rephrased_as_often_as_there_are_phrases_then_transferred(state: State) -> None:
    machine = arrived(state)
    for phrase in STATES[state].rephrased:
        step = say(machine, UNCLEAR)
        assert (keys(step), machine.state) == ([phrase], state)
    end = say(machine, UNCLEAR)
    back = state is State.CALLBACK
    ending = (Ending.CALLBACK, "open") if back else (Ending.TRANSFER, "transferred")
    assert (end.ending, machine.case.status) == ending


def test_no_details_but_the_problem_told_before_gets_its_usual_remedy() -> None:
    machine = arrived(State.DIAGNOSTIC)
    step = walk(
        machine,
        [
            (UNCLEAR, ["ask_problem_again"], State.DIAGNOSTIC),
            (UNCLEAR, ["solution_internet"], State.SOLUTION),
        ],
    )
    assert not step.model_reply


def test_a_problem_that_nobody_can_name_goes_to_a_person() -> None:
    machine = started(Case(client=MARIE, pending=PendingTicket(9, "other")))
    end = walk(
        machine,
        [
            (NO, ["thanks_named", "ask_problem"], State.DIAGNOSTIC),
            (UNCLEAR, ["ask_problem_again"], State.DIAGNOSTIC),
            (UNCLEAR, ["ask_problem_choices"], State.DIAGNOSTIC),
            (UNCLEAR, ["transfer"], State.TRANSFER),
        ],
    )
    assert end.ending is Ending.TRANSFER


# Back from a technician who did not answer


def test_a_known_number_is_promised_a_call_and_that_is_all() -> None:
    case = Case(returned=True, callback_number="+33199000001")
    machine = Machine(case, WAIT_S)
    end = machine.start()
    assert (keys(end), end.ending, machine.state) == (
        ["nobody_free", "callback_promised"],
        Ending.CALLBACK,
        State.GOODBYE,
    )
    assert case.status == "open"


def test_an_unknown_number_is_asked_for_with_a_numbers_patience() -> None:
    machine = Machine(Case(returned=True), WAIT_S)
    step = machine.start()
    assert (keys(step), machine.endpointing) == (["nobody_free", "ask_callback_number"], "field:phone")
    phone = Said(Intent.IDENTITY_PROVIDED, "Le zéro six…", Fields(phone="+33612345678"))
    end = walk(
        machine,
        [
            (HUMAN, ["ask_callback_number_again"], State.CALLBACK),
            (phone, ["callback_noted"], State.GOODBYE),
        ],
    )
    assert (end.ending, machine.case.callback_number, machine.case.status) == (
        Ending.CALLBACK,
        "+33612345678",
        "open",
    )


def test_who_wants_no_call_is_let_go() -> None:
    end = walk(arrived(State.CALLBACK), [(NO, ["goodbye_open"], State.GOODBYE)])
    assert end.ending is Ending.CALLBACK


# Silence


@pytest.mark.parametrize("state", [state for state in LISTENING if state is not State.SOLUTION])
def test_silence_is_asked_twice_then_taken_for_absence(state: State) -> None:
    machine = arrived(state)
    for number in range(1, SILENCES_BEFORE_GOODBYE + 1):
        step = silence(machine)
        assert (keys(step), step.listens_s, machine.state) == ([f"silence_{number}"], ANSWER_SILENCE_S, state)
    end = silence(machine)
    assert (keys(end), end.ending) == (["goodbye_silence"], Ending.SILENCE)
    assert machine.case.status == ("open" if state is State.CALLBACK else "abandoned")


def test_words_between_silences_count_them_anew() -> None:
    machine = started()
    silence(machine)
    silence(machine)
    say(machine, UNCLEAR)
    assert keys(silence(machine)) == ["silence_1"]


def test_who_is_silent_after_the_proposal_is_doing_it() -> None:
    machine = arrived(State.SOLUTION)
    step = silence(machine)
    assert (keys(step), step.listens_s) == (["solution_wait"], WAIT_S)
    assert keys(silence(machine)) == ["ask_works"]


def test_an_unheard_caller_is_asked_to_repeat() -> None:
    step = started().on_unheard()
    assert (keys(step), step.listens_s) == (["silence_2"], ANSWER_SILENCE_S)


# The manipulation


def waiting() -> Machine:
    machine = arrived(State.SOLUTION)
    step = say(machine, WILL_TRY)
    assert (keys(step), step.listens_s, machine.state) == (["solution_wait"], WAIT_S, State.SOLUTION)
    return machine


@pytest.mark.parametrize(
    "text",
    [
        "Oui, ça marche ! Merci beaucoup.",
        "C'est bon, tout fonctionne.",
        "Internet est revenu",
        "ça remarche",
        "résolu !",
    ],
)
def test_it_works_again_ends_the_wait_and_the_call(text: str) -> None:
    machine = waiting()
    end = say(machine, Said(Intent.YES, text))
    assert (keys(end), end.ending, machine.case.status) == (["goodbye"], Ending.GOODBYE, "resolved")


@pytest.mark.parametrize("text", ["C'est fait.", "Oui.", "Voilà.", "Je regarde si ça marche.", "ok c'est bon"])
def test_done_is_not_yet_solved(text: str) -> None:
    machine = waiting()
    assert keys(say(machine, Said(Intent.YES, text))) == ["ask_works"]
    assert machine.state is State.VERIFICATION


@pytest.mark.parametrize(
    "text", ["D'accord.", "Oui d'accord, merci.", "Je vais essayer", "Très bien, je vais le faire."]
)
def test_agreeing_once_more_does_not_end_the_wait(text: str) -> None:
    machine = waiting()
    step = say(machine, Said(Intent.YES, text))
    assert (keys(step), step.listens_s, machine.state) == (["hold"], WAIT_S, State.SOLUTION)
    assert keys(silence(machine)) == ["ask_works"]


def test_no_during_the_wait_transfers() -> None:
    assert say(waiting(), Said(Intent.NO, "Ça ne change rien.")).ending is Ending.TRANSFER


def test_other_words_during_the_wait_bring_the_question() -> None:
    assert keys(say(waiting(), UNCLEAR)) == ["ask_works"]


@pytest.mark.parametrize("event", [lambda machine: say(machine, REPEAT), lambda machine: machine.on_unheard()])
def test_the_wait_keeps_its_length(event: Callable[[Machine], Step]) -> None:
    machine = waiting()
    assert event(machine).listens_s == WAIT_S
    assert keys(silence(machine)) == ["ask_works"]


def test_repeat_during_the_wait_says_what_to_do_again() -> None:
    machine = waiting()
    assert keys(say(machine, REPEAT)) == ["solution_internet"]
    again = say(machine, REPEAT)
    assert (again.repeats, again.listens_s) == (True, WAIT_S)


def test_hold_during_the_wait_ends_in_the_question() -> None:
    machine = waiting()
    assert say(machine, HOLD).listens_s == HOLD_S
    assert keys(silence(machine)) == ["ask_works"]


@pytest.mark.parametrize(
    "text", ["OK ça marche, je vais voir.", "Ça marche.", "Je vais voir si ça remarche", "D'accord"]
)
def test_ca_marche_right_after_the_proposal_means_agreed(text: str) -> None:
    machine = arrived(State.SOLUTION)
    assert keys(say(machine, Said(Intent.YES, text))) == ["solution_wait"]
    assert machine.case.status == "abandoned"


@pytest.mark.parametrize("text", ["Ah, ça marche maintenant !", "ça refonctionne", "C'est réglé."])
def test_works_right_after_the_proposal(text: str) -> None:
    machine = arrived(State.SOLUTION)
    assert say(machine, Said(Intent.YES, text)).ending is Ending.GOODBYE
    assert machine.case.status == "resolved"


@pytest.mark.parametrize("text", ["C'est fait.", "Ça y est", "J'ai débranché et rebranché la box."])
def test_done_right_after_the_proposal(text: str) -> None:
    assert keys(say(arrived(State.SOLUTION), Said(Intent.YES, text))) == ["ask_works"]


@pytest.mark.parametrize("state", [State.SOLUTION, State.VERIFICATION])
@pytest.mark.parametrize("text", ["Non, pas encore.", "Je n'ai pas fini", "Je suis en train de le faire"])
def test_not_yet_is_waited_for(state: State, text: str) -> None:
    machine = arrived(state)
    step = say(machine, Said(Intent.NO, text))
    assert (keys(step), step.listens_s, machine.state) == (["hold"], HOLD_S, state)


def test_does_not_work_yet_is_no() -> None:
    assert say(arrived(State.VERIFICATION), Said(Intent.NO, "Ça ne marche pas encore.")).ending is Ending.TRANSFER


def test_not_yet_elsewhere_is_an_answer() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    assert keys(say(machine, Said(Intent.NO, "Non, pas encore."))) == ["ask_identity"]


# Endings


@pytest.mark.parametrize("state", LISTENING)
def test_too_long(state: State) -> None:
    machine = arrived(state)
    end = machine.on_too_long()
    assert (keys(end), end.ending, machine.case.status) == (["goodbye_too_long"], Ending.TOO_LONG, "open")


@pytest.mark.parametrize("state", LISTENING)
def test_failure(state: State) -> None:
    machine = arrived(state)
    end = machine.on_failure()
    assert (keys(end), end.ending, machine.state) == (["error"], Ending.ERROR, State.ERROR)
    assert machine.case.status == "open"


@pytest.mark.parametrize(
    "after",
    [
        lambda machine: say(machine, YES),
        lambda machine: say(machine, HOLD),
        lambda machine: machine.on_silence(),
        lambda machine: machine.on_unheard(),
        lambda machine: machine.on_too_long(),
        lambda machine: machine.on_failure(),
    ],
)
@pytest.mark.parametrize("end_by", [HUMAN, GOODBYE])
def test_a_farewell_is_final(end_by: Said, after: Callable[[Machine], Step]) -> None:
    machine = arrived(State.DIAGNOSTIC)
    end = say(machine, end_by)
    state, status = machine.state, machine.case.status
    assert after(machine) == end
    assert (machine.state, machine.case.status) == (state, status)


# What the turns need to know


@pytest.mark.parametrize(
    ("state", "endpointing"),
    [
        (State.WELCOME, "open"),
        (State.TICKET_VERIFICATION, "yes_no"),
        (State.IDENTIFICATION, "open"),
        (State.DIAGNOSTIC, "open"),
        (State.SOLUTION, "yes_no"),
        (State.VERIFICATION, "yes_no"),
    ],
)
def test_patience_and_short_answers(state: State, endpointing: str) -> None:
    machine = arrived(state)
    assert machine.endpointing == endpointing
    assert machine.may_answer_shortly is (endpointing == "yes_no")


def test_questions_for_one_field_have_its_patience() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    wanted = []
    for said in (YES, UNCLEAR, UNCLEAR):
        say(machine, said)
        wanted.append(machine.endpointing)
    assert wanted == ["field:ticket", "open", "field:phone"]
    assert Machine(Case()).endpointing == "open", "before the first word"


# Whatever comes

TEXTS = ["", "oui", "non", "ça marche", "pas encore", "c'est fait", "je suis là", "d'accord", "Pierre Dupont"]
TURNS = st.builds(
    Said,
    intent=st.sampled_from(list(Intent)),
    text=st.sampled_from(TEXTS),
    confidence=st.sampled_from([0.1, 0.9]),
    fields=st.sampled_from([Fields(), PIERRE.fields, Fields(ticket="4512"), Fields(name="Lopez")]),
    finds=st.sampled_from([None, None, find_marie, find_marie_and_ticket]),
)
EVENTS = st.one_of(TURNS, st.sampled_from(["silence", "unheard"]))
CASES = st.sampled_from(
    [
        Case,
        lambda: Case(client=MARIE),
        lambda: Case(client=MARIE, pending=TICKET),
        lambda: Case(returned=True),
        lambda: Case(returned=True, callback_number="+33199000001"),
    ]
)


@given(case=CASES, events=st.lists(EVENTS, max_size=40))
def test_any_call_stays_on_the_drawn_arrows_and_has_words_for_everything(
    case: Callable[[], Case], events: list[Said | str]
) -> None:
    machine = Machine(case(), WAIT_S)
    step = machine.start()
    for event in events:
        before = machine.state
        if isinstance(event, Said):
            step = say(machine, event)
        else:
            step = machine.on_silence() if event == "silence" else machine.on_unheard()
        for phrase in step.says:
            text = default_prompts().text(phrase.key, phrase.values)
            assert text
            assert "{" not in text
        assert bool(step.says) != step.repeats
        assert step.listens_s > 0
        assert machine.case.status in ("open", "resolved", "transferred", "abandoned")
        assert (step.ending is not None) is STATES[machine.state].final
        if machine.state is not before:
            assert machine.state in drawn_from(before), (before, machine.state, event)


@given(case=CASES, turn=TURNS)
def test_a_caller_who_says_only_one_thing_comes_to_an_end(case: Callable[[], Case], turn: Said) -> None:
    machine = Machine(case(), WAIT_S)
    machine.start()
    for _ in range(30):
        if say(machine, turn).ending is not None:
            return
    # Only who asks for time or to hear it again is served for ever; the call's hard limit ends that.
    patient = turn.intent in (Intent.REPEAT_REQUEST, Intent.HOLD_REQUEST) or turn.text in ("pas encore", "d'accord")
    assert patient


@given(case=CASES, turns=st.lists(TURNS, max_size=6))
def test_who_falls_silent_is_let_go(case: Callable[[], Case], turns: list[Said]) -> None:
    machine = Machine(case(), WAIT_S)
    machine.start()
    for turn in turns:
        say(machine, turn)
    for _ in range(8):
        if machine.on_silence().ending is not None:
            return
    raise AssertionError(f"still listening in {machine.state}")


def drawn_from(state: State) -> set[State]:
    """Where the table, and the rules for every state, lead from `state`."""
    row = STATES[state]
    # Silence, and a call that is too long, end everywhere.
    return {*row.arrows.values(), *row.detours, *row.everywhere.values(), row.gives_up, State.GOODBYE, State.ERROR}


def test_problems_are_the_intents_with_a_problem_type() -> None:
    assert set(STATES[State.DIAGNOSTIC].arrows) == set(PROBLEMS)


# Keys: what they mean follows from what was asked.


@pytest.mark.parametrize("state", [State.TICKET_VERIFICATION, State.SOLUTION, State.VERIFICATION])
def test_keys_answer_yes_or_no(state: State) -> None:
    machine = arrived(state)
    assert machine.keys == {"1": Intent.YES, "2": Intent.NO}
    machine.on_silence()
    assert machine.keys == {"1": Intent.YES, "2": Intent.NO}, "an aside asks nothing else"


@pytest.mark.parametrize("state", [State.WELCOME, State.IDENTIFICATION, State.DIAGNOSTIC])
def test_keys_type_a_number_where_nothing_is_chosen(state: State) -> None:
    assert arrived(state).keys == {}


def test_keys_type_a_ticket_number_although_its_state_is_entered_with_yes() -> None:
    machine = arrived(State.TICKET_VERIFICATION)
    assert keys(say(machine, YES)) == ["ask_ticket_number"]
    assert (machine.keys, machine.endpointing) == ({}, "field:ticket")


def test_keys_choose_the_kind_of_problem_when_it_is_asked() -> None:
    machine = started()
    say(machine, UNCLEAR)
    assert keys(say(machine, UNCLEAR)) == ["welcome_choices"]
    assert list(machine.keys.values()) == list(PROBLEMS)


def test_a_yes_or_no_is_awaited_behind_its_question_only() -> None:
    """Not while the caller unplugs the box, or has asked for two minutes."""
    machine = Machine(Case(), WAIT_S)
    machine.start()
    assert not machine.awaits_yes_or_no, "how can I help you? is an open question"
    say(machine, Said(Intent.INTERNET_ISSUE))
    assert machine.state is State.TICKET_VERIFICATION
    assert machine.awaits_yes_or_no
    say(machine, Said(Intent.HOLD_REQUEST))
    assert not machine.awaits_yes_or_no
    silence(machine)
    assert machine.awaits_yes_or_no
    say(machine, Said(Intent.YES, "oui, allez-y"))
    say(machine, Said(Intent.NO))
    say(machine, Said(Intent.IDENTITY_PROVIDED, fields=Fields(name="Pierre Dupont", company="TechCorp")))
    say(machine, Said(Intent.INTERNET_ISSUE, "Ma box ne fonctionne plus."))
    assert machine.state is State.SOLUTION
    assert not machine.awaits_yes_or_no
    say(machine, Said(Intent.YES))
    assert not machine.awaits_yes_or_no, "the box restarts"
    silence(machine)
    assert machine.state is State.VERIFICATION
    assert machine.awaits_yes_or_no
