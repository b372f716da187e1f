"""The calls of one worker: admits or refuses, counts, holds the limits, drains at the end."""

import asyncio
import contextlib
import socket
from functools import partial
from uuid import UUID

import structlog

from app.asterisk.announcements import Announcement
from app.audiosocket.connection import Connection, Leg, Patience
from app.board import MAX_CLEAN_UPS_PER_LINE, Board, Slot, State, share
from app.call.call import Call
from app.call.doorstep import Doorstep
from app.call.refusal import Refusal
from app.call.services import Services
from app.config import LOOPBACK
from app.door import Door
from app.errors import PeerError
from app.ops import metrics

log = structlog.get_logger(__name__)

MAX_SILENT_CONNECTIONS = 100
"""Connections that have not said their UUID yet; more than that is no telephone system."""
MAX_REFUSALS = 50
"""Callers who hear the busy phrase at a time; beyond it the call is ended at once."""
LAST_WORDS_S = 12.0
"""After MAX_CALL_SECONDS the dialogue has so long to say goodbye; then the connection is cut."""
BEAT_S = 0.25
ANNOUNCED_WITHIN_S = 0.060
"""The announcement may come a moment after the call, by another way. Where it must come, the refusal must not be later
than 100 ms after the UUID, a tick and a busy machine included."""
ANNOUNCEMENT_HOPED_FOR_S = 0.150
"""Where it need not come: what the greeting by name may cost everybody else."""
RETURNS_WITHIN_S = 6.0
"""Who comes back at once from a technician (busy, not registered) may find the ticket of the first leg still being
written: 5 s if the database hangs, which is then given up. Silence costs less than a caller who is hung up on."""
CLEAN_UP_TIMEOUT_S = 10.0
LATE_S = 1.0
"""Who had connected when the server was told to stop may say so long who they are: an Asterisk does within 1 ms, and
announcements are waited for. They have come as far as here, and no other server will know of them."""


