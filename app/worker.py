"""One worker process: a loop of its own with its share of the calls, under orders of the supervisor.

It ends when it was told to and its calls have ended, when the supervisor is gone (the same way, by itself), and in any
case: the kernel's own timer ends a process whose loop no longer winds it up, whoever is left to notice.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
from functools import cache
from importlib import metadata

import structlog

from app.board import Board, State, share
from app.call.services import Part, open_services
from app.errors import VoicebotError
from app.ops import metrics
from app.ops.descriptors import make_room
from app.ops.heap import Heap
from app.ops.log_stream import WholeLines
from app.ops.logs import configure_logs, lines_lost
from app.ops.window import Window
from app.orders import READY, Assignment, Channel
from app.providers.quota import Quota
from app.server import Server

log = structlog.get_logger(__name__)

ASSIGNMENT_TIMEOUT_S = 10.0
WINDING_S = 1.0
UNWOUND_S = 15.0
"""A loop that stands still for so long gets its process ended by the kernel; the supervisor is quicker if it lives."""
START_TIMEOUT_S = 60.0
LEAVE_TIMEOUT_S = 45.0
"""From the end of the last call to the end of the process: what is open has deadlines of its own below this."""
GC_THRESHOLDS = (700, 2, 1_000_000)
"""Python's own for the youngest; the middle ones after two of those instead of ten, which is the same work in pauses of
1 ms instead of 4 to 6. The old are never collected by themselves: that goes through all objects of all calls and stops
them meanwhile (200 calls: 50 to 90 ms with what the imports made, 6 to 26 ms without; the longer ones had something to
throw away)."""
SWITCH_INTERVAL_S = 0.001
"""A thread that writes recordings or tickets gives the interpreter back to the loop so soon (Python's own: 5 ms, which
is a quarter of a frame)."""
TIDY_AFTER_CALLS = 20
"""Calls ended since the old were last looked at: the pause is below 2 ms while half as many are in progress."""
TIDY_AFTER_TURNS = 2
"""But twice as many as are in progress, which is what a look takes its time by: each call costs the same then, and what
waits to be thrown away (a quarter of a megabyte of a long call) is at most twice what is in use."""

HEAP_EVERY_S = 4.0
DESCRIPTORS_PER_CALL = 5
"""Its connection, its recording, Deepgram, ElevenLabs, and one more while a connection is being made."""
OTHER_DESCRIPTORS = 256


async def work(fd: int) -> int:
    """Lives the life of a worker.

    Args:
        fd: this end of the socket pair that the supervisor made.

    Raises:
        VoicebotError: nobody gave it anything to do, or its part of the server can't be opened.
    """
    _wind_up(START_TIMEOUT_S)
    try:
        plug = socket.socket(fileno=fd)
    except OSError as error:
        raise VoicebotError("voicebot worker is started by voicebot serve, never by hand") from error
    channel = await Channel.over(plug)
    try:
        async with asyncio.timeout(ASSIGNMENT_TIMEOUT_S):
            assignment = await channel.hear()
    except TimeoutError:
        assignment = None
    if not isinstance(assignment, Assignment):
        raise VoicebotError("voicebot worker is started by voicebot serve, never by hand")
    try:
        return await _Worker(assignment, channel).live()
    finally:
        channel.close()


class _Worker:
    """One worker.

    Args:
        assignment: what it was given.
        channel: the supervisor.
    """

    def __init__(self, assignment: Assignment, channel: Channel) -> None:
        settings = assignment.settings
        lines = share(settings.max_concurrent_calls, assignment.workers, assignment.number)
        make_room(DESCRIPTORS_PER_CALL * lines + OTHER_DESCRIPTORS)
        for fd in assignment.fds:
            os.set_inheritable(fd, False)
        configure_logs(
            json=settings.structured_logging,
            level=settings.log_level,
            stream=WholeLines(2, lines_lost).start(),
            fields={"worker": assignment.number},
        )
        self._assignment = assignment
        self._settings = settings
        self._channel = channel
        self._board = Board(assignment.board_fd, settings.max_concurrent_calls, assignment.workers)
        self._slot = self._board.slots[assignment.number]
        self._told_to_end = asyncio.Event()

    async def live(self) -> int:
        """Opens its part of the server, obeys, drains, closes."""
        slot, assignment = self._slot, self._assignment
        slot.beat()
        slot.state = State.STARTING
        # By hand, one worker alone can be told to drain; it is replaced then. Ctrl-C never comes here (own session).
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._told_to_end.set)
        part = Part(
            assignment.number,
            assignment.workers,
            Quota(assignment.ears_fd, lambda held: setattr(slot, "ears", held)),
            Quota(assignment.voices_fd, lambda held: setattr(slot, "voices", held)),
        )
        async with open_services(self._settings, part) as services:
            server = Server(services, self._board, assignment.number)
            window = Window(self._settings.live_dir, lambda: server.talking)
            sys.setswitchinterval(SWITCH_INTERVAL_S)
            _ask_for_versions_once()
            _spare_the_collector()
            winding = asyncio.create_task(_keep_wound(server), name="watchdog")
            await window.open()
            self._channel.tell(READY)
            obeying = asyncio.create_task(self._obey(server), name="orders")
            try:
                await self._told_to_end.wait()
                await server.stop(self._settings.drain_seconds)
                self._channel.tell(metrics.snapshot_of_this_process())  # the last that is heard of it
            finally:
                winding.cancel()
                obeying.cancel()
                _wind_up(LEAVE_TIMEOUT_S)
                await window.close()
        return 0

    async def _obey(self, server: Server) -> None:
        """Orders until the supervisor is gone; then nobody else tells it to end."""
        while (order := await self._channel.hear()) is not None:
            match order:
                case "open":
                    server.start(socket.socket(fileno=self._assignment.listener_fd))
                case "metrics":
                    self._channel.tell(metrics.snapshot_of_this_process())
                case "drain":
                    self._told_to_end.set()
                case "cut":
                    server.cut()
                    self._told_to_end.set()
        if not self._told_to_end.is_set():
            log.error("the supervisor is gone: draining")
        self._told_to_end.set()


async def _keep_wound(server: Server) -> None:
    """Winds the kernel's timer up, and tidies."""
    heap, tidied_at, heap_at_s = Heap(), 0, 0.0
    loop = asyncio.get_running_loop()
    while True:
        _wind_up(UNWOUND_S)
        if loop.time() >= heap_at_s:
            heap_at_s = loop.time() + HEAP_EVERY_S
            heap.give_back()
        ended = server.calls_ended - tidied_at
        if ended >= max(TIDY_AFTER_CALLS, TIDY_AFTER_TURNS * server.calls):
            gc.collect()
            tidied_at = server.calls_ended
        await asyncio.sleep(WINDING_S)


def _wind_up(seconds: float) -> None:
    """SIGALRM ends this process after so long, unless it is wound up again before (setitimer(2))."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _ask_for_versions_once() -> None:
    """The Deepgram SDK reads its own version from the disk for every connection: 0.6 ms in which no frame leaves."""
    metadata.version = cache(metadata.version)


def _spare_the_collector() -> None:
    """A collection stops every call of the worker: it must not look at what the imports made."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
