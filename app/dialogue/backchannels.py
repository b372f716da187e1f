"""What people say to show that they listen, or to greet back: nothing that asks for the floor. Pure."""

import re

_BACKCHANNEL = re.compile(
    # Each sound ends at a word's end, so that no text can be cut up in more than one way.
    r"\W*(?:(?:oui|ouais|mm+h?|hum|hmm+|d['’]accord|ok|okay|ah|euh|voilà|très bien|bien|bon|entendu)\b\W*)+",
    re.IGNORECASE,
)

_GREETING = re.compile(r"\W*(?:(?:bonjour|bonsoir|salut|all[oôóò]|monsieur|madame)\b\W*)+", re.IGNORECASE)


def is_backchannel(text: str) -> bool:
    """Only listening noises ("mmh", "d'accord", "oui oui"), nothing that asks for the floor."""
    return _BACKCHANNEL.fullmatch(text) is not None


def is_listening_noise(text: str) -> bool:
    """A backchannel, or a greeting, which answers the bot's and does not stop it."""
    return is_backchannel(text) or _GREETING.fullmatch(text) is not None
