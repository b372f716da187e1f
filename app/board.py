"""What the processes of one server know of each other: shared memory, one slot a worker, no locks.

    slot 0 │ slot 1 │ … │ UUIDs of worker 0 │ UUIDs of worker 1 │ … │ announcements of worker 0 │ …

A slot is sixteen aligned 64-bit integers, two cache lines of its own (processors fetch lines in pairs). Only its own
worker writes it, everybody reads it; a 64-bit store is whole on every processor that we run on. The supervisor wipes
the slot of a dead worker before another takes its place.
"""

import mmap
import os
import time
from enum import IntEnum
from uuid import UUID

SLOT_WORDS = 16
WORD_BYTES = 8
UUID_BYTES = 16
ANNOUNCEMENT_BYTES = UUID_BYTES + 1
"""The UUID, and whether the call came back."""
USED_ANNOUNCEMENTS = 256
"""Each worker's latest; one is kept for 10 s (`app.asterisk.announcements`), so this is 25 new calls a second."""
MAX_CLEAN_UPS_PER_LINE = 3
"""So many calls of a line may be writing their tickets while the database is slow."""
FRESH_MS = 1_000
"""A worker that was silent for so long takes no calls just now: the others don't count on it."""


class State(IntEnum):
    """Where a worker is in its life."""

    ABSENT = 0
    STARTING = 1
    OPEN = 2
    DRAINING = 3
    LEAVING = 4


