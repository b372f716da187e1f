"""One turn of the caller → one intent, by rules; the order of precedence is that of docs/intents.md."""

import re

from app.dialogue.fields import TEXT_MAX, extract
from app.dialogue.intents import Intent, Understanding
from app.dialogue.spoken_email import has_at_sign
from app.dialogue.states import State
from app.providers.rules.answers import (
    SURE,
    bare_answer,
    identity_answer,
    solution_signals,
    ticket_answer,
    verification_signals,
    yes_no,
)
from app.providers.rules.beside import is_about_others, without_asides, without_contact
from app.providers.rules.changes import is_wish
from app.providers.rules.complaints import is_complaint
from app.providers.rules.elaborations import is_elaboration
from app.providers.rules.families import Kind
from app.providers.rules.further import find_further
from app.providers.rules.human_requests import asks_human
from app.providers.rules.normalise import normalise, plain
from app.providers.rules.requests import (
    Request,
    asks_hold,
    asks_repeat,
    asks_to_find_out,
    is_taken_in,
    says_goodbye,
)
from app.providers.rules.sentiment import feel
from app.providers.rules.signals import ABOUT_HELP, ABOUT_TICKET, find_signals, has_negation
from app.providers.rules.topics import find_topic, is_symptom
from app.providers.rules.turn import DESCRIBING, UNCLEAR, Turn, Verdict

DESCRIPTION_WORDS_MIN = 4
ASKING_WHO = frozenset({State.IDENTIFICATION, State.CALLBACK})
ASKING_YES_NO = frozenset({State.TICKET_VERIFICATION, State.SOLUTION, State.VERIFICATION})

_POLITE_ONLY = re.compile(
    r"(?:merci|svp|bonjour|bonsoir|allo|madame|monsieur|salut| )+"
    r"|oui(?: (?:bonjour|allo|bonsoir|madame|monsieur))+"
    r"|allo oui(?: bonjour)?"
)
_RESTORED = re.compile(
    r"\b(?:c est bon|remarche|refonctionne|revenue?s?|retabli\w*|regle\w*|resolu\w*"
    r"|reparti\w*|repare\w*|marche (?:a nouveau|de nouveau)|plus de probleme)\b"
)
_NOT_FOLLOWED = re.compile(
    r"^(?:\w+ ){0,3}?(?:pas|rien|mal) (?:bien |tout )?(?:compris|suivi"
    r"|saisi)\b(?! (?:pourquoi|a quoi))"
)
_ALTERED = re.compile(r"\b(?:chang\w+|modif\w+|mettre a jour|remplac\w+|corrig\w+|rectifi\w+|resili\w+|nouve\w+)\b")
_OWN_DETAIL = re.compile(r"\b(?:mails?|messagerie|telephone)\b")


def understand(state: State, text: str) -> Understanding:
    """Understands one turn without a network, in well under a millisecond.

    Args:
        state: where the call is.
        text: the caller's words, as the recogniser wrote them.
    """
    text = text[-TEXT_MAX:]
    words, fields, dictates = normalise(text), extract(text, state), has_at_sign(text)
    message = addressed = without_asides(words)
    if state not in ASKING_WHO:
        message = without_contact(message, stated=dictates or bool(fields.phone))
    about = ABOUT_TICKET if state is State.TICKET_VERIFICATION else ABOUT_HELP
    signals = find_signals(message, about)
    turn = Turn(state, message, plain(text), fields, dictates, signals, contact=message != addressed)
    intent, confidence = _classify(turn) if message or turn.contact or not words else UNCLEAR
    return Understanding(intent=intent, confidence=confidence, fields=fields, sentiment=feel(words))


def _classify(turn: Turn) -> Verdict:
    if not turn.as_said:
        return UNCLEAR
    if asks_human(turn.words):
        return Intent.HUMAN_REQUEST, 0.85
    if turn.state is State.SOLUTION and _NOT_FOLLOWED.search(turn.words):
        return Intent.REPEAT_REQUEST, 0.7
    if asks_repeat(turn.words, turn.as_said) and not turn.fields.given() and not _told_before(turn):
        return Intent.REPEAT_REQUEST, 0.85
    hold = asks_hold(turn.words)
    if hold and not _answered_after(turn, *hold):
        return Intent.HOLD_REQUEST, 0.85
    if _is_remark(turn):
        return UNCLEAR
    return _own_question(turn) or _goodbye(turn) or _anything_else(turn)


def _is_remark(turn: Turn) -> bool:
    """Other people's habits, without a fault or a wish, where nothing else was answered."""
    words = turn.words
    if not is_about_others(words) or not (turn.state in DESCRIBING or not turn.signals):
        return False
    return not (is_complaint(words) or is_symptom(words) or is_wish(words) or has_negation(words))


def _told_before(turn: Turn) -> bool:
    """ "un prélèvement de cent euros, je comprends pas" is baffled by the matter, not by the bot."""
    told = re.split(r"\b(?:je|j|on) (?:\w+ )?comprends?\b|\bj ai pas compris\b", turn.words)[0]
    return (
        turn.state in DESCRIBING
        and told != turn.words
        and told.count(" ") > DESCRIPTION_WORDS_MIN
        and find_topic(told, described=False) is not None
    )


