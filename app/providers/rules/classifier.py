"""One turn of the caller → one intent, by rules; the order of precedence is that of docs/intents.md."""

import re
from dataclasses import dataclass, replace

from app.dialogue.fields import TEXT_MAX, extract
from app.dialogue.french_numbers import digits_of
from app.dialogue.intents import Fields, Intent, Understanding
from app.dialogue.spoken_email import has_at_sign
from app.dialogue.states import State
from app.providers.rules.beside import is_about_others, without_asides, without_contact
from app.providers.rules.families import Kind
from app.providers.rules.further import find_further
from app.providers.rules.normalise import normalise, plain
from app.providers.rules.requests import (
    Request,
    asks_hold,
    asks_human,
    asks_repeat,
    asks_to_find_out,
    is_taken_in,
    says_goodbye,
)
from app.providers.rules.sentiment import feel
from app.providers.rules.signals import ABOUT_HELP, ABOUT_TICKET, Signal, find_signals, has_negation
from app.providers.rules.topics import find_topic, is_complaint, is_wish

Verdict = tuple[Intent, float]

UNCLEAR: Verdict = (Intent.UNCLEAR, 0.3)
DESCRIPTION_WORDS_MIN = 4
DIGITS_OF_A_NUMBER_MIN = 4
SURE = 0.97
"""Such an answer skips the language model."""

DESCRIBING = frozenset({State.INIT, State.WELCOME, State.DIAGNOSTIC, State.TRANSFER, State.GOODBYE, State.ERROR})
ASKING_YES_NO = frozenset({State.TICKET_VERIFICATION, State.SOLUTION, State.VERIFICATION})

_SURE_YES = re.compile(
    r"(?:(?:oui|si|tout a fait|exactement|absolument|bien sur|effectivement"
    r"|affirmatif|en effet|merci|c est ca|carrement|voila) ?)+"
)
_SURE_NO = re.compile(
    r"(?:(?:non|pas du tout|absolument pas|vraiment pas|toujours pas|merci|du tout"
    r"|negatif|jamais) ?)+"
)
_POLITE_ONLY = re.compile(
    r"(?:merci|svp|bonjour|bonsoir|allo|madame|monsieur|salut| )+"
    r"|oui(?: (?:bonjour|allo|bonsoir|madame|monsieur))+"
    r"|allo oui(?: bonjour)?"
)
_REFUSED_FIELD = re.compile(
    r"\b(?:pas|aucune?|sans|ni) (?:\w+ ){0,2}?(?:d |de |l |le )?(?:e ?mails?|mail|adresse|entreprise"
    r"|societe|numero|telephone)\b"
    r"|\b(?:veux|prefere|souhaite|peux|vais|donne|envie|connais|rappelle|souviens)(?:rais|rai)? (?:pas"
    r"|rien)\b"
    r"|\b(?:j|n) en ai (?:pas|aucune?|plus)\b|\bpas (?:envie|question|donner)\b|\bpas (?:de|d) \w+$"
)
_PRIVATE_PERSON = re.compile(
    r"\bparticulier\b|\btitre personnel\b|\bindependante?\b"
    r"|\bauto ?entrepreneur\b|\ba mon compte\b"
)
_RESTORED = re.compile(
    r"\b(?:c est bon|remarche|refonctionne|revenue?s?|retabli\w*|regle\w*|resolu\w*"
    r"|reparti\w*|repare\w*|marche (?:a nouveau|de nouveau)|plus de probleme)\b"
)
_WISH = re.compile(
    r"\b(?:voudrais|veux|voulais|souhait\w+|aimerais|appelle pour|c est pour|besoin"
    r"|resili\w+|demenag\w+|factur\w+)\b"
)
_CUT_OFF = re.compile(r"(?:c est|elle est) (?:bien )?(?:eteinte?|coupee?)")
"""Done as told in `SOLUTION`; bad news anywhere else."""
_FIRST_CALL = re.compile(r"(?<!pas )\b(?:la |ma )(?:toute )?premiere fois\b|(?<!pas )\b(?:mon )?premier appel\b")
_EITHER = re.compile(r"\boui ou non\b|\b(?:oui|non) (?:ou|et) (?:oui|non)\b")
_OTHER = re.compile(r"\bautre|\bnouve|\bdifferent")
_CONFIRMS = re.compile(
    r"(?:(?:oui|si|ok|d accord|voila|merci|madame|monsieur|exactement|tout a fait|absolument|parfait|parfaitement"
    r"|affirmatif"
    r"|effectivement|en effet|exact|correct|juste|evidemment|bien sur|bien entendu|je confirme|je vous confirme"
    r"|c est moi"
    r"|(?:tout )?c est (?:bien |tout a fait |toujours |exactement |tres )*(?:exact\w*|correct\w*|juste|ca|moi"
    r"|vrai|celle la|celui la|bon"
    r"|(?:la|le|l|ma|mon|notre) (?:bonne? |meme )?(?:adresse|mail|email|numero|nom|societe|entreprise|telephone"
    r"|prenom|portable"
    r"|compte)(?: (?:mail|email|postale|electronique))?|au bon nom|le bon|la bonne|la meme)"
    r"|(?:l |mon |ma |le |la )?(?:adresse|mail|numero|nom)(?: mail)? (?:est|c est) (?:bien |toujours )?(?:bonne?"
    r"|exacte?|correcte?|juste"
    r"|le bon|la bonne|ca)|ca a pas change|toujours|vous avez (?:raison|bien compris|tout bon)|pile|il me semble"
    r"|je crois"
    r"|qui vous (?:parle|appelle)|a l appareil) ?)+"
)
"""Says yes to a name or an address that the bot has read out."""
_WRONG = re.compile(
    r"\b(?:c est |est )(?:plus |pas |pas du tout )(?:la |le |l |mon |ma )?(?:bonne? "
    r"|meme )?(?:adresse|mail|numero|nom|ca|moi|bon)\b"
)
_BECAUSE = re.compile(r"\b(?:parce que?|parce qu|car|vu que|puisque?|puisqu)\b")


