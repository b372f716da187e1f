"""The workers of a server: started, watched, replaced when they die, drained at the end, counted together."""

import asyncio
import contextlib
import os
import socket
from functools import partial
from typing import Any

import structlog

from app.board import Board, State
from app.config import Settings
from app.door import BACKLOG
from app.errors import ConfigError, VoicebotError
from app.mate import Death, Mate
from app.ops import metrics
from app.ops.merge import Totals
from app.ops.processes import ProcessFigures, figures_of
from app.orders import Assignment
from app.providers.quota import Quota

log = structlog.get_logger(__name__)

START_TIMEOUT_S = 60.0
HUNG_MS = 5_000
"""A loop that gives no sign of life for so long is not coming back, and its callers hear nothing meanwhile."""
LOOK_S = 0.5
COUNT_EVERY_S = 5.0
"""How often the workers' counters are fetched: what one had counted since is lost if it dies, its calls are not."""
SHORT_LIFE_S = 10.0
MAX_DEATHS_IN_A_ROW = 5
BACK_OFF_S = 0.5
MAX_BACK_OFF_S = 30.0
LEAVE_TIMEOUT_S = 60.0
"""For a worker whose calls are over; then it is killed."""
CUT_TIMEOUT_S = 20.0
"""For calls that were cut: the server's own 10 s, and some."""
EXIT_FAILED, EXIT_CONFIG = 1, 2


