"""Levelling from its definition: the whole sentence at once, single precision where `ext/leveller.h` has it."""

import math

import numpy as np
import numpy.typing as npt

HIGH_PASS_HZ, SHELF_HZ, SHELF_DB = 200, 1500, 3.0
TARGET_DBOV, BOOST_MAX_DB, CUT_MAX_DB = -22.0, 12.0, 18.0
BLOCK, HANGOVER, EDGE, HELD, FADE = 80, 20, 2, 50, 40
GROUP, ORDER = 16, 3
FULL = 32768.0**2
KNEE, PER_ROOM = np.float32(23170.0), np.float32(1 / 9597.0)

Singles = npt.NDArray[np.float32]


def coefficients() -> tuple[list[float], list[float]]:
    """Numerator and denominator of the filter: the product of a high pass and a shelf."""
    k, s = (math.tan(math.pi * hz / 8000) for hz in (HIGH_PASS_HZ, SHELF_HZ))
    norm = 1 / (1 + math.sqrt(2) * k + k * k)
    lift = 10 ** (SHELF_DB / 20)
    high = [norm, -2 * norm, norm], [1.0, 2 * (k * k - 1) * norm, (1 - math.sqrt(2) * k + k * k) * norm]
    shelf = [(lift + s) / (1 + s), (s - lift) / (1 + s)], [1.0, (s - 1) / (1 + s)]
    b, a = ([*map(float, np.convolve(first, second))] for first, second in zip(high, shelf, strict=True))
    return b, a


def response(
    b: list[float], a: list[float], inputs: dict[int, float], outputs: dict[int, float], count: int
) -> list[float]:
    """What the filter makes of a few samples: by index, those before 0 are the past."""
    made = dict(outputs)
    for n in range(count):
        made[n] = sum(b[k] * inputs.get(n - k, 0.0) for k in range(len(b)))
        made[n] -= sum(a[k] * made.get(n - k, 0.0) for k in range(1, len(a)))
    return [made[n] for n in range(count)]


def table() -> list[Singles]:
    """What each sample of a group, then each earlier input and output, adds to the group's outputs."""
    b, a = coefficients()
    rows = [response(b, a, {n: 1.0}, {}, GROUP) for n in range(GROUP)]
    rows += [response(b, a, {-1 - k: 1.0}, {}, GROUP) for k in range(ORDER)]
    rows += [response(b, a, {}, {-1 - k: 1.0}, GROUP) for k in range(ORDER)]
    return [np.array(row, np.float32) for row in rows]