@dataclass(frozen=True, slots=True)
class _Turn:
    """A turn with all that the rules look at."""

    state: State
    words: str
    as_said: str
    fields: Fields
    dictates_email: bool
    signals: list[Signal]
    contact: bool
    """A telephone number or an address was stated; it is no longer among `words`."""


def understand(state: State, text: str) -> Understanding:
    """Understands one turn without a network, in well under a millisecond.

    Args:
        state: where the call is.
        text: the caller's words, as the recogniser wrote them.
    """
    text = text[-TEXT_MAX:]
    words, fields, dictates = normalise(text), extract(text, state), has_at_sign(text)
    message = without_asides(words)
    if state is not State.IDENTIFICATION:
        message = without_contact(message, stated=dictates or bool(fields.phone))
    about = ABOUT_TICKET if state is State.TICKET_VERIFICATION else ABOUT_HELP
    signals = find_signals(message, about)
    turn = _Turn(state, message, plain(text), fields, dictates, signals, contact=message != without_asides(words))
    intent, confidence = _classify(turn) if message or turn.contact or not words else UNCLEAR
    return Understanding(intent=intent, confidence=confidence, fields=fields, sentiment=feel(words))


def _classify(turn: _Turn) -> Verdict:
    if not turn.as_said:
        return UNCLEAR
    if asks_human(turn.words):
        return Intent.HUMAN_REQUEST, 0.85
    if asks_repeat(turn.words, turn.as_said) and not turn.fields.given():
        return Intent.REPEAT_REQUEST, 0.85
    hold = asks_hold(turn.words)
    if hold and not _answered_after(turn, *hold):
        return Intent.HOLD_REQUEST, 0.85
    if is_about_others(turn.words) and not is_complaint(turn.words) and not turn.signals:
        return UNCLEAR
    return _own_question(turn) or _goodbye(turn) or _anything_else(turn)


def _answered_after(turn: _Turn, request: Request, end: int) -> bool:
    """ "attendez … voilà c'est le 4512" has stopped waiting; "deux secondes je débranche" has not."""
    if request is Request.LOOKING and turn.state is State.SOLUTION and turn.signals:
        first = turn.signals[0]
        if first.positive and first.kind in (Kind.ACT, Kind.ANSWER) and first.start < end:
            return True  # "d'accord je vais regarder" agrees
    if turn.state in (State.IDENTIFICATION, State.TICKET_VERIFICATION) and turn.fields.given():
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
    return turn.state in DESCRIBING and is_complaint(rest) and find_topic(rest, described=False) is not None


