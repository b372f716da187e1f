"""One worker: accepts connections, admits or refuses calls, counts them, drains at the end."""

import asyncio
import contextlib
from functools import partial
from ipaddress import ip_network
from uuid import UUID

import structlog

from app.audiosocket.connection import Connection, Leg, Patience
from app.call.call import Call
from app.call.refusal import Refusal
from app.call.services import Services
from app.config import Network
from app.errors import PeerError
from app.ops import metrics
from app.ops.health import HealthServer

log = structlog.get_logger(__name__)

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""Who may connect when REMOTE_ASTERISK_IP names nobody: this machine only."""
BACKLOG = 1024
MAX_SILENT_CONNECTIONS = 100
"""Connections that have not said their UUID yet; more than that is no telephone system."""
MAX_REFUSALS = 50
"""Callers who hear the busy phrase at a time; beyond it the call is ended at once."""
LAST_WORDS_S = 12.0
"""After MAX_CALL_SECONDS the dialogue has so long to say goodbye; then the connection is cut."""
MAX_CLEAN_UPS_PER_LINE = 3
LAG_INTERVAL_S = 0.5
CLEAN_UP_TIMEOUT_S = 10.0


class Server:
    """The AudioSocket server and its operator's port; the host of its connections.

    Args:
        services: what all calls share.
        patience: bounds of what a peer may do.
        last_words_s: from the end of MAX_CALL_SECONDS to the cut.
        clean_up_s: from a cut to the end, whatever hangs.
    """

    def __init__(
        self,
        services: Services,
        *,
        patience: Patience | None = None,
        last_words_s: float = LAST_WORDS_S,
        clean_up_s: float = CLEAN_UP_TIMEOUT_S,
    ) -> None:
        self._services = services
        self._patience = patience or Patience()
        self._last_words_s = last_words_s
        self._clean_up_s = clean_up_s
        self._settings = services.settings
        self._allowed = self._settings.remote_asterisk_ip or LOOPBACK
        self._loop = asyncio.get_running_loop()
        self._listener: asyncio.Server | None = None
        self._calls: dict[UUID, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[Connection] = set()
        self._silent: set[Connection] = set()
        self._refusals = 0
        self._draining = False
        self._cut = False
        self._somebody_left = asyncio.Event()
        self._lag_task: asyncio.Task[None] | None = None
        self._health = HealthServer(self._problems, lambda: self._draining)
        self.port = 0

    @property
    def metrics_port(self) -> int:
        """Where /metrics is served."""
        return self._health.port

    @property
    def calls(self) -> int:
        """Calls in progress, those being cleaned up included."""
        return len(self._tasks)

    @property
    def connections(self) -> int:
        """Connections that are open: those of calls, of refusals, and those that have not said who they are."""
        return len(self._open)

    async def start(self) -> None:
        """Listens on both ports.

        Raises:
            OSError: a port is taken.
        """
        metrics.prepare_labels()
        settings = self._settings
        await self._health.start(settings.metrics_host, settings.metrics_port)
        try:
            self._listener = await self._loop.create_server(
                lambda: Connection(self, self._patience),
                settings.audiosocket_host,
                settings.audiosocket_port,
                backlog=BACKLOG,
            )
        except BaseException:
            await self._health.stop()
            raise
        self.port = self._listener.sockets[0].getsockname()[1]
        self._lag_task = asyncio.create_task(self._watch_lag(), name="loop lag")
        if not settings.remote_asterisk_ip:
            log.warning("REMOTE_ASTERISK_IP is empty: only this machine may connect")
        log.info("listening", audiosocket_port=self.port, metrics_port=self.metrics_port)

    async def stop(self, drain_s: float) -> None:
        """Takes no more calls, lets those in progress end, cuts what is left after `drain_s`."""
        self._draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._silent):
            connection.abort("lost")
        if drain_s > 0:
            log.info("draining", calls=len(self._tasks))
            await self._all_left(drain_s, unless_cut=True)
        self.cut()
        await self._all_left(self._clean_up_s)
        for connection in tuple(self._open):
            connection.abort("lost")
        hanging = tuple(self._tasks)
        for task in hanging:
            task.cancel()
        if self._lag_task is not None:
            self._lag_task.cancel()
            hanging = (*hanging, self._lag_task)
        await asyncio.gather(*hanging, return_exceptions=True)
        await self._health.stop()
        log.info("stopped")

    def cut(self) -> None:
        """Ends all calls at once, with a 0x00 so that their dialplans can go on; tickets are still written.

        A `stop` under way waits no longer than a call's end may take.
        """
        self._cut = True
        self._somebody_left.set()
        for connection in tuple(self._open):
            connection.terminate("lost")

    async def _all_left(self, timeout_s: float, *, unless_cut: bool = False) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while (self._tasks or self._open) and not (unless_cut and self._cut):
                    self._somebody_left.clear()
                    await self._somebody_left.wait()

    # Asked and told by connections.

    def greet(self, connection: Connection) -> bool:
        """Lets the allowed in, as long as not too many of them stay silent."""
        peer = connection.peer
        if peer is None or not any(peer in network for network in self._allowed):
            self.refuse(connection, PeerError("not_allowed", "not in REMOTE_ASTERISK_IP"))
            return False
        if len(self._silent) >= MAX_SILENT_CONNECTIONS:
            self.refuse(connection, PeerError("too_many_connections", "they do not say who they are"))
            return False
        self._open.add(connection)
        self._silent.add(connection)
        return True

    def refuse(self, connection: Connection, error: PeerError) -> None:
        """Counts and tells."""
        metrics.REFUSED_CALLS.labels(error.reason).inc()
        call = {"call_id": str(connection.call_uuid)} if connection.call_uuid else {}
        log.warning("connection refused", reason=error.reason, detail=str(error), peer=str(connection.peer), **call)

    def gone(self, connection: Connection) -> None:
        """Forgets it."""
        self._silent.discard(connection)
        self._open.discard(connection)
        self._somebody_left.set()

    def admit(self, connection: Connection, call_uuid: UUID) -> Leg:
        """A call, or a refusal of one."""
        self._silent.discard(connection)
        if self._draining:
            return self._turn_away(connection, "draining")
        if call_uuid in self._calls:
            return self._turn_away(connection, "duplicate_uuid")
        if self._full:
            return self._turn_away(connection, "busy")
        call = Call(call_uuid, connection, self._services)
        self._calls[call_uuid] = call
        task = asyncio.create_task(self._hold(call, connection), name=f"call {call_uuid}")
        self._tasks.add(task)
        metrics.CALLS_ACTIVE.inc()
        task.add_done_callback(partial(self._ended, call_uuid))
        return call

    @property
    def _full(self) -> bool:
        """No line is free. Calls that only write their ticket hold none, unless a slow database heaps them up."""
        lines = self._settings.max_concurrent_calls
        talking = sum(not call.over for call in self._calls.values())
        return talking >= lines or len(self._calls) >= lines * MAX_CLEAN_UPS_PER_LINE

    def _turn_away(self, connection: Connection, reason: str) -> Refusal:
        """A cached sentence, then 0x00."""
        metrics.REFUSED_CALLS.labels(reason).inc()
        log.warning("call refused", reason=reason, peer=str(connection.peer), call_id=str(connection.call_uuid))
        pcm = None
        if self._refusals < MAX_REFUSALS:
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

    def _ended(self, call_uuid: UUID, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        del self._calls[call_uuid]
        metrics.CALLS_ACTIVE.dec()
        self._somebody_left.set()

    def _problems(self) -> list[str]:
        return [] if self._listener is not None else ["not listening yet"]

    async def _watch_lag(self) -> None:
        while True:
            due_s = self._loop.time() + LAG_INTERVAL_S
            await asyncio.sleep(LAG_INTERVAL_S)
            metrics.LOOP_LAG_S.set(max(0.0, self._loop.time() - due_s))