class Server:
    """The AudioSocket server of one worker; the host of its connections.

    Args:
        services: what all calls share.
        board: what the workers of this server know of each other.
        number: which of them this is.
        patience: bounds of what a peer may do.
        last_words_s: from the end of MAX_CALL_SECONDS to the cut.
        clean_up_s: from a cut to the end, whatever hangs.
    """

    def __init__(
        self,
        services: Services,
        board: Board,
        number: int = 0,
        *,
        patience: Patience | None = None,
        last_words_s: float = LAST_WORDS_S,
        clean_up_s: float = CLEAN_UP_TIMEOUT_S,
    ) -> None:
        self._services = services
        self._board = board
        self._slot: Slot = board.slots[number]
        self._patience = patience or Patience()
        self._last_words_s = last_words_s
        self._clean_up_s = clean_up_s
        self._settings = services.settings
        self._lines = share(self._settings.max_concurrent_calls, len(board.slots), number)
        self._max_lag_s = self._settings.max_loop_lag_ms / 1000
        self._allowed = self._settings.remote_asterisk_ip or LOOPBACK
        self._loop = asyncio.get_running_loop()
        self._door: Door | None = None
        self._calls: dict[UUID, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[Connection] = set()
        self._silent: set[Connection] = set()
        self._on_doorstep: set[Connection] = set()
        self._refusals = 0
        self.calls_ended = 0
        """Since the start, cleaned up."""
        self._draining = False
        self._cut = False
        self._somebody_left = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None

    @property
    def calls(self) -> int:
        """Calls in progress, those being cleaned up included."""
        return len(self._tasks)

    @property
    def connections(self) -> int:
        """Connections that are open: those of calls, of refusals, and those that have not said who they are."""
        return len(self._open) + self._arriving

    @property
    def _arriving(self) -> int:
        return self._door.arriving if self._door is not None else 0

    @property
    def talking(self) -> list[tuple[str, Call]]:
        """Calls whose caller is still there, by UUID."""
        return [(str(call_uuid), call) for call_uuid, call in self._calls.items() if not call.over]

    def start(self, listener: socket.socket) -> None:
        """Takes calls from a listening socket, which is closed at the end.

        Raises:
            OSError: it can't be watched.
        """
        metrics.prepare_labels()
        self._slot.beat()
        self._slot.state = State.OPEN
        self._tell()
        self._door = Door(listener, self._board, self._slot.number, self._meet, self._tell)
        self._beating = asyncio.create_task(self._beat(), name="beat")

    async def stop(self, drain_s: float) -> None:
        """Takes no more calls, lets those in progress end, cuts what is left after `drain_s`."""
        self._slot.state = State.DRAINING
        if self._door is not None:
            self._door.close()
        if drain_s > 0:
            await self._all_in(min(drain_s, LATE_S))
        self._draining = True
        for connection in tuple(self._silent):
            connection.abort("lost")
        if drain_s > 0:
            await self._all_left(drain_s, unless_cut=True)
        self.cut()
        await self._all_left(self._clean_up_s)
        for connection in tuple(self._open):
            connection.abort("lost")
        hanging = tuple(self._tasks)
        for task in hanging:
            task.cancel()
        if self._beating is not None:
            self._beating.cancel()
            hanging = (*hanging, self._beating)
        await asyncio.gather(*hanging, return_exceptions=True)
        self._slot.state = State.LEAVING

    def cut(self) -> None:
        """Ends all calls, with a 0x00 so that their dialplans can go on: at once, or as soon as these know that another
        server is to be tried (1 s at most). Tickets are still written.

        A `stop` under way waits no longer than a call's end may take.
        """
        self._cut = True
        self._somebody_left.set()
        calls = tuple(self._calls.values())
        for connection in self._open.difference(call.connection for call in calls):
            connection.terminate("lost")
        for call in calls:
            call.cut()

    async def _all_in(self, timeout_s: float) -> None:
        """Waits until it is known of everybody who has connected whether there is a call."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while (self._silent or self._on_doorstep or self._arriving) and not self._cut:
                    self._somebody_left.clear()
                    await self._somebody_left.wait()

    async def _all_left(self, timeout_s: float, *, unless_cut: bool = False) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while (self._tasks or self.connections) and not (unless_cut and self._cut):
                    self._somebody_left.clear()
                    await self._somebody_left.wait()

    # Asked and told by connections.

    def greet(self, connection: Connection) -> bool:
        """Lets the allowed in, as long as not too many of them stay silent."""
        if self._door is not None:
            self._door.arrived(connection)
        peer = connection.peer
        if peer is None:  # it has left already, and can't be asked where it came from
            self.refuse(connection, PeerError("no_uuid", "lost before it was let in"))
            return False
        if not any(peer in network for network in self._allowed):
            self.refuse(connection, PeerError("not_allowed", "not in REMOTE_ASTERISK_IP"))
            return False
        if len(self._silent) >= MAX_SILENT_CONNECTIONS:
            self.refuse(connection, PeerError("too_many_connections", "they do not say who they are"))
            return False
        connection.codec = self._settings.codec_of(peer)
        self._open.add(connection)
        self._silent.add(connection)
        self._tell()
        return True

    def refuse(self, connection: Connection, error: PeerError) -> None:
        """Counts and tells."""
        metrics.REFUSED_CALLS.labels(error.reason).inc()
        call = {"call_id": str(connection.call_uuid)} if connection.call_uuid else {}
        log.warning("connection refused", reason=error.reason, detail=str(error), peer=str(connection.peer), **call)

    def gone(self, connection: Connection) -> None:
        """Forgets it."""
        self._silent.discard(connection)
        self._on_doorstep.discard(connection)
        self._open.discard(connection)
        self._tell()

    def admit(self, connection: Connection, call_uuid: UUID) -> Leg:
        """A call, or a refusal of one: decided before anything is connected; or the wait for its announcement."""
        self._silent.discard(connection)
        leg = self._decide(connection, call_uuid, 0.0)
        if leg is not None:
            return leg
        self._on_doorstep.add(connection)
        decide, left = partial(self._decide, connection, call_uuid), partial(self._left, connection)
        return Doorstep(connection, self._services.clock, decide, left)

    def _decide(self, connection: Connection, call_uuid: UUID, waited_s: float) -> Leg | None:
        """Who takes a call whose UUID came `waited_s` ago; None while its announcement may still come."""
        if self._draining or self._cut:
            return self._turn_away(connection, "draining")
        announcement = self._announced(call_uuid, connection)
        required = self._settings.require_announced_calls
        if announcement is None:
            patience_s = ANNOUNCED_WITHIN_S if required else ANNOUNCEMENT_HOPED_FOR_S
            if waited_s < patience_s and self._services.switchboard.hears(connection.peer):
                return None
            if required:
                return self._turn_away(connection, "unannounced")
        place = None if call_uuid in self._calls else self._board.enter_call(self._slot.number, call_uuid)
        if place is None:
            if announcement is not None and announcement.returned and waited_s < RETURNS_WITHIN_S:
                return None
            return self._turn_away(connection, "duplicate_uuid")
        if reason := self._no_room():
            self._board.leave_call(self._slot.number, place)
            return self._turn_away(connection, reason)
        if announcement is not None:
            self._board.use_announcement(self._slot.number, call_uuid, announcement.returned)
            self._services.switchboard.use_up(announcement)
        return self._take(connection, call_uuid, place, announcement)

    def _announced(self, call_uuid: UUID, connection: Connection) -> Announcement | None:
        """The announcement of a call, unless it was used already, whichever worker took the call."""
        found = self._services.switchboard.announced(call_uuid, connection.peer)
        if found is None or self._board.announcement_used(call_uuid, found.returned):
            return None
        return found

    def _left(self, connection: Connection) -> None:
        """Gone before it was known whether there is a call: there was none."""
        log.info("caller left before the call began", peer=str(connection.peer), call_id=str(connection.call_uuid))

    def _take(self, connection: Connection, call_uuid: UUID, place: int, announcement: Announcement | None) -> Call:
        self._on_doorstep.discard(connection)
        try:
            call = Call(call_uuid, connection, self._services, announcement)
        except BaseException:
            self._board.leave_call(self._slot.number, place)
            self._services.ears.give_back()
            raise
        self._calls[call_uuid] = call
        task = asyncio.create_task(self._hold(call, connection), name=f"call {call_uuid}")
        self._tasks.add(task)
        metrics.CALLS_ACTIVE.inc()
        task.add_done_callback(partial(self._ended, call_uuid, place))
        self._tell()
        return call

    def _no_room(self) -> str:
        """Why there is no room for a call; with "" it holds a place at the recogniser."""
        if self._free_lines <= 0:
            return "busy"
        if self._overloaded:
            return "overloaded"
        return "" if self._services.ears.try_take() else "provider_quota"

    @property
    def _free_lines(self) -> int:
        """Calls that only write their ticket hold no line, unless a slow database heaps them up."""
        talking = sum(not call.over for call in self._calls.values())
        return min(self._lines - talking, self._lines * MAX_CLEAN_UPS_PER_LINE - len(self._calls))

    @property
    def _overloaded(self) -> bool:
        """The loop is so late that another call would be one too many for those in progress."""
        return self._max_lag_s > 0 and self._services.lag.over(self._max_lag_s, self._loop.time())

    @property
    def _hears_less(self) -> bool:
        """Announcements that must come would not come here, but to another worker."""
        others = self._board.others(self._slot.number) if self._settings.require_announced_calls else []
        return any(other.links > self._slot.links for other in others)

    def _tell(self) -> None:
        """Puts on the board how things stand, for the other workers and for our own door."""
        slot, arriving = self._slot, self._arriving
        waiting = len(self._silent) + len(self._on_doorstep) + arriving
        slot.calls = len(self._calls)
        slot.connections = len(self._open) + arriving
        slot.links = self._services.switchboard.links_up
        slot.room = 0 if self._overloaded or self._hears_less else self._free_lines - waiting
        if self._door is not None:
            self._door.look()
        self._somebody_left.set()

    def _meet(self) -> Connection:
        return Connection(self, self._patience)

    def _turn_away(self, connection: Connection, reason: str) -> Refusal:
        """A cached sentence, then 0x00; who was not announced gets that at once."""
        self._on_doorstep.discard(connection)
        metrics.REFUSED_CALLS.labels(reason).inc()
        log.warning("call refused", reason=reason, peer=str(connection.peer), call_id=str(connection.call_uuid))
        pcm = None
        if self._refusals < MAX_REFUSALS and reason != "unannounced":
            pcm = self._services.cache.get(self._services.prompts.text("busy"))
        self._refusals += 1
        return Refusal(connection, self._services.clock, pcm, self._turned_away)

    def _turned_away(self) -> None:
        self._refusals -= 1

    # The life of a call, held from outside its pipeline.

    async def _hold(self, call: Call, connection: Connection) -> None:
        limit_s = self._settings.max_call_seconds
        near = self._loop.call_later(limit_s, call.time_is_up)
        hard = self._loop.call_later(limit_s + self._last_words_s, connection.terminate, "too_long")
        try:
            await call.run()
        except Exception:
            log.exception("call failed", call_id=str(call.record.call_uuid))
        finally:
            near.cancel()
            hard.cancel()
            connection.terminate("lost")

    def _ended(self, call_uuid: UUID, place: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        del self._calls[call_uuid]
        self._board.leave_call(self._slot.number, place)
        self._services.ears.give_back()
        self.calls_ended += 1
        metrics.CALLS_ACTIVE.dec()
        self._tell()

    async def _beat(self) -> None:
        """Signs of life, and how late they come; in calls the frame clock tells its own lateness, too."""
        lag = self._services.lag
        while True:
            due_s = self._loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            now_s = self._loop.time()
            lag.note(max(0.0, now_s - due_s), now_s)
            worst_s = lag.worst_s(now_s)
            metrics.LOOP_LAG_S.set(worst_s)
            self._slot.lag_us = int(worst_s * 1e6)
            self._slot.beat()
            self._tell()
            if self._door is not None:
                self._door.knock()
