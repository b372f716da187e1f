"""One call, from the UUID to the hang-up: wire, recording and conversation, and the ticket at the end."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from app.asterisk.announcements import Announcement
from app.asterisk.route import Route
from app.audiosocket.connection import Connection
from app.call.conversation import Conversation
from app.call.events import TimeUp
from app.call.handover import HANDOVER_S, hand_over, tell
from app.call.record import CallRecord
from app.call.services import Services
from app.dialogue.case import Case
from app.dialogue.step import Ending
from app.errors import StoreError
from app.ops import metrics
from app.ops.logs import bind_call, bind_turn

log = structlog.get_logger(__name__)

CUT_OFF = frozenset({"lost", "stuck_peer", "error"})
"""Outcomes of which the caller is not the cause."""
DIES_WITHIN_S = 0.1
"""An Asterisk that dies ends its calls as a caller's hang-up does, or with a reset, and takes the link to its manager
with it, at most so much later. One that lives resets one in a hundred calls of which the caller hangs up: a frame of
ours came just before its close."""
LEAD_S = 0.008
"""The first frame leaves so long after the call began: just behind the caller's, which begin with it. A turn ends so
many frames after one of those, and its answer must not wait for most of another."""
HANG_UP_TIMEOUT_S = 4.0
"""The peer closes after our 0x00, or the connection cuts itself after 2 s."""


class Call:
    """A call in progress; the leg of its connection.

    Args:
        call_uuid: as Asterisk announced it.
        connection: the wire.
        services: what all calls share.
        announcement: what its dialplan told of it; None if nothing.
    """

    def __init__(
        self, call_uuid: UUID, connection: Connection, services: Services, announcement: Announcement | None = None
    ) -> None:
        self.connection = connection
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()
        peer = str(connection.peer) if connection.peer else None
        self._announcement = announcement
        self.record = CallRecord(call_uuid, peer, Case(), services.prompts.names, began_s=self._started_s)
        if announcement is not None:
            self.record.caller_number = announcement.caller_number
            self.record.case.returned = announcement.returned
        self._started_at = self.record.started_at
        self._recording = services.recorder.begin(call_uuid, self.record.started_at, services.settings.recordings_dir)
        self.record.recording = self._recording.path.name
        self._conversation = Conversation(self.record, services, self._recording.tracks, self._ending)
        self._handover: asyncio.Task[None] | None = None
        self._cutting: asyncio.Task[None] | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._hangup_reason = ""
        self._ended_s: float | None = None
        line = self._conversation.line
        line.on_drop = self._broken
        connection.attach(line)
        # Asterisk loses one in four calls that wait for the caller first (issue 2089): frames from here on.
        self._on_clock = services.clock.join(line, LEAD_S)

    # The leg: called by the connection.

    def digit(self, digit: str) -> None:
        """A key of the caller's telephone."""
        self._conversation.press(digit)

    @property
    def over(self) -> bool:
        """The caller is gone; only the ticket is still being written."""
        return self._gone.done()

    def hung_up(self, reason: str) -> None:
        """The connection is gone."""
        self._hangup_reason = reason
        self._ended_s = self._loop.time()
        self._services.clock.leave(self._on_clock)
        self._gone.set_result(None)

    # The worker: called from outside the pipeline.

    def time_is_up(self) -> None:
        """The hard limit is near: the worker cuts the connection soon, whatever happens here."""
        self._conversation.post(TimeUp())

    def seen(self, *, whole: bool) -> dict[str, Any]:
        """How the call stands, for those who watch.

        Args:
            whole: with all that was said; else with the newest words alone.
        """
        record, now = self.record, self._conversation.now()
        said = record.transcript
        newest = [*said[-1:], *now]
        seen: dict[str, Any] = {
            "call_uuid": str(record.call_uuid),
            "started_at": record.started_at.isoformat(),
            "asterisk": record.asterisk,
            "caller_number": record.caller_number,
            "state": self._conversation.state,
            "last": newest[-1] if newest else None,
        }
        return seen | {"transcript": [*said, *now]} if whole else seen

    def cut(self) -> None:
        """The server stops: the dialplan is told to try another one, unless it knows already where to go."""
        if self._announcement is None:
            self.connection.terminate("lost")
        elif self._cutting is None:
            if self._handover is None:
                work = tell(Route("server"), self._announcement, self._services)
                self._handover = asyncio.create_task(work, name="handover")
            self._cutting = asyncio.create_task(self._cut_off(), name="cut")

    async def run(self) -> str:
        """Holds the call to its end and leaves the ticket behind.

        Returns:
            The outcome: `goodbye`, `transfer`, `callback`, `error`, `silence`, `too_long` (the bot ended it), `hangup`,
            `lost`, `stuck_peer`, or the reason of a peer's mistake.
        """
        bind_call(str(self.record.call_uuid))
        log.info("call started", asterisk=self.record.asterisk, **self._announced())
        talk = asyncio.create_task(self._conversation.run(), name="conversation")
        outcome = "lost"
        try:
            ends: list[asyncio.Future[Any]] = [talk, self._gone]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                outcome = self._result_of(talk)
                if talk.exception() is not None:
                    await self._conversation.apologise()
                await self._hang_up()
            else:
                outcome = await self._how_it_was_left()
        finally:
            talk.cancel()
            await asyncio.wait([talk], timeout=1.0)
            await self._clean_up(outcome)
        return outcome

    async def _how_it_was_left(self) -> str:
        """The caller hung up, or the Asterisk is gone? Its manager's link tells, where there was one."""
        if self._hangup_reason == "reset" or (self._hangup_reason == "hangup" and self._announcement is not None):
            await asyncio.sleep(DIES_WITHIN_S)
            return "hangup" if self._services.switchboard.hears(self.connection.peer) else "lost"
        return self._hangup_reason

    def _broken(self) -> None:
        """A mistake in the 20 ms path: the clock has reported it and dropped the call, which would only hang."""
        self.connection.terminate("error")

    def _result_of(self, talk: "asyncio.Task[Ending]") -> str:
        error = talk.exception()
        if error is None:
            return talk.result().value
        log.error("call failed", exc_info=error)
        if self.record.case.status == "abandoned":
            self.record.case.status = "open"
        return Ending.ERROR.value

    def _announced(self) -> dict[str, str]:
        """What is known beforehand, for the log."""
        told = self._announcement
        if told is None:
            return {}
        fields = {"caller_number": told.caller_number, "dialled": told.dialled, "channel": told.channel}
        fields |= {"returned": told.reason or "unknown reason"} if told.returned else {}
        return {name: value for name, value in fields.items() if value}

    def _ending(self, ending: Ending) -> None:
        """The last words begin: meanwhile the dialplan is told where the call goes."""
        if self._announcement is not None and self._handover is None:
            ticket = self.record.ticket(self._loop.time() - self._started_s)
            work = hand_over(ending, self.record, ticket, self._announcement, self._services)
            self._handover = asyncio.create_task(work, name="handover")

    async def _handed_over(self) -> None:
        """Waits for that, no longer than it may take: after our 0x00 the dialplan goes on."""
        if self._handover is not None:
            await asyncio.wait([self._handover], timeout=HANDOVER_S)

    async def _cut_off(self) -> None:
        await self._handed_over()
        self.connection.terminate("lost")

    async def _hang_up(self) -> None:
        await self._handed_over()
        self.connection.terminate()
        await asyncio.wait([self._gone], timeout=HANG_UP_TIMEOUT_S)

    async def _clean_up(self, outcome: str) -> None:
        self._services.clock.leave(self._on_clock)
        duration_s = (self._ended_s or self._loop.time()) - self._started_s
        await self._conversation.close()
        self._recording.close()
        if self._cutting is not None:
            self._cutting.cancel()
        await self._handed_over()  # its state of the ticket must not come after the last one
        case = self.record.case
        if outcome == "hangup" and case.status == "transferred":  # before our 0x00: no technician was rung
            case.status = "open" if case.told else "abandoned"
        ended_at = self._started_at + timedelta(seconds=duration_s)
        ticket = self.record.ticket(duration_s, ended_at, cut=outcome in CUT_OFF)
        stored, kept = False, "spooled"
        try:
            stored = await self._services.writer.close_call(ticket)
        except StoreError as error:
            kept = "lost"
            log.error("ticket lost", detail=str(error), summary=ticket.summary, transcript=ticket.transcript)
        if stored:
            metrics.TICKETS.labels(ticket.problem_type, ticket.status).inc()
        bind_turn(self._conversation.turn_id)
        metrics.CALLS.labels(outcome).inc()
        metrics.CALL_DURATION_S.observe(duration_s)
        log.info(
            "call ended",
            outcome=outcome,
            status=ticket.status,
            problem_type=ticket.problem_type,
            sentiment=ticket.sentiment,
            duration_s=round(duration_s, 1),
            ticket="stored" if stored else kept,
        )