def _answered_after(turn: Turn, request: Request, end: int) -> bool:
    """ "attendez … voilà c'est le 4512" has stopped waiting; "deux secondes je débranche" has not."""
    if request is Request.LOOKING and turn.state is State.SOLUTION and turn.signals:
        first = turn.signals[0]
        if first.positive and first.kind in (Kind.ACT, Kind.ANSWER) and first.start < end:
            return True  # "d'accord je vais regarder" agrees
    if turn.state in (*ASKING_WHO, State.TICKET_VERIFICATION) and turn.fields.given():
        return True
    if asks_to_find_out(turn.words):
        return False
    later = [signal for signal in turn.signals if signal.start >= end]
    telling = {
        State.TICKET_VERIFICATION: {Kind.TICKET, Kind.ANSWER},
        State.SOLUTION: {Kind.SERVICE},
        State.VERIFICATION: {Kind.SERVICE, Kind.ANSWER},
    }.get(turn.state, set())
    if any(signal.kind in telling for signal in later):
        return True
    rest = turn.words[end:]
    if turn.state is State.SOLUTION and is_taken_in(rest):
        return True
    told = turn.state in DESCRIBING and is_complaint(rest) and not re.match(r" ?(?:si|ou|quel\w*|ce que) ", rest)
    return told and find_topic(rest, described=turn.state is State.DIAGNOSTIC) is not None


def _own_question(turn: Turn) -> Verdict | None:
    """What answers the question that the state asks; a plain "oui" or "non" at its head makes that sure."""
    verdict = _answer(turn)
    if verdict is None or turn.state not in ASKING_YES_NO or verdict[0] not in (Intent.YES, Intent.NO):
        return verdict
    return (verdict[0], SURE) if is_elaboration(turn, verdict[0] is Intent.YES) else verdict


def _answer(turn: Turn) -> Verdict | None:
    if turn.state is State.TICKET_VERIFICATION:
        return ticket_answer(turn)
    if turn.state in ASKING_WHO:
        return identity_answer(turn)
    if turn.state is State.SOLUTION:
        return find_further(turn.words, turn.signals) or yes_no(turn, solution_signals(turn))
    if turn.state is State.VERIFICATION:
        return find_further(turn.words, turn.signals) or yes_no(turn, verification_signals(turn))
    if turn.state in (State.WELCOME, State.DIAGNOSTIC, State.INIT):
        return _described_problem(turn)
    return None


def _described_problem(turn: Turn) -> Verdict | None:
    service = [signal for signal in turn.signals if signal.kind is Kind.SERVICE]
    if says_goodbye(turn.words) and not re.search(r"\bre(?:marche|fonctionne)|\brevenu", turn.words):
        service = []
    if service and service[-1].positive and _RESTORED.search(turn.words) and not is_complaint(turn.words):
        return Intent.YES, 0.7
    topic = find_topic(turn.words, described=True)
    if topic or turn.state is not State.DIAGNOSTIC or turn.fields.given():
        return topic
    # Asked to describe a problem, and something is denied at length: a fault we have no word for.
    unsure = any(signal.kind in (Kind.UNSURE, Kind.ANSWER) for signal in turn.signals)
    told = turn.words.count(" ") >= DESCRIPTION_WORDS_MIN - 1
    return (
        (Intent.INTERNET_ISSUE, 0.45)
        if told and has_negation(turn.words) and not (unsure or says_goodbye(turn.words))
        else None
    )


def _goodbye(turn: Turn) -> Verdict | None:
    if says_goodbye(turn.words):
        return Intent.GOODBYE, 0.85
    if turn.state is State.GOODBYE and "merci" in turn.words:
        return Intent.GOODBYE, 0.7
    return None


def _anything_else(turn: Turn) -> Verdict:
    """What the words plainly carry, whatever the state."""
    email = turn.fields.email or turn.dictates_email
    if email and not is_complaint(turn.words) and not (is_wish(turn.words) and _ALTERED.search(turn.words)):
        return Intent.EMAIL_PROVIDED, 0.8
    if turn.state not in (*ASKING_WHO, State.TICKET_VERIFICATION, *DESCRIBING):
        topic = find_topic(turn.words, described=False)
        if topic and (topic[0] is Intent.MODIFICATION_REQUEST or is_complaint(turn.words)):
            return topic
    else:
        words = _OWN_DETAIL.sub(" ", turn.words) if turn.state in ASKING_WHO else turn.words
        topic = find_topic(words, described=turn.state in DESCRIBING)
        if topic:
            return topic
    if turn.fields.email or turn.dictates_email:
        return Intent.EMAIL_PROVIDED, 0.7
    if turn.fields.given() or turn.contact:
        return Intent.IDENTITY_PROVIDED, 0.7
    if turn.state in ASKING_YES_NO:
        return UNCLEAR
    return _plain_answer(turn) or UNCLEAR


def _plain_answer(turn: Turn) -> Verdict | None:
    """ "oui" where nothing was asked that it answers."""
    if _POLITE_ONLY.fullmatch(turn.words):
        return None
    answers = [signal for signal in turn.signals if signal.kind is not Kind.UNSURE and signal.kind is not Kind.TICKET]
    if all(turn.words[signal.start : signal.end] == "voila" for signal in answers):
        return None  # "voilà le problème"
    if answers and not any(signal.kind is Kind.UNSURE for signal in turn.signals):
        bare = [signal for signal in answers if signal.kind is Kind.ANSWER]
        if not bare and not answers[-1].positive:
            return None
        covered = sum(signal.end - signal.start for signal in turn.signals)
        if bare or (covered * 2 > len(turn.words) and _RESTORED.search(turn.words)):
            return bare_answer(turn, bare or answers)
    return None
