"""What answers the question that the state asks: a ticket, a name, a yes or a no."""

import re
from dataclasses import replace

from app.dialogue.french_numbers import digits_of
from app.dialogue.intents import Intent
from app.providers.rules.families import DOUBT, Kind
from app.providers.rules.further import find_further
from app.providers.rules.requests import (
    Request,
    says_goodbye,
)
from app.providers.rules.signals import Signal, has_negation
from app.providers.rules.topics import find_topic
from app.providers.rules.turn import UNCLEAR, Turn, Verdict

DIGITS_OF_A_NUMBER_MIN = 4
SURE = 0.97
"""Such an answer skips the language model."""

_SURE_YES = re.compile(
    r"(?:(?:oui|si|tout a fait|exactement|absolument|bien sur|effectivement"
    r"|affirmatif|en effet|merci|c est ca|carrement|voila) ?)+"
)
_SURE_NO = re.compile(
    r"(?:(?:non|pas du tout|absolument pas|vraiment pas|toujours pas|merci|du tout"
    r"|negatif|jamais) ?)+"
)
_REFUSED_FIELD = re.compile(
    r"\bai pas ca\b|\brefuse\b|\b(?:oublie|perdu) (?:mon|ma|l|le|la|notre) |\bpourquoi (?:faire|je vous"
    r"|vous (?:voulez|demandez))|\b(?:c est"
    r"|est) (?:\w+ )?(?:confidentiel\w*|personnel"
    r"|prive|secret)\b"
    r"|\bca (?:vous )?regarde (?:pas|personne)\b|\bje (?:le |la |vous (?:le |la )?)?(?:donne|donnerai"
    r"|dirai) (?:pas|rien)\b|"
    r"\b(?:pas|aucune?|sans|ni) (?:\w+ ){0,2}?(?:d |de |l |le )?(?:e ?mails?|mail|adresse|entreprise"
    r"|societe|numero|telephone)\b"
    r"|\b(?:veux|prefere|souhaite|peux|vais|donne|envie|connais|rappelle|souviens)(?:rais|rai)? (?:plus|pas"
    r"|rien)\b"
    r"|\b(?:j|n) en ai (?:pas|aucune?|plus)\b|\bpas (?:envie|question|donner)\b|\bpas (?:de|d) \w+$"
)
_PRIVATE_PERSON = re.compile(
    r"\bparticulier\b|\btitre personnel\b|\bindependante?\b"
    r"|\bauto ?entrepreneur\b|\ba mon compte\b"
)
_WISH = re.compile(
    r"\b(?:voudrais|veux|voulais|souhait\w+|aimerais|appelle pour|c est pour|besoin"
    r"|resili\w+|demenag\w+|factur\w+)\b"
)
_CUT_OFF = re.compile(r"(?:c est|elle est) (?:bien )?(?:eteinte?|coupee?)")
"""Done as told in `SOLUTION`; bad news anywhere else."""
_FIRST_CALL = re.compile(r"(?<!pas )\b(?:la |ma )(?:toute )?premiere fois\b|(?<!pas )\b(?:mon )?premier appel\b")
_EITHER = re.compile(
    r"\bou peut etre\b|\boui non (?:je sais|peut etre)\b|\bpeut etre (?:bien )?(?:que )?(?:oui|non)\b"
    r"|\boui ou non\b|\b(?:oui"
    r"|non) (?:ou|et) (?:oui"
    r"|non)\b"
)
_OTHER = re.compile(r"^pas (?:pour|celui|ca)|\bautre|\bnouve|\bdifferent")
_CONFIRMS = re.compile(
    r"(?:(?:oui|si|ok|d accord|voila|merci|madame|monsieur|exactement|tout a fait|absolument|parfait|parfaitement"
    r"|affirmatif"
    r"|effectivement|en effet|exact|correct|juste|ca|evidemment|bien sur|bien entendu|je confirme|je vous confirme"
    r"|c est moi"
    r"|(?:tout )?c est (?:bien |tout a fait |toujours |exactement |tres |parfaitement |tout "
    r"|absolument )*(?:exact\w*|correct\w*|juste|ca|moi"
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
_DOUBTING = re.compile(DOUBT)
_BECAUSE = re.compile(r"\b(?:parce que?|parce qu|car|vu que|puisque?|puisqu)\b")


def ticket_answer(turn: Turn) -> Verdict | None:
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
        return bare_answer(turn, answers)
    if re.search(r"\b(?:ticket|dossier)\b", turn.words) and not has_negation(turn.words):
        return Intent.YES, 0.6
    return None


def identity_answer(turn: Turn) -> Verdict | None:
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


def solution_signals(turn: Turn) -> list[Signal]:
    kinds = (Kind.ACT, Kind.SERVICE)
    because = _BECAUSE.search(turn.words)
    decisive = [signal for signal in turn.signals if signal.kind in kinds]
    hopeful = [signal for signal in decisive if not _DOUBTING.match(turn.words[signal.start : signal.end])]
    decisive = hopeful or decisive
    decisive = [
        replace(signal, positive=True) if _CUT_OFF.fullmatch(turn.words[signal.start : signal.end]) else signal
        for signal in decisive
    ]
    if because:
        before = [signal for signal in decisive if signal.start < because.start()]
        decisive = before or decisive
    return decisive


def verification_signals(turn: Turn) -> list[Signal]:
    service = [signal for signal in turn.signals if signal.kind is Kind.SERVICE]
    if not service and any(signal.kind is Kind.UNSURE for signal in turn.signals):
        return []
    return service or [signal for signal in turn.signals if signal.kind is Kind.ACT]


def yes_no(turn: Turn, decisive: list[Signal]) -> Verdict | None:
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
        return bare_answer(turn, answers)
    if any(signal.kind is Kind.UNSURE for signal in turn.signals):
        return None
    return (Intent.NO, 0.55) if has_negation(turn.words) else None


def _only_thanks(turn: Turn, answers: list[Signal]) -> bool:
    return all("merci" in turn.words[signal.start : signal.end] for signal in answers)


def _other_request(turn: Turn) -> bool:
    """ "je voudrais changer d'adresse" answers no instruction, though "je vais changer la pile" does."""
    if any(signal.kind in (Kind.ANSWER, Kind.SERVICE) for signal in turn.signals) or not _WISH.search(turn.words):
        return False
    topic = find_topic(turn.words, described=False)
    return topic is not None and topic[0] is Intent.MODIFICATION_REQUEST


def _corrects(turn: Turn, answer: Signal) -> bool:
    """A bare answer behind a statement takes it back only as a correction: "c'est bon, enfin non"."""
    said = turn.words[answer.start : answer.end]
    before = turn.words[: answer.start].rstrip()
    if said.startswith("oui") or "merci" in said or "voila" in said:
        return before.endswith(("enfin", "mais", "ah", "non"))
    if answer.positive:
        return before.endswith(("mais", "enfin"))
    return not answer.positive


def bare_answer(turn: Turn, answers: list[Signal]) -> Verdict:
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
