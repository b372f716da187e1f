"""A further problem told where the question was about the first one: "et sinon ma télé marche plus non plus"."""

import re

from app.dialogue.intents import Intent
from app.providers.rules.changes import is_wish
from app.providers.rules.complaints import is_complaint
from app.providers.rules.signals import Signal
from app.providers.rules.topics import find_topic

_FURTHER = re.compile(
    r"\b(?:(?:j ai|y a|ai|a|c est|il y a) (?:aussi|egalement|encore un autre)|aussi|egalement|en plus(?! (?:de"
    r"|d)\b)|en outre"
    r"|(?:une? |d |l )?autres? (?:chose|souci|probleme|truc|question|panne|demande|sujet|point|affaire)"
    r"|(?:deuxieme|second|seconde|nouveau|nouvelle|2e|troisieme) (?:souci|probleme|truc|question|panne|demande"
    r"|chose|sujet|point)"
    r"|sinon|au fait|au passage|par ailleurs|d ailleurs|et puis|j en profite|(?:pendant|tant) (?:que"
    r"|qu) (?:\w+ ){1,4}?(?:ai|suis|etes"
    r"|es|tiens|pense|y|la)\b|a part ca|en parlant de|j oubliais|tiens)\b"
)
_WEAK = re.compile(r"\b(?:par contre|en revanche|maintenant|mais|la par contre)\b")
"""May also tell more of the same problem: only a wish behind them is a different matter."""
_SAME = re.compile(r"\b(?:toujours|meme (?:probleme|souci|chose)|non plus)\b|\bencore (?:pas|plus|rien)\b")
_TRIED = re.compile(
    r"\b(?:aussi|en plus|et puis|sinon|d ailleurs) (?:(?:je|j|on) )?(?:l |les |la )?(?:ai |a "
    r"|avais )?(?:deja )?(?:tout )?"
    r"(?:essaye|fait|teste|refait|redemarre|debranche|rebranche|tente|eteint|rallume|change|verifie)\b"
)


def find_further(words: str, signals: list[Signal]) -> tuple[Intent, float] | None:
    """The topic of another problem that is announced as such, unless the question was denied before it.

    Args:
        words: normalised.
        signals: of the whole turn.
    """
    strong = _FURTHER.search(words)
    if strong and not _TRIED.search(words):
        behind = words[strong.start() :]
        # "j ai un probleme de portable aussi" has its marker behind.
        told = behind if find_topic(behind, described=False) else words
        if not _denied(signals, strong.start() if told is behind else 0):
            topic = _told(told)
            if topic and not _SAME.search(told):
                return topic
    weak = _WEAK.search(words)
    if weak and is_wish(words[weak.end() :]) and not _denied(signals, weak.start()):
        topic = find_topic(words[weak.end() :], described=False)
        return topic if topic and topic[0] is Intent.MODIFICATION_REQUEST else None
    return None


def _told(words: str) -> tuple[Intent, float] | None:
    topic = find_topic(words, described=False)
    if topic and (topic[0] is Intent.MODIFICATION_REQUEST or is_complaint(words)):
        return topic
    return None


def _denied(signals: list[Signal], end: int) -> bool:
    before = [signal for signal in signals if signal.end <= end]
    return bool(before) and not before[-1].positive
