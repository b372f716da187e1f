"""The frame clock's wheel, in Python: what `ext/clock.pyx` does, written for reading."""

import math
from collections.abc import Callable
from typing import Any

SLOT_S = 0.004
SLOTS = 5
FRAME_S = 0.020
EARLY_S = 0.0005
MAX_CATCH_UP_FRAMES = 2


class Member:
    """Whoever is served once a frame."""

    def __init__(self) -> None:
        self.slot = -1
        self.on_drop: Callable[[], object] | None = None

    def tick(self, now_s: float, frame: int) -> None:
        """One frame is due."""


class Callback(Member):
    """Calls a function."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call

    def tick(self, now_s: float, frame: int) -> None:
        """One frame is due."""
        self._call()


class Wheel:
    """Serves its members, each once in 20 ms."""

    def __init__(
        self, on_drop: Callable[[Any, Exception], object], on_lateness: Callable[[float], object] | None = None
    ) -> None:
        self._on_drop = on_drop
        self._on_lateness = on_lateness
        self._slots: list[list[Member]] = [[] for _ in range(SLOTS)]
        self._origin_s = 0.0
        self._next = 0
        self._stalled_s = 0.0
        self.passes = 0
        self.skipped_frames = 0
        self.worst_lateness_s = 0.0

    @property
    def members(self) -> int:
        """How many there are."""
        return sum(map(len, self._slots))

    def join(self, member: Member, now_s: float, lead_s: float = 0.0) -> None:
        """Adds a member to the emptiest place; of equally empty ones, to the one that comes next, `lead_s` from now."""
        if member.slot >= 0:
            raise ValueError("it is a member already")
        if not self.members:
            self._origin_s, self._next = now_s, 0
        first = max(self._next, math.ceil((now_s + lead_s - self._origin_s) / SLOT_S))
        places = range(first, first + SLOTS)
        member.slot = min(places, key=lambda place: len(self._slots[place % SLOTS])) % SLOTS
        self._slots[member.slot] = [*self._slots[member.slot], member]

    def leave(self, member: Member) -> None:
        """Takes a member away."""
        if member.slot >= 0:
            self._slots[member.slot] = [one for one in self._slots[member.slot] if one is not member]
            member.slot = -1

    def next_due_s(self) -> float | None:
        """When the next place with somebody in it is due."""
        places = range(self._next, self._next + SLOTS)
        return next((self._due_s(place) for place in places if self._slots[place % SLOTS]), None)

    def serve(self, now_s: float) -> float | None:
        """Serves every place that is due."""
        while self.members and self._due_s(self._next) <= now_s + EARLY_S:
            lateness_s = max(now_s - self._due_s(self._next), 0.0)
            behind = math.floor(lateness_s / FRAME_S)
            if behind > MAX_CATCH_UP_FRAMES:
                self.skipped_frames += behind
                self._next += behind * SLOTS
                self._stalled_s = max(self._stalled_s, lateness_s)
                lateness_s -= behind * FRAME_S
            if members := self._slots[self._next % SLOTS]:
                self._pass(members, now_s, lateness_s)
            self._next += 1
        return self.next_due_s()

    def _pass(self, members: list[Member], now_s: float, lateness_s: float) -> None:
        lateness_s, self._stalled_s = max(lateness_s, self._stalled_s), 0.0
        self.passes += 1
        self.worst_lateness_s = max(self.worst_lateness_s, lateness_s)
        if self._on_lateness is not None:
            self._on_lateness(lateness_s)
        frame = self._next // SLOTS
        for member in members:
            if member.slot < 0:
                continue
            try:
                member.tick(now_s, frame)
            except Exception as error:
                self.leave(member)
                self._on_drop(member, error)
                if member.on_drop is not None:
                    member.on_drop()

    def _due_s(self, place: int) -> float:
        return self._origin_s + place * SLOT_S
