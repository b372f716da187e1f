"""What callers say of a remedy: agreed, not yet, done, it works again. Pure.

Asked whether it is done, a caller says much that is neither yes nor no; there the words decide, not the intent.
"""

import re

_WORKS = re.compile(
    r"\b(?:re)?(?:marche|fonctionne)(?:nt)?\b|\brevenu|\brétabli|\bréglée?s?\b|\brésolu|\bréparée?s?\b", re.IGNORECASE
)
_WORKS_PERHAPS = re.compile(
    r"\b(?:si|voir|quand|pour que|jusqu.à ce que)\b[^.!?]*\b(?:re)?(?:marche|fonctionne)", re.IGNORECASE
)
"""\"Je vais voir si ça marche\" promises nothing."""
_DEAL = re.compile(r"\bça marche\b(?! (?:maintenant|bien|mieux|à nouveau|de nouveau|déjà|enfin))", re.IGNORECASE)
"""Right after the proposal "ça marche" means "agreed"."""
_DONE = re.compile(r"\bc.est fait\b|\bça y est\b|\bj.ai (?:tout )?(?:fait|re|dé|branché|éteint|rallumé)", re.IGNORECASE)
_AGREES = re.compile(
    r"\W*(?:(?:oui|d.accord|ok(?:ay)?|entendu|très bien|alors|merci|je (?:le|la|les) fais|je regarde|j.essa[iy]e"
    r"|je vais (?:le |la |les )?(?:essayer|faire|regarder|voir|tester))(?: ça)?\b\W*)+",
    re.IGNORECASE,
)
_ONLY_YES = re.compile(r"\W*(?:(?:oui|merci)\W*)+", re.IGNORECASE)
_NOT_YET = re.compile(r"\bpas (?:encore|fini|terminé)\b|\ben train de\b", re.IGNORECASE)


def speaks_of_working(text: str) -> bool:
    """The words are about whether it works, one way or the other."""
    return _WORKS.search(text) is not None


def works(text: str, *, just_proposed: bool) -> bool:
    """It works again, in a turn that was understood as a yes.

    Args:
        just_proposed: the remedy was told a moment ago, and nobody waits for it yet.
    """
    if not speaks_of_working(text) or _WORKS_PERHAPS.search(text):
        return False
    return not (just_proposed and _DEAL.search(text))


def done(text: str) -> bool:
    """The caller has done it; whether it helped is still to be asked."""
    return _DONE.search(text) is not None


def agreed(text: str) -> bool:
    """The caller will do it, or is about to: "d'accord", "je vais essayer". A mere "oui" may mean that it is done."""
    return _AGREES.fullmatch(text) is not None and not _ONLY_YES.fullmatch(text)


def not_yet_done(text: str) -> bool:
    """ "Pas encore", "je suis en train de le faire"."""
    return _NOT_YET.search(text) is not None