def _own_question(turn: _Turn) -> Verdict | None:
    """What answers the question that the state asks."""
    if turn.state is State.TICKET_VERIFICATION:
        return _ticket_answer(turn)
    if turn.state is State.IDENTIFICATION:
        return _identity_answer(turn)
    if turn.state is State.SOLUTION:
        return find_further(turn.words, turn.signals) or _yes_no(turn, _solution_signals(turn))
    if turn.state is State.VERIFICATION:
        return find_further(turn.words, turn.signals) or _yes_no(turn, _verification_signals(turn))
    if turn.state in (State.WELCOME, State.DIAGNOSTIC, State.INIT):
        return _described_problem(turn)
    return None


def _described_problem(turn: _Turn) -> Verdict | None:
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
    return (Intent.INTERNET_ISSUE, 0.45) if told and has_negation(turn.words) and not unsure else None


def _ticket_answer(turn: _Turn) -> Verdict | None:
    tickets = [signal for signal in turn.signals if signal.kind is Kind.TICKET]
    answers = [signal for signal in turn.signals if signal.kind is Kind.ANSWER]
    if _FIRST_CALL.search(turn.words):
        return Intent.NO, 0.9
    if _EITHER.search(turn.words):
        return UNCLEAR
    if not answers and not turn.fields.ticket and all(_OTHER.search(turn.words[s.start : s.end]) for s in tickets):
        further = find_further(turn.words, [])
        if further and tickets:
            return further
    if turn.fields.ticket and not (tickets and not tickets[-1].positive):
        return Intent.YES, 0.85
    if tickets:
        return _verdict(tickets[-1].positive, 0.85)
    if answers:
        return _bare(turn, answers)
    if re.search(r"\b(?:ticket|dossier)\b", turn.words) and not has_negation(turn.words):
        return Intent.YES, 0.6
    return None


def _identity_answer(turn: _Turn) -> Verdict | None:
    if _CONFIRMS.fullmatch(turn.words):
        return Intent.YES, 0.85
    if _WRONG.search(turn.words) and not turn.dictates_email and not turn.fields.given():
        return Intent.NO, 0.7
    if turn.fields.email or turn.dictates_email:
        return Intent.EMAIL_PROVIDED, 0.9
    if turn.fields.given():
        return Intent.IDENTITY_PROVIDED, 0.85
    if _PRIVATE_PERSON.search(turn.words):
        return Intent.IDENTITY_PROVIDED, 0.6
    if len(digits_of(turn.as_said)) >= DIGITS_OF_A_NUMBER_MIN:
        return Intent.IDENTITY_PROVIDED, 0.6
    if _REFUSED_FIELD.search(turn.words):
        return Intent.NO, 0.7
    return None


def _solution_signals(turn: _Turn) -> list[Signal]:
    kinds = (Kind.ACT, Kind.SERVICE)
    because = _BECAUSE.search(turn.words)
    decisive = [signal for signal in turn.signals if signal.kind in kinds]
    decisive = [
        replace(signal, positive=True) if _CUT_OFF.fullmatch(turn.words[signal.start : signal.end]) else signal
        for signal in decisive
    ]
    if because:
        before = [signal for signal in decisive if signal.start < because.start()]
        decisive = before or decisive
    return decisive


def _verification_signals(turn: _Turn) -> list[Signal]:
    service = [signal for signal in turn.signals if signal.kind is Kind.SERVICE]
    return service or [signal for signal in turn.signals if signal.kind is Kind.ACT]


def _yes_no(turn: _Turn, decisive: list[Signal]) -> Verdict | None:
    """The last decisive signal, else the last bare "oui" or "non", else any negation that is left."""
    answers = [signal for signal in turn.signals if signal.kind is Kind.ANSWER]
    if says_goodbye(turn.words) is Request.LEAVING and not [
        signal for signal in decisive if signal.kind is Kind.SERVICE
    ]:
        return None
    if _other_request(turn):
        return None
    if decisive:
        last = decisive[-1]
        if (
            answers
            and answers[-1].start > last.end
            and answers[-1].positive != last.positive
            and _corrects(turn, answers[-1])
        ):
            last = answers[-1]
        return _verdict(last.positive, 0.8)
    if answers and not (says_goodbye(turn.words) and _only_thanks(turn, answers)):
        return _bare(turn, answers)
    if any(signal.kind is Kind.UNSURE for signal in turn.signals):
        return None
    return (Intent.NO, 0.55) if has_negation(turn.words) else None


