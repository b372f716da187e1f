"""The end of the bot's part of a call: its dialplan is told where it goes from here, while the last words are said."""

import asyncio

import structlog

from app.asterisk.announcements import Announcement
from app.asterisk.route import Route
from app.call.record import CallRecord
from app.call.services import Services
from app.dialogue.step import Ending
from app.errors import ProviderError, StoreError
from app.store.tickets import Ticket

log = structlog.get_logger(__name__)

HANDOVER_S = 1.0
"""Of everything here: shorter than the shortest farewell, so that no dead air comes of it."""
NUMBER_S = 0.6
"""Of that, for the ticket's number: a slow database costs the technician the number, not the caller the technician."""


async def hand_over(
    ending: Ending, record: CallRecord, ticket: Ticket, announcement: Announcement, services: Services
) -> None:
    """Tells the dialplan, 1 s at most; what can't be told is logged, and the dialplan does what it does without.

    Args:
        ending: how the dialogue ended.
        record: of the call.
        ticket: the call as it stands.
        announcement: knows the channel.
        services: what all calls share.
    """
    route = Route("hangup")
    left_s = HANDOVER_S
    if ending is Ending.TRANSFER:
        began_s = asyncio.get_running_loop().time()
        number = await _number_of(ticket, services)
        left_s -= asyncio.get_running_loop().time() - began_s
        summary = record.case.summary(record.names)
        route = Route("transfer", services.settings.transfer_target, str(number or ""), summary)
    await tell(route, announcement, services, max(left_s, HANDOVER_S - NUMBER_S))


async def tell(route: Route, announcement: Announcement, services: Services, within_s: float = HANDOVER_S) -> None:
    """Tells the dialplan of a call where it goes; what can't be told in time is logged."""
    try:
        await services.switchboard.send_on(announcement, route, within_s)
    except ProviderError as error:
        log.warning("dialplan not told where the call goes", next=route.next, kind=error.kind, detail=error.detail)
    else:
        log.info("dialplan told where the call goes", next=route.next, ticket=route.ticket)


async def _number_of(ticket: Ticket, services: Services) -> int | None:
    try:
        return await services.writer.number(ticket, within_s=NUMBER_S)
    except StoreError as error:
        log.warning("ticket has no number yet", detail=str(error))
        return None