class Crew:
    """All workers.

    Args:
        settings: what each is given.
        listener: the bound socket that all share; listens as soon as one of them is ready, is closed by `stop`.
        board: of `settings.crew` workers.
        ears: places at the recogniser.
        voices: places at the voice's provider.
    """

    def __init__(self, settings: Settings, listener: socket.socket, board: Board, ears: Quota, voices: Quota) -> None:
        self._settings = settings
        self._listener = listener
        self._board = board
        self._ears = ears
        self._voices = voices
        self._loop = asyncio.get_running_loop()
        self._mates: dict[int, Mate] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._watcher: asyncio.Task[None] | None = None
        self._totals = Totals(metrics.GAUGE_RULES)
        self._stopping, self._cutting, self._all_ready = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._own_cpu_s = 0.0

    @property
    def ready(self) -> int:
        """Workers that take calls."""
        return sum(slot.state == State.OPEN for slot in self._board.slots)

    @property
    def calls(self) -> int:
        """Calls in progress."""
        return self._board.calls

    @property
    def well(self) -> bool:
        """A worker serves its calls and gives signs of life, or all are leaving. None does while all that died or hung
        are being replaced."""
        at_work = (slot for slot in self._board.slots if slot.state in (State.OPEN, State.DRAINING))
        return self._stopping.is_set() or any(slot.silent_ms <= HUNG_MS for slot in at_work)

    async def start(self, unless: asyncio.Event) -> bool:
        """Starts all and waits until all are ready.

        Returns:
            False when told not to, meanwhile.

        Raises:
            ConfigError: settings that only a worker finds impossible; it has said which.
            VoicebotError: they die at start, again and again.
        """
        numbers = range(len(self._board.slots))
        self._keepers = [asyncio.create_task(self._keep(number), name=f"keep worker {number}") for number in numbers]
        self._watcher = asyncio.create_task(self._watch(), name="watch workers")
        await self._until(self._all_ready, unless)
        return not unless.is_set()

    async def serve(self, until: asyncio.Event) -> None:
        """Keeps the crew going until told to stop.

        Raises:
            VoicebotError: no worker lives any more, and none can be started.
        """
        await self._until(until)

    async def stop(self, drain_s: float) -> None:
        """No more calls; returns when the last worker has left."""
        self._stopping.set()
        self._listener.close()
        for mate in self._mates.values():
            mate.order("drain")
        if drain_s > 0:
            await self._left(drain_s, unless_cut=True)
        self.cut()
        await self._left(CUT_TIMEOUT_S + LEAVE_TIMEOUT_S)
        for mate in self._mates.values():
            log.error("worker does not end: killed", worker=mate.number)
            mate.kill()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    def cut(self) -> None:
        """Ends all calls at once."""
        self._stopping.set()
        self._cutting.set()
        for mate in self._mates.values():
            mate.order("cut")

    async def metrics(self) -> bytes:
        """The page of all processes."""
        await self._count()
        metrics.WORKERS.set(self.ready)
        metrics.CALLS_MAX.set(self._settings.max_concurrent_calls)
        for slot in self._board.slots:
            metrics.WORKER_CALLS.labels(str(slot.number)).set(slot.calls)
        metrics.PROVIDER_STREAMS.labels("deepgram").set(sum(slot.ears for slot in self._board.slots))
        metrics.PROVIDER_STREAMS.labels("elevenlabs").set(sum(slot.voices for slot in self._board.slots))
        metrics.PROVIDER_STREAMS_MAX.labels("deepgram").set(self._settings.deepgram_max_streams)
        metrics.PROVIDER_STREAMS_MAX.labels("elevenlabs").set(self._settings.elevenlabs_max_streams)
        return self._totals.render(metrics.snapshot_of_this_process())

    # The life of one worker.

    async def _keep(self, number: int) -> None:
        """Has a worker of this number, one after another."""
        deaths_in_a_row = 0
        while not self._stopping.is_set():
            death = await self._one_life(number)
            if death.code == 0:
                log.info("worker has left", worker=number)
            else:
                log.error("worker died", worker=number, how=death.how, calls=death.calls)
            if self._stopping.is_set():
                return
            deaths_in_a_row = deaths_in_a_row + 1 if death.early else 1
            if death.code == EXIT_CONFIG and not self._all_ready.is_set():
                raise ConfigError(["a worker can't start with these settings; what it said is above"])
            if deaths_in_a_row >= MAX_DEATHS_IN_A_ROW and self.ready == 0:
                raise VoicebotError(f"workers die again and again (the last one: {death.how}); what they said is above")
            metrics.WORKER_RESTARTS.inc()
            if deaths_in_a_row > 1:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(BACK_OFF_S * 2 ** (deaths_in_a_row - 2), MAX_BACK_OFF_S)):
                        await self._stopping.wait()

    async def _one_life(self, number: int) -> Death:
        """Starts a worker and waits for its death."""
        started_s = self._loop.time()
        try:
            mate = await Mate.launch(self._assignment(number))
        except OSError as error:  # no memory, no process left to be had: later, perhaps
            return Death(EXIT_FAILED, f"can't be started: {error}", calls=0, early=True)
        self._mates[number] = mate
        if self._stopping.is_set():
            mate.order("cut")
        code, how = await mate.listen(partial(self._ready, mate), partial(self._totals.saw, number))
        early = self._loop.time() - started_s < SHORT_LIFE_S or not mate.ready
        return Death(code, how, calls=self._bury(mate), early=early)

    def _assignment(self, number: int) -> Assignment:
        return Assignment(
            self._settings,
            number,
            len(self._board.slots),
            self._listener.fileno(),
            self._board.fd,
            self._ears.fd,
            self._voices.fd,
        )

    def _ready(self, mate: Mate) -> None:
        log.info("worker ready", worker=mate.number, pid=mate.pid)
        if self._stopping.is_set():
            return
        self._listener.listen(BACKLOG)
        mate.order("open")
        if len(self._mates) == len(self._board.slots) and all(one.ready for one in self._mates.values()):
            self._all_ready.set()

    def _bury(self, mate: Mate) -> int:
        """Accounts for what a dead worker held; its tickets are on disk, and replayed by the others.

        Returns:
            Its calls that died with it.
        """
        del self._mates[mate.number]
        slot = self._board.slots[mate.number]
        calls = slot.calls
        if calls:
            metrics.CALLS.labels("worker_died").inc(calls)
        for quota, places in ((self._ears, slot.ears), (self._voices, slot.voices)):
            if places > 0:
                quota.give_back(places)
        self._board.wipe(mate.number)
        self._totals.lost(mate.number)
        self._forget_figures(mate.number)
        return calls

    # All of them.

    async def _watch(self) -> None:
        """Kills who hangs, and keeps count."""
        count_at_s = 0.0
        while True:
            due_s = self._loop.time() + LOOK_S
            await asyncio.sleep(LOOK_S)
            now_s = self._loop.time()
            if now_s - due_s > LOOK_S:
                continue  # the whole machine stood still, or we did: nobody's silence means anything
            try:
                for mate in tuple(self._mates.values()):
                    self._look_at(mate, now_s)
                if now_s >= count_at_s:
                    count_at_s = now_s + COUNT_EVERY_S
                    await self._count()
            except Exception:
                log.exception("workers not watched")  # this time

    def _look_at(self, mate: Mate, now_s: float) -> None:
        slot = self._board.slots[mate.number]
        if slot.state in (State.OPEN, State.DRAINING) and slot.silent_ms > HUNG_MS:
            log.error("worker hangs: killed", worker=mate.number, silent_ms=slot.silent_ms)
            mate.kill()
        elif not mate.ready and now_s - mate.started_s > START_TIMEOUT_S:
            log.error("worker is not ready in time: killed", worker=mate.number)
            mate.kill()

    async def _count(self) -> None:
        """Fetches what the workers have counted, and what the system says of them and of us."""
        await asyncio.gather(*(mate.count() for mate in self._mates.values()))
        for mate in self._mates.values():
            if (figures := figures_of(mate.pid)) is not None:
                self._tell_figures(str(mate.number), figures, mate.cpu_s)
                mate.cpu_s = figures.cpu_s
        if (own := figures_of(os.getpid())) is not None:
            self._tell_figures("supervisor", own, self._own_cpu_s)
            self._own_cpu_s = own.cpu_s

    @staticmethod
    def _tell_figures(worker: str, figures: ProcessFigures, counted_s: float) -> None:
        metrics.PROCESS_CPU_S.labels(worker).inc(max(0.0, figures.cpu_s - counted_s))
        metrics.PROCESS_RESIDENT_BYTES.labels(worker).set(figures.resident_bytes)
        metrics.PROCESS_OPEN_FDS.labels(worker).set(figures.open_fds)
        metrics.PROCESS_THREADS.labels(worker).set(figures.threads)

    @staticmethod
    def _forget_figures(number: int) -> None:
        for gauge in (metrics.PROCESS_RESIDENT_BYTES, metrics.PROCESS_OPEN_FDS, metrics.PROCESS_THREADS):
            with contextlib.suppress(KeyError):
                gauge.remove(str(number))

    async def _left(self, timeout_s: float, *, unless_cut: bool = False) -> None:
        """Waits for the last worker, so long at most."""
        alive: set[asyncio.Task[Any]] = {keeper for keeper in self._keepers if not keeper.done()}
        cut: asyncio.Task[Any] = asyncio.create_task(self._cutting.wait(), name="cut")
        end_s = self._loop.time() + timeout_s
        while alive and (left_s := end_s - self._loop.time()) > 0 and not (unless_cut and cut.done()):
            watched = alive | {cut} if unless_cut else alive
            await asyncio.wait(watched, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            alive = {keeper for keeper in alive if not keeper.done()}
        cut.cancel()

    async def _until(self, *events: asyncio.Event) -> None:
        """Waits for one of the events; a keeper that has given up says why."""
        waiting = [asyncio.create_task(event.wait(), name="event") for event in events]
        try:
            await asyncio.wait([*waiting, *self._keepers], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        for keeper in self._keepers:
            if keeper.done() and (error := keeper.exception()) is not None:
                raise error