def _only_thanks(turn: _Turn, answers: list[Signal]) -> bool:
    return all("merci" in turn.words[signal.start : signal.end] for signal in answers)


def _other_request(turn: _Turn) -> bool:
    """ "je voudrais changer d'adresse" answers no instruction, though "je vais changer la pile" does."""
    if any(signal.kind in (Kind.ANSWER, Kind.SERVICE) for signal in turn.signals) or not _WISH.search(turn.words):
        return False
    topic = find_topic(turn.words, described=False)
    return topic is not None and topic[0] is Intent.MODIFICATION_REQUEST


def _corrects(turn: _Turn, answer: Signal) -> bool:
    """A bare answer behind a statement takes it back only as a correction: "c'est bon, enfin non"."""
    said = turn.words[answer.start : answer.end]
    before = turn.words[: answer.start].rstrip()
    if said.startswith("oui") or "merci" in said or "voila" in said:
        return before.endswith(("enfin", "mais", "ah", "non"))
    if answer.positive:
        return before.endswith(("mais", "enfin"))
    return not answer.positive


def _bare(turn: _Turn, answers: list[Signal]) -> Verdict:
    positive = answers[-1].positive
    said = turn.words[answers[-1].start : answers[-1].end]
    if positive and "merci" in said and len(answers) > 1:
        positive = answers[-2].positive
    if _SURE_YES.fullmatch(turn.words) and positive and turn.words != "merci":
        return Intent.YES, SURE
    if _SURE_NO.fullmatch(turn.words) and not positive:
        return Intent.NO, SURE
    return _verdict(positive, 0.7 if turn.words != "merci" else 0.5)


def _verdict(positive: bool, confidence: float) -> Verdict:
    return (Intent.YES if positive else Intent.NO), confidence


def _goodbye(turn: _Turn) -> Verdict | None:
    if says_goodbye(turn.words):
        return Intent.GOODBYE, 0.85
    if turn.state is State.GOODBYE and "merci" in turn.words:
        return Intent.GOODBYE, 0.7
    return None


def _anything_else(turn: _Turn) -> Verdict:
    """What the words plainly carry, whatever the state."""
    if (turn.fields.email or turn.dictates_email) and not is_complaint(turn.words) and not is_wish(turn.words):
        return Intent.EMAIL_PROVIDED, 0.8
    if turn.state not in (State.IDENTIFICATION, State.TICKET_VERIFICATION, *DESCRIBING):
        topic = find_topic(turn.words, described=False)
        if topic and (topic[0] is Intent.MODIFICATION_REQUEST or is_complaint(turn.words)):
            return topic
    else:
        topic = find_topic(turn.words, described=turn.state in DESCRIBING)
        if topic:
            return topic
    if turn.fields.email or turn.dictates_email:
        return Intent.EMAIL_PROVIDED, 0.7
    if turn.fields.given() or turn.contact:
        return Intent.IDENTITY_PROVIDED, 0.7
    if turn.state in ASKING_YES_NO:
        return UNCLEAR
    return _plain_answer(turn) or UNCLEAR


def _plain_answer(turn: _Turn) -> Verdict | None:
    """ "oui" where nothing was asked that it answers."""
    if _POLITE_ONLY.fullmatch(turn.words):
        return None
    answers = [signal for signal in turn.signals if signal.kind is not Kind.UNSURE and signal.kind is not Kind.TICKET]
    if turn.words == "voila":
        return None
    if answers and not any(signal.kind is Kind.UNSURE for signal in turn.signals):
        bare = [signal for signal in answers if signal.kind is Kind.ANSWER]
        if not bare and not answers[-1].positive:
            return None
        covered = sum(signal.end - signal.start for signal in turn.signals)
        if bare or covered * 2 > len(turn.words):
            return _bare(turn, bare or answers)
    return None
