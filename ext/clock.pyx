# cython: language_level=3, wraparound=False, cdivision=True
"""The frame clock's wheel: who is due when, in 5 places of 4 ms each; one pass serves a place.

Pure: it has no clock but the times that it is told. Deadlines are absolute, `origin + place * 4 ms`, so that a late
pass does not move those after it. After a stall of more than 40 ms whole frames are skipped and counted, never made
up for in a burst.
"""

cimport cython
from libc.math cimport ceil, floor

from ext.prefetch cimport prefetch

SLOT_S = 0.004
cdef double slot_s = SLOT_S
cdef double frame_s = 0.020
cdef double early_s = 0.0005  # the event loop's timers have 1 ms: half of it early is on time


cdef class Member:
    """Whoever is served once a frame."""

    def __cinit__(self, *args, **kwargs):
        self.slot = -1

    cdef int tick(self, double now_s, int64_t frame) except -1:
        """One frame is due.

        Args:
            now_s: the time of this pass.
            frame: number of the frame on the wheel; a step of more than 1 is a stall that was skipped.
        """
        return 0

    cdef void fetch(self) noexcept:
        """Its turn is the one after the next: what `tick` looks at is asked for from memory."""

    cdef void fetch_more(self) noexcept:
        """Its turn is the next one: so is what that points to."""


@cython.final
cdef class Callback(Member):
    """Calls a Python function without arguments at every frame."""

    def __init__(self, call):
        self.call = call

    cdef int tick(self, double now_s, int64_t frame) except -1:
        self.call()
        return 0


@cython.final
cdef class Wheel:
    """Serves its members, each once in 20 ms.

    Args:
        on_drop: told (member, exception) of a member that raised and was thrown out.
        on_lateness: told how late each pass began, in seconds.
    """

    def __init__(self, on_drop, on_lateness=None):
        self.slots = [()] * SLOTS
        self.on_drop = on_drop
        self.on_lateness = on_lateness

    def join(self, Member member not None, double now_s, double lead_s=0.0) -> None:
        """Adds a member to the emptiest place; of equally empty ones, to the one that comes next, `lead_s` from now.

        Raises:
            ValueError: it is a member already.
        """
        cdef Py_ssize_t slot, best = -1
        cdef int64_t place, first
        if member.slot >= 0:
            raise ValueError("it is a member already")
        if self.members == 0:
            # Nobody waits for the old deadlines: start anew, right now.
            self.origin_s = now_s
            self.next = 0
        first = max(self.next, <int64_t> ceil((now_s + lead_s - self.origin_s) / slot_s))
        for place in range(first, first + SLOTS):
            slot = place % SLOTS
            if best < 0 or len(<tuple> self.slots[slot]) < len(<tuple> self.slots[best]):
                best = slot
        member.slot = best
        self.slots[best] = <tuple> self.slots[best] + (member,)
        self.members += 1

    def leave(self, Member member not None) -> None:
        """Takes a member away, also in the middle of a pass; one that is none is ignored."""
        cdef Py_ssize_t slot = member.slot
        if slot < 0:
            return
        member.slot = -1
        self.slots[slot] = tuple([one for one in <tuple> self.slots[slot] if one is not member])
        self.members -= 1

    def next_due_s(self):
        """When the next place with somebody in it is due; None if there is nobody."""
        cdef int64_t place
        if self.members == 0:
            return None
        for place in range(self.next, self.next + SLOTS):
            if self.slots[place % SLOTS]:
                return self._due_s(place)
        return None

    def serve(self, double now_s):
        """Serves every place that is due at `now_s`; returns what `next_due_s` does."""
        cdef int64_t behind
        cdef tuple members
        cdef double lateness_s
        while self.members and self._due_s(self.next) <= now_s + early_s:
            lateness_s = max(now_s - self._due_s(self.next), 0.0)
            behind = <int64_t> floor(lateness_s / frame_s)
            if behind > MAX_CATCH_UP_FRAMES:
                self.skipped_frames += behind
                self.next += behind * SLOTS
                self.stalled_s = max(self.stalled_s, lateness_s)
                lateness_s -= <double> behind * frame_s
            members = self.slots[self.next % SLOTS]
            if members:
                lateness_s = max(lateness_s, self.stalled_s)  # a stall is told with the first pass behind it
                self.stalled_s = 0.0
                self.passes += 1
                if lateness_s > self.worst_lateness_s:
                    self.worst_lateness_s = lateness_s
                if self.on_lateness is not None:
                    self.on_lateness(lateness_s)
                self._serve(members, now_s, self.next // SLOTS)
            self.next += 1
        return self.next_due_s()

    cdef double _due_s(self, int64_t place) noexcept:
        return self.origin_s + <double> place * slot_s

    cdef int _serve(self, tuple members, double now_s, int64_t frame) except -1:
        """One pass; one member's mistake must not stop the clock of all the others.

        A call's 20 ms are longer than the processor's caches remember them: without asking ahead each tick waits for
        memory a dozen times, one after the other.
        """
        cdef Member member
        cdef Py_ssize_t at, count = len(members)
        for at in range(count):
            if at + 3 < count:
                prefetch(<void *> members[at + 3], MEMBER_BYTES)
            if at + 2 < count:
                (<Member> members[at + 2]).fetch()
            if at + 1 < count:
                (<Member> members[at + 1]).fetch_more()
            member = <Member> members[at]
            if member.slot < 0:
                continue  # one before it in this pass made it leave
            try:
                member.tick(now_s, frame)
            except Exception as error:
                self.leave(member)
                self.on_drop(member, error)
                if member.on_drop is not None:
                    member.on_drop()
        return 0
