"""Latencies, limits and faults of the stand-ins; set at the start, or at run time with `PUT /control`."""

import asyncio
import dataclasses
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

NO_FAULT = "none"


@dataclass(slots=True)
class Knobs:
    """What all three have.

    Attributes:
        api_key: the only key that is let in; "" lets any key in.
        fault: what goes wrong, one of `FAULTS`.
        fault_probability: share of requests (or connections) that it hits, 0 to 1.
        fault_count: how many more it hits; negative: no end.
        fault_after_ms: how far into an answer a mid-way fault strikes, in ms of audio (or of generation).
        max_active: requests (or connections) at once; more are refused with 429.
        tape_bytes: how much sound of each connection (or answer) is kept for `GET /control/tape`.
    """

    FAULTS: ClassVar[tuple[str, ...]] = (NO_FAULT,)

    api_key: str = ""
    fault: str = NO_FAULT
    fault_probability: float = 1.0
    fault_count: int = -1
    fault_after_ms: int = 500
    max_active: int = 1000
    tape_bytes: int = 0

    def change(self, changes: Mapping[str, Any]) -> None:
        """Sets several knobs, all or none.

        Raises:
            ValueError: every problem, one a line.
        """
        known = {knob.name: type(getattr(self, knob.name)) for knob in dataclasses.fields(self)}
        problems: list[str] = []
        accepted: dict[str, Any] = {}
        for name, value in changes.items():
            wanted = known.get(name)
            if wanted is None:
                problems.append(f"{name}: no such knob; there are {', '.join(known)}")
            elif type(value) is not wanted and not (wanted is float and type(value) is int):
                problems.append(f"{name}: {wanted.__name__} wanted, not {value!r}")
            elif name == "fault" and value not in self.FAULTS:
                problems.append(f"fault: {value!r} is none of {', '.join(self.FAULTS)}")
            elif wanted in (int, float) and name != "fault_count" and value < 0:
                problems.append(f"{name}: {value} is negative")
            else:
                accepted[name] = wanted(value)
        if problems:
            raise ValueError("\n".join(problems))
        for name, value in accepted.items():
            setattr(self, name, value)

    def draw_fault(self, dice: random.Random) -> str:
        """Which fault, if any, hits the request that just came; uses up one of `fault_count`."""
        if self.fault == NO_FAULT or self.fault_count == 0 or dice.random() >= self.fault_probability:
            return NO_FAULT
        if self.fault_count > 0:
            self.fault_count -= 1
        return self.fault


@dataclass(slots=True)
class DeepgramKnobs(Knobs):
    """The ears.

    Attributes:
        final_delay_ms: computing time before each final message.
        interim_delay_ms: the same for interims, SpeechStarted and Updates.
        interim_every_ms: milliseconds of audio between Nova's interims.
        update_every_ms: milliseconds of audio between Flux's Updates.
        watchdog_ms: silence on the socket that ends it with NET-0001.
    """

    FAULTS: ClassVar[tuple[str, ...]] = (
        NO_FAULT,
        "http_400",
        "http_401",
        "http_402",
        "http_403",
        "http_429",
        "http_500",
        "hang",
        "mute",
        "stall",
        "close_1008",
        "close_1011",
        "reset",
        "cut",
        "error_event",
        "unknown_message",
        "no_metadata",
        "garbage",
        "duplicate_finals",
        "late_speech_final",
        "no_speech_final",
        "no_finalize",
        "empty_finalize",
        "empty",
        "slow",
    )

    max_active: int = 150
    final_delay_ms: int = 250
    interim_delay_ms: int = 150
    interim_every_ms: int = 1000
    update_every_ms: int = 250
    watchdog_ms: int = 10_000


@dataclass(slots=True)
class GroqKnobs(Knobs):
    """The head.

    Attributes:
        first_token_ms: from the request to the first token.
        tokens_per_s: from then on.
        reasoning_tokens: length of a `delta.reasoning` prelude.
        requests_per_day, tokens_per_minute: the limits in the rate-limit headers; the second one is enforced.
        retry_after_s: told with a 429 of the fault `http_429`; 0 leaves the header out.
    """

    FAULTS: ClassVar[tuple[str, ...]] = (
        NO_FAULT,
        "http_400",
        "http_401",
        "http_403",
        "http_404",
        "http_413",
        "http_422",
        "http_429",
        "http_498",
        "http_500",
        "http_503",
        "hang",
        "stall",
        "cut",
        "reset",
        "error_event",
        "no_done",
        "empty",
        "garbage",
        "broken_json",
        "split_utf8",
        "slow",
    )

    first_token_ms: int = 150
    tokens_per_s: float = 280.0
    reasoning_tokens: int = 0
    requests_per_day: int = 500_000
    tokens_per_minute: int = 10_000_000
    retry_after_s: float = 2.0


@dataclass(slots=True)
class ElevenLabsKnobs(Knobs):
    """The mouth.

    Attributes:
        first_byte_ms: from the request to the first sound.
        speed: how many times faster than real time sound is produced.
        espeak_voice: who speaks.
        gain_db: how much louder than espeak does.
    """

    FAULTS: ClassVar[tuple[str, ...]] = (
        NO_FAULT,
        "http_401",
        "http_401_quota",
        "http_403",
        "http_404",
        "http_422",
        "http_429",
        "http_429_rate",
        "http_500",
        "http_502",
        "hang",
        "stall",
        "cut",
        "reset",
        "odd",
        "empty",
        "garbage",
        "slow",
    )

    max_active: int = 100
    first_byte_ms: int = 75
    speed: float = 10.0
    espeak_voice: str = "fr+m1"
    gain_db: float = 0.0


@dataclass(slots=True)
class AllKnobs:
    """The knobs of the three."""

    deepgram: DeepgramKnobs = field(default_factory=DeepgramKnobs)
    groq: GroqKnobs = field(default_factory=GroqKnobs)
    elevenlabs: ElevenLabsKnobs = field(default_factory=ElevenLabsKnobs)


class Stats:
    """Counters of one stand-in, as shown by `GET /control/stats`."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._sums: dict[str, float] = {}
        self.active = 0
        self.most_active = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def count(self, name: str, by: int = 1) -> None:
        """Counts an event."""
        self._counts[name] += by

    def add(self, name: str, amount: float) -> None:
        """Adds to a sum, such as seconds of audio."""
        self._sums[name] = self._sums.get(name, 0.0) + amount

    def __enter__(self) -> "Stats":
        self.active += 1
        self._idle.clear()
        self.most_active = max(self.most_active, self.active)
        return self

    def __exit__(self, *_: object) -> None:
        self.active -= 1
        if not self.active:
            self._idle.set()

    async def idle(self, timeout_s: float) -> None:
        """Waits until nothing is active.

        Raises:
            TimeoutError: not within `timeout_s`.
        """
        async with asyncio.timeout(timeout_s):
            await self._idle.wait()

    def __getitem__(self, name: str) -> int:
        return self._counts[name]

    def snapshot(self) -> dict[str, float]:
        """All of it, flat."""
        return {
            "active": self.active,
            "most_active": self.most_active,
            **{name: round(amount, 3) for name, amount in sorted(self._sums.items())},
            **dict(sorted(self._counts.items())),
        }
