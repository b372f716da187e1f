"""Finds the caller in the databases by number and by what they said; never waits long, never fails."""

import asyncio

import structlog

from app.call.record import CallRecord
from app.dialogue.case import Case, KnownClient, PendingTicket
from app.errors import StoreError
from app.store.clients import Client, Clients
from app.store.tickets import Ticket, Tickets

log = structlog.get_logger(__name__)

LOOKUP_S = 1.0
"""The caller waits meanwhile."""


async def look_up(case: Case, clients: Clients, tickets: Tickets, caller_number: str | None = None) -> None:
    """Fills `case.client` and `case.pending` from the fields given so far.

    All queries together have 1 s; a database that is away or slow leaves the caller unknown.
    """
    try:
        async with asyncio.timeout(LOOKUP_S):
            await _fill(case, clients, tickets, caller_number)
    except TimeoutError:
        log.warning("caller not looked up", detail="the databases are slow")
    except StoreError as error:
        log.warning("caller not looked up", detail=str(error))


async def resume(record: CallRecord, clients: Clients, tickets: Tickets) -> bool:
    """Lets the ticket of the first leg go on, for a caller who is back from a technician that did not answer.

    Returns:
        False when it can't be found within 1 s: this leg then gets a ticket of its own.
    """
    case = record.case
    case.status = "open"
    case.callback_number = record.caller_number or ""
    resumed = False
    try:
        async with asyncio.timeout(LOOKUP_S):
            earlier = await tickets.by_call(record.call_uuid)
            if earlier is None:
                log.warning("first leg's ticket not found", detail="there is none with this UUID")
                return False
            record.resume(earlier)
            resumed = True
            case.callback_number = record.caller_number or ""
            case.problem_type, case.sentiment = earlier.problem_type, earlier.sentiment
            case.earlier_summary = earlier.summary
            if earlier.client_id is not None and (client := await clients.by_id(earlier.client_id)) is not None:
                case.client = _known(client)
    except TimeoutError:
        log.warning("first leg's ticket not found", detail="the databases are slow")
    except StoreError as error:
        log.warning("first leg's ticket not found", detail=str(error))
    return resumed


async def _fill(case: Case, clients: Clients, tickets: Tickets, caller_number: str | None) -> None:
    if case.client is None:
        found = await _find_client(case, clients, caller_number)
        if found is not None:
            case.client = _known(found)
    if case.pending is None:
        ticket = await _find_ticket(case, tickets, caller_number)
        if ticket is not None and ticket.id is not None and ticket.status == "open":
            case.pending = PendingTicket(ticket.id, ticket.problem_type)


def _known(client: Client) -> KnownClient:
    return KnownClient(client.id, client.first_name, client.last_name, client.company or "")


async def _find_client(case: Case, clients: Clients, caller_number: str | None) -> Client | None:
    fields = case.fields
    for phone in (fields.phone, caller_number):
        if phone and (client := await clients.find_by_phone(phone)):
            return client
    if fields.email and (client := await clients.find_by_email(fields.email)):
        return client
    if fields.name:
        return await clients.find_by_name(fields.name, fields.company)
    return None


async def _find_ticket(case: Case, tickets: Tickets, caller_number: str | None) -> Ticket | None:
    if case.fields.ticket and len(case.fields.ticket) <= 9:
        ticket = await tickets.by_number(int(case.fields.ticket))
        if ticket is not None:
            return ticket
    if case.client is not None:
        return await tickets.pending_for(client_id=case.client.client_id)
    if caller_number:
        return await tickets.pending_for(caller_number=caller_number)
    return None