def shaped(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """The filtered samples; a multiple of GROUP."""
    rows = table()
    past = [np.float32(0.0)] * (2 * ORDER)
    groups = []
    for heard in samples.astype(np.float32).reshape(-1, GROUP):
        total = rows[GROUP] * past[0] + rows[GROUP + 2] * past[2]
        other = rows[GROUP + 1] * past[1]
        for n in range(0, GROUP, 2):
            total = total + rows[n] * heard[n]
            other = other + rows[n + 1] * heard[n + 1]
        total = total + other
        for k in range(ORDER):
            total = total + rows[GROUP + ORDER + k] * past[ORDER + k]
        groups.append(total)
        past = [*heard[: -ORDER - 1 : -1], *total[: -ORDER - 1 : -1]]
    flat = np.concatenate(groups) if groups else np.zeros(0, np.float32)
    rounded: npt.NDArray[np.int16] = np.rint(np.clip(flat, np.float32(-32768.0), np.float32(32767.0))).astype(np.int16)
    return rounded


def raised(samples: npt.NDArray[np.int16], gain: float, step: float) -> npt.NDArray[np.int16]:
    """Multiplied by a gain in a straight line, and limited."""
    line = np.float32(gain) + np.float32(step) * np.arange(len(samples), dtype=np.float32)
    value = samples.astype(np.float32) * line
    size = np.abs(value)
    over = np.maximum(size - KNEE, np.float32(0.0))
    size = size - over + over / (np.float32(1.0) + over * PER_ROOM)
    rounded: npt.NDArray[np.int16] = np.rint(np.copysign(size, value)).astype(np.int16)
    return rounded


def _faded_in(pcm: bytes) -> bytes:
    """The first 5 ms in a straight line; quotients towards zero."""
    samples = np.frombuffer(pcm, "<i2").astype(np.int64)
    samples[:FADE] = np.trunc(samples[:FADE] * np.arange(FADE) / FADE)
    return samples.astype("<i2").tobytes()


class Leveller:
    """Keeps the whole sentence; what has come out is remembered by its length."""

    def __init__(self, level_dbov: float, known_s: float, target_dbov: float = TARGET_DBOV) -> None:
        for level in (level_dbov, target_dbov):
            if not -90.0 <= level <= 0.0:
                raise ValueError(f"levels must be -90 to 0 dBov, got {level}")
        if not known_s >= 0.0:
            raise ValueError(f"known_s must be 0 or more, got {known_s}")
        self._prior = 10 ** ((target_dbov - level_dbov) / 20), min(known_s * 100, 1e12)
        self._target = FULL * 10 ** (target_dbov / 10)
        self._pcm = b""
        self._given = 0
        self._heard = 0, 0

    @property
    def active_dbov(self) -> float:
        """Mean power of the active blocks."""
        squares, blocks = self._heard
        return 10 * math.log10(squares / (blocks * BLOCK) / FULL) if squares else -120.0

    @property
    def active_s(self) -> float:
        """Their length."""
        return self._heard[1] / 100

    def process(self, pcm: bytes) -> bytes:
        """All that whole blocks make certain."""
        if len(pcm) % 2:
            raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
        self._pcm += pcm
        return self._more(self._made(len(self._pcm) // (2 * BLOCK), last=False))

    def flush(self) -> bytes:
        """The rest, padded to a block."""
        self._pcm += bytes(-len(self._pcm) % (2 * BLOCK))
        return self._more(self._made(len(self._pcm) // (2 * BLOCK), last=True))

    def _more(self, made: bytes) -> bytes:
        more, self._given = made[self._given :], len(made)
        return more

    def _made(self, count: int, *, last: bool) -> bytes:
        blocks = list(shaped(np.frombuffer(self._pcm[: count * 2 * BLOCK], "<i2")).reshape(-1, BLOCK))
        prior_gain, prior_blocks = self._prior
        least, most = 10 ** (-CUT_MAX_DB / 20), 10 ** (BOOST_MAX_DB / 20)
        gain = min(max(prior_gain, least), most)
        slew = 10 ** (0.03 / 20)
        squares = heard = 0
        loudest, since_loud = 0.0, HANGOVER
        out: list[bytes] = []
        quiet: list[bytes] = []
        started = False
        for block in blocks:
            own = int((block.astype(np.int64) ** 2).sum())
            power: float = own / BLOCK
            loudest = max(loudest, power)
            since_loud = 0 if power > loudest * 10**-2.5 and power > 1.0 else since_loud + 1
            if since_loud < HANGOVER:
                squares, heard = squares + own, heard + 1
            known = prior_gain
            if squares:
                own_gain = math.sqrt(self._target * (heard * BLOCK) / squares)
                known = (prior_gain * prior_blocks + own_gain * heard) / (prior_blocks + heard)
            wanted = min(max(known, least), most)
            wanted = min(max(wanted, gain / slew), gain * slew)
            sound = raised(block, gain, (wanted - gain) / BLOCK).tobytes()
            gain = wanted
            if power > 1.0 and power * known * known > self._target * 1e-4:
                if not started:
                    started = True
                    sound, quiet = _faded_in(sound), []
                out += [*quiet, sound]
                quiet = []
                continue
            quiet.append(sound)
            if started and len(quiet) > HELD:
                out.append(quiet.pop(0))
            elif not started:
                quiet = []
        self._heard = squares, heard
        if last and started:
            out += quiet[:EDGE]
        return b"".join(out)
