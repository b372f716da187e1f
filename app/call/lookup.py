"""Finds the caller in the databases from what they said; never waits long, never fails."""

import asyncio

import structlog

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


async def _fill(case: Case, clients: Clients, tickets: Tickets, caller_number: str | None) -> None:
    if case.client is None:
        found = await _find_client(case, clients, caller_number)
        if found is not None:
            case.client = KnownClient(found.id, found.first_name, found.last_name, found.company or "")
    if case.pending is None:
        ticket = await _find_ticket(case, tickets, caller_number)
        if ticket is not None and ticket.id is not None and ticket.status == "open":
            case.pending = PendingTicket(ticket.id, ticket.problem_type)


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