class _Word:
    """One integer of a slot."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __get__(self, slot: "Slot", owner: type) -> int:
        return slot.words[slot.first + self._place]

    def __set__(self, slot: "Slot", value: int) -> None:
        slot.words[slot.first + self._place] = value


class Slot:
    """What one worker says of itself.

    Attributes:
        pid: its process.
        state: a `State`.
        calls: in progress, those included that are being cleaned up; each is counted when it ends.
        connections: open ones; what new connections are spread by.
        room: connections that would find a free line; 0 or less: full, or too busy.
        lag_us: worst lag of its event loop within the last second or two.
        beat_ms: monotonic time of its last sign of life.
        ears: places at the recogniser that it holds.
        voices: places at the voice's provider that it holds.
        links: Asterisk servers that it is linked to.
    """

    pid = _Word(0)
    state = _Word(1)
    calls = _Word(2)
    connections = _Word(3)
    room = _Word(4)
    lag_us = _Word(5)
    beat_ms = _Word(6)
    ears = _Word(7)
    voices = _Word(8)
    links = _Word(9)

    def __init__(self, words: "memoryview[int]", number: int) -> None:
        self.words = words
        self.first = number * SLOT_WORDS
        self.number = number

    def beat(self) -> None:
        """Gives a sign of life."""
        self.beat_ms = now_ms()

    @property
    def silent_ms(self) -> int:
        """Time since the last sign of life."""
        return now_ms() - self.beat_ms

    @property
    def takes_calls(self) -> bool:
        """It has its door open and is awake."""
        return self.state == State.OPEN and self.silent_ms < FRESH_MS

    def wipe(self) -> None:
        """Forgets a worker that is no more."""
        for place in range(SLOT_WORDS):
            self.words[self.first + place] = 0


class Board:
    """The shared memory of a server and its workers.

    Args:
        fd: of a file in memory (`Board.create` makes one); stays open.
        lines: MAX_CONCURRENT_CALLS.
        workers: how many hold them.
    """

    def __init__(self, fd: int, lines: int, workers: int) -> None:
        self.fd = fd
        calls_each = share(lines, workers, 0) * MAX_CLEAN_UPS_PER_LINE + 1  # one is just being refused
        slots_bytes = workers * SLOT_WORDS * WORD_BYTES
        self._uuids_bytes = calls_each * UUID_BYTES
        self._first_announcement = slots_bytes + workers * self._uuids_bytes
        self._announced = 0
        size_bytes = self._first_announcement + workers * USED_ANNOUNCEMENTS * ANNOUNCEMENT_BYTES
        if os.fstat(fd).st_size < size_bytes:
            os.ftruncate(fd, size_bytes)
        self._memory = mmap.mmap(fd, size_bytes)
        self._first_uuid = slots_bytes
        self._free = list(range(calls_each))
        self._words = memoryview(self._memory)[:slots_bytes].cast("q")
        self.slots = tuple(Slot(self._words, number) for number in range(workers))

    @classmethod
    def create(cls, lines: int, workers: int) -> "Board":
        """A new one, in memory only; processes that are given `fd` share it."""
        return cls(os.memfd_create("voicebot-board"), lines, workers)

    def close(self) -> None:
        """Lets go of the memory; the other processes keep theirs."""
        self._words.release()
        self._memory.close()
        os.close(self.fd)

    def others(self, number: int) -> list[Slot]:
        """The other workers that take calls just now."""
        return [slot for slot in self.slots if slot.number != number and slot.takes_calls]

    @property
    def calls(self) -> int:
        """Calls in progress, of all workers."""
        return sum(slot.calls for slot in self.slots)

    # Calls by UUID. A worker uses its own part of the table, so its list of free places is nobody else's business.

    def enter_call(self, number: int, call_uuid: UUID) -> int | None:
        """Writes a worker's call down; None when any worker has one of that UUID.

        Written first, looked for after that: of two that come at the same instant at least one is refused.

        Returns:
            The place, for `leave_call`.
        """
        place = self._free.pop()
        at = self._place(number, place)
        self._memory[at : at + UUID_BYTES] = call_uuid.bytes
        if self._holders(call_uuid) > 1:
            self.leave_call(number, place)
            return None
        return place

    def leave_call(self, number: int, place: int) -> None:
        """The call is over."""
        at = self._place(number, place)
        self._memory[at : at + UUID_BYTES] = bytes(UUID_BYTES)
        self._free.append(place)

    # Announcements: every worker hears each of them, and one of all takes its call.

    def use_announcement(self, number: int, call_uuid: UUID, returned: bool) -> None:
        """A worker has taken the call that this was the announcement of."""
        place = number * USED_ANNOUNCEMENTS + self._announced % USED_ANNOUNCEMENTS
        self._announced += 1
        at = self._first_announcement + place * ANNOUNCEMENT_BYTES
        self._memory[at : at + ANNOUNCEMENT_BYTES] = _announcement(call_uuid, returned)

    def announcement_used(self, call_uuid: UUID, returned: bool) -> bool:
        """Whether any worker has."""
        return self._memory.find(_announcement(call_uuid, returned), self._first_announcement) >= 0

    def wipe(self, number: int) -> None:
        """Forgets a worker that is no more, and its calls."""
        self.slots[number].wipe()
        at = self._place(number, 0)
        self._memory[at : at + self._uuids_bytes] = bytes(self._uuids_bytes)

    def _place(self, number: int, place: int) -> int:
        return self._first_uuid + number * self._uuids_bytes + place * UUID_BYTES

    def _holders(self, call_uuid: UUID) -> int:
        found, at = 0, self._first_uuid
        while (at := self._memory.find(call_uuid.bytes, at, self._first_announcement)) >= 0:
            # Sixteen bytes of two neighbours may look like the UUID, too.
            if (at - self._first_uuid) % UUID_BYTES == 0:
                found += 1
            at += 1
        return found


def _announcement(call_uuid: UUID, returned: bool) -> bytes:
    return call_uuid.bytes + (b"R" if returned else b"N")


def now_ms() -> int:
    """Monotonic time, the same for all processes of the machine (CLOCK_MONOTONIC)."""
    return time.monotonic_ns() // 1_000_000


def share(total: int, workers: int, number: int) -> int:
    """What of `total` falls to one of the workers; all shares together are exactly `total`."""
    return total // workers + (number < total % workers)
