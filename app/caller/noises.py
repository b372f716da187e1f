"""Sounds of a caller's surroundings, made here: the same ones every time, nothing to download.

All are s16le mono 8 kHz. What lasts (`babble`, `street`, `hiss`) can be repeated; the rest happens once.
"""

import math
import random
from array import array
from collections.abc import Callable, Sequence
from functools import cache

from app.providers.espeak import Voice, render
from ext.levels import apply_gain, rms_dbfs
from ext.stereo import mix

RATE_HZ = 8000
LASTING_S = 20.0
LEVEL_DB = -26.0
"""dBFS, of lasting noise before it is brought to a line's level: the nominal level of speech (ITU-T P.56)."""
PEAK = 9000
"""Of a cough or a slam: as loud as speech at the same distance."""

TALK = (
    ("fr+f1", 175, "Alors tu vois, je lui ai dit que le train partait à midi, et qu'il fallait prendre des tartines."),
    ("fr+m2", 150, "Les tomates sont au fond du jardin, derrière la remise, il suffit de les arroser le soir."),
    ("fr+f5", 190, "On ira plutôt à la montagne cet hiver, les enfants préfèrent la neige, et moi aussi je crois."),
    ("fr+m5", 165, "Deux cafés et un croissant pour la table du fond, et l'addition pour le monsieur au chapeau."),
    ("fr+m7", 140, "Il a marqué le but à la dernière minute, tout le stade chantait, quelle soirée magnifique."),
    ("fr+f2", 160, "La recette est simple, de la farine, du beurre, trois pommes, et une pincée de cannelle."),
)
"""Voice, words a minute, and what the people in the room talk about: nothing that a caller to a hotline says."""


@cache
def made(name: str) -> bytes:
    """One of `MADE`, made once a process."""
    return MADE[name]()


def babble() -> bytes:
    """Six people talk at once, equally loud, for `LASTING_S`."""
    wanted_bytes = 2 * round(LASTING_S * RATE_HZ)
    room = bytes(wanted_bytes)
    for number, (name, rate_wpm, words) in enumerate(TALK):
        speech = render(words, Voice(name, rate_wpm), RATE_HZ)
        repeated = speech * (wanted_bytes // len(speech) + 1)
        offset = 2 * (len(speech) // 2 * number // len(TALK))
        room = mix(room, brought_to(repeated[offset : offset + wanted_bytes], LEVEL_DB - 8))
    return brought_to(room, LEVEL_DB)


def street() -> bytes:
    """Engines that come and go over a rumble, for `LASTING_S`."""
    dice = random.Random(3)
    sound, rumble, tyres = array("h"), 0.0, 0.0
    for at in range(round(LASTING_S * RATE_HZ)):
        white = dice.uniform(-1, 1)
        rumble = 0.97 * rumble + white
        tyres = 0.75 * tyres + white
        cars = sum(max(0.0, 1 - abs((at / RATE_HZ - passes) / 2.2)) ** 2 for passes in (3.0, 8.5, 10.0, 16.5))
        sound.append(round(220 * rumble + 900 * cars * tyres))
    return brought_to(sound.tobytes(), LEVEL_DB)


def hiss() -> bytes:
    """White noise, for `LASTING_S`."""
    dice = random.Random(5)
    sound = array("h", (round(dice.gauss(0, 1600)) for _ in range(round(LASTING_S * RATE_HZ))))
    return brought_to(sound.tobytes(), LEVEL_DB)


def cough() -> bytes:
    """Twice a burst of breath through an open mouth, half a second in all."""
    first = _burst(0.16, attack_s=0.008, decay_s=0.06, resonances=((650, 0.93), (1500, 0.9)), seed=11)
    second = _burst(0.26, attack_s=0.012, decay_s=0.09, resonances=((600, 0.93), (1350, 0.9)), seed=12)
    return first + bytes(2 * round(0.08 * RATE_HZ)) + second


def slam() -> bytes:
    """A door: a knock and its boom, a third of a second."""
    return _burst(0.34, attack_s=0.002, decay_s=0.05, resonances=((95, 0.995), (420, 0.95)), seed=13)


MADE: dict[str, Callable[[], bytes]] = {
    "babble": babble,
    "street": street,
    "hiss": hiss,
    "cough": cough,
    "slam": slam,
}


def brought_to(pcm: bytes, level_db: float) -> bytes:
    """The same sound at this level (RMS over all of it, dBFS)."""
    return apply_gain(pcm, 10 ** ((level_db - rms_dbfs(pcm)) / 20))


def _burst(
    seconds: float, *, attack_s: float, decay_s: float, resonances: Sequence[tuple[float, float]], seed: int
) -> bytes:
    """Noise through resonances (frequency in Hz, radius of the pole), as loud as `PEAK`."""
    dice = random.Random(seed)
    states = [[0.0, 0.0] for _ in resonances]
    sound = []
    for at in range(round(seconds * RATE_HZ)):
        since_s = at / RATE_HZ
        breath = dice.uniform(-1, 1) * min(1.0, since_s / attack_s) * math.exp(-since_s / decay_s)
        value = 0.0
        for state, (hz, radius) in zip(states, resonances, strict=True):
            turn = 2 * radius * math.cos(2 * math.pi * hz / RATE_HZ)
            state[0], state[1] = breath + turn * state[0] - radius * radius * state[1], state[0]
            value += state[0] * (1 - radius)
        sound.append(value)
    loudest = max(map(abs, sound))
    return array("h", (round(PEAK * value / loudest) for value in sound)).tobytes()
