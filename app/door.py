"""The door of one worker: takes connections from the listening socket that all workers share.

The kernel wakes every worker for every connection and gives it to whoever asks first. So the busier hesitate: a worker
with more connections than the least busy one lets it go first for some milliseconds, and takes only what is still there
then. A worker without room does not even look, as long as another has some; when none has, all look again, so that the
caller is told so instead of waiting unheard. Nothing is locked: each decides by what is on the board.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import structlog

from app.board import Board, Slot

log = structlog.get_logger(__name__)

BACKLOG = 1024
HESITATION_S = 0.002
"""For each connection more than the least busy worker has: enough for it to wake up, too short to be heard."""
MAX_HESITATION_S = 0.010
LOOK_S = 0.050
"""How often a worker without room looks whether the others have become full, too."""
OUT_OF_FILES_S = 0.2


def bound_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A TCP socket bound to the address, not listening yet; one that is bound to `::` takes IPv4, too.

    Args:
        shared: others of the same user that say so, too, may be bound to the same address (SO_REUSEPORT, socket(7)):
            connections are spread over those that listen.

    Raises:
        OSError: the address is taken or not ours.
    """
    flags = socket.AI_PASSIVE
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)[0]
    plug = socket.socket(family, kind, protocol)
    try:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            plug.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        plug.bind(address)
        plug.setblocking(False)
    except BaseException:
        plug.close()
        raise
    return plug


def hesitation_s(own: Slot, others: list[Slot]) -> float | None:
    """How long to let the others go first; 0 takes the connection now, None leaves the door to them altogether."""
    with_room = [slot for slot in others if slot.room > 0]
    if own.room <= 0:
        return None if with_room else 0.0
    ahead = own.connections - min((slot.connections for slot in with_room), default=own.connections)
    return min(max(0, ahead) * HESITATION_S, MAX_HESITATION_S)


class Door:
    """Lets connections in for one worker.

    Args:
        listener: the shared socket, listening.
        board: what the workers know of each other.
        number: whose door this is.
        protocol: makes the protocol of a new connection.
        on_change: told whenever `arriving` has changed.
    """

    def __init__(
        self,
        listener: socket.socket,
        board: Board,
        number: int,
        protocol: Callable[[], asyncio.Protocol],
        on_change: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._board = board
        self._number = number
        self._protocol = protocol
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Protocol] = set()
        self._letting_in: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._full = False
        self._closed = False
        self._loop.add_reader(listener.fileno(), self._somebody_knocks)

    @property
    def arriving(self) -> int:
        """Connections that were taken, and that their protocols do not know of yet."""
        return len(self._arriving)

    def arrived(self, protocol: asyncio.Protocol) -> None:
        """Its connection was made, and is counted elsewhere from now on: counted twice, even for one turn of the loop,
        it would look as if there was no room, and another worker would send a caller away."""
        self._arriving.discard(protocol)

    def look(self) -> None:
        """Something of this worker has changed: it may have room again."""
        if self._full and self._hesitation_s() is not None:
            self._wait_no_longer()

    def knock(self) -> None:
        """Looks whether somebody waits whom the kernel did not tell of: connections that came over from a server that
        has left the port wake nobody in kernels without "tcp: call sk_data_ready() after listener migration"."""
        if self._timer is None and not self._closed:
            self._somebody_knocks()

    def close(self) -> None:
        """Takes who stands at the door, and nobody any more."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        else:
            self._loop.remove_reader(self._listener.fileno())
        with contextlib.suppress(OSError):
            while self._accept():
                pass
        self._listener.close()

    def _hesitation_s(self) -> float | None:
        return hesitation_s(self._board.slots[self._number], self._board.others(self._number))

    def _somebody_knocks(self) -> None:
        wait_s = self._hesitation_s()
        if wait_s == 0.0:
            self._take()
        else:
            self._wait(wait_s)

    def _wait(self, wait_s: float | None) -> None:
        """Does not look at the door for a while; None: until others have no room either."""
        self._full = wait_s is None
        self._loop.remove_reader(self._listener.fileno())
        self._timer = self._loop.call_later(LOOK_S if wait_s is None else wait_s, self._waited)

    def _waited(self) -> None:
        if self._hesitation_s() is None:
            self._timer = self._loop.call_later(LOOK_S, self._waited)
            self._full = True
            return
        hesitated = not self._full
        self._wait_no_longer()
        if hesitated:
            self._take()

    def _wait_no_longer(self) -> None:
        self._full = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._loop.add_reader(self._listener.fileno(), self._somebody_knocks)

    def _take(self) -> None:
        """One connection, if it is still there; the next one is for whoever is the least busy then."""
        try:
            self._accept()
        except OSError as error:
            log.error("connections can't be taken", detail=str(error))
            self._wait(OUT_OF_FILES_S)

    def _accept(self) -> bool:
        """Whether there was a connection; it is being let in.

        Raises:
            OSError: there is one, but no file descriptor for it.
        """
        try:
            plug, _ = self._listener.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True  # it was one
        plug.setblocking(False)
        protocol = self._protocol()
        self._arriving.add(protocol)
        task = asyncio.create_task(self._let_in(plug, protocol), name="arrival")
        self._letting_in.add(task)
        task.add_done_callback(self._letting_in.discard)
        self._on_change()
        return True

    async def _let_in(self, plug: socket.socket, protocol: asyncio.Protocol) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: protocol, plug)
        except OSError:
            plug.close()  # it has left already
        finally:
            self._arriving.discard(protocol)
            self._on_change()
