"""One worker process as the supervisor has it: started, heard, told, ended."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from app.ops.merge import Snapshot
from app.orders import READY, Assignment, Channel, Order

ANSWER_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended.

    Attributes:
        code: its exit code, negative for a signal.
        how: the same in words.
        calls: that died with it.
        early: it lived a few seconds only, or was never ready.
    """

    code: int
    how: str
    calls: int
    early: bool


class Mate:
    """A worker process.

    Attributes:
        number: its place in the crew.
        started_s: loop time of its start.
        ready: it can take calls.
        cpu_s: processor time that is in the metric already.
    """

    def __init__(self, number: int, process: asyncio.subprocess.Process, channel: Channel) -> None:
        self.number = number
        self.started_s = asyncio.get_running_loop().time()
        self.ready = False
        self.cpu_s = 0.0
        self._process = process
        self._channel = channel
        self._answer: asyncio.Future[Snapshot | None] | None = None

    @classmethod
    async def launch(cls, assignment: Assignment) -> "Mate":
        """Starts one.

        Raises:
            OSError: the system has no room for a process.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                # A session of its own: Ctrl-C at the terminal is for the supervisor only.
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "app", "worker", str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(), *assignment.fds),
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        mate = cls(assignment.number, process, await Channel.over(ours))
        mate._channel.tell(assignment)
        return mate

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def order(self, order: Order) -> None:
        """Tells it what to do."""
        self._channel.tell(order)

    def kill(self) -> None:
        """Ends it, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def listen(self, on_ready: Callable[[], None], on_metrics: Callable[[Snapshot], None]) -> tuple[int, str]:
        """Hears it until it dies.

        Args:
            on_ready: told once, when it can take calls.
            on_metrics: told what it has counted, whenever it was asked and when it leaves.

        Returns:
            Its exit code, and that in words.
        """
        try:
            while (message := await self._channel.hear()) is not None:
                if message == READY:
                    self.ready = True
                    on_ready()
                else:
                    on_metrics(message)
                    self._answered(message)
            code = await self._process.wait()
        except asyncio.CancelledError:
            self.kill()
            await self._process.wait()
            raise
        finally:
            self._answered(None)
            self._channel.close()
        return code, f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    async def count(self) -> None:
        """Has it tell its metrics; returns when it has, when it dies, or after 2 s."""
        if not self.ready:
            return
        if self._answer is None or self._answer.done():
            self._answer = asyncio.get_running_loop().create_future()
            self.order("metrics")
        await asyncio.wait([self._answer], timeout=ANSWER_TIMEOUT_S)

    def _answered(self, snapshot: Snapshot | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(snapshot)
