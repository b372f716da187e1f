"""Finds the caller in the databases by number and by what they said; never waits long, never fails."""

import asyncio

import structlog

from app.call.record import CallRecord
from app.dialogue.case import KnownClient, PendingTicket
from app.dialogue.intents import Fields
from app.errors import StoreError
from app.store.clients import Client, Clients
from app.store.tickets import Ticket, Tickets

log = structlog.get_logger(__name__)

LOOKUP_S = 1.0
"""The caller waits meanwhile."""
GREETING_LOOKUP_S = 0.15
"""What the first word may wait for the caller's name; a database that is later is heard for the rest of the call."""


class Lookup:
    """Finds the caller of one call.

    Args:
        record: whose case is filled.
        clients: the database of clients.
        tickets: the database of tickets.
    """

    def __init__(self, record: CallRecord, clients: Clients, tickets: Tickets) -> None:
        self._record = record
        self._clients = clients
        self._tickets = tickets
        self._by_number: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Looks the caller's number up, if there is one; what is found late is known for the rest of the call."""
        if self._record.caller_number is None or self._record.case.returned:
            return
        self._by_number = asyncio.create_task(self._look_up(), name="lookup")
        await asyncio.wait([self._by_number], timeout=GREETING_LOOKUP_S)

    async def learn(self, fields: Fields) -> None:
        """The caller said something; with a field in it they may be found. Fills `case.client` and `case.pending`.

        All queries together have 1 s; a database that is away or slow leaves the caller unknown.
        """
        if given := fields.given():
            case = self._record.case
            case.fields = case.fields.model_copy(update=given)
            await self._look_up()

    async def resume(self) -> bool:
        """Lets the ticket of the first leg go on, for a caller who is back from a technician that did not answer.

        Returns:
            False when it can't be found within 1 s: this leg then gets a ticket of its own.
        """
        record, case = self._record, self._record.case
        case.status = "open"
        case.callback_number = record.caller_number or ""
        resumed = False
        try:
            async with asyncio.timeout(LOOKUP_S):
                earlier = await self._tickets.by_call(record.call_uuid)
                if earlier is None:
                    log.warning("first leg's ticket not found", detail="there is none with this UUID")
                    return False
                record.resume(earlier)
                resumed = True
                case.callback_number = record.caller_number or ""
                case.problem_type, case.sentiment = earlier.problem_type, earlier.sentiment
                case.earlier_summary = earlier.summary
                if (
                    earlier.client_id is not None
                    and (client := await self._clients.by_id(earlier.client_id)) is not None
                ):
                    case.client = _known(client)
        except TimeoutError:
            log.warning("first leg's ticket not found", detail="the databases are slow")
        except StoreError as error:
            log.warning("first leg's ticket not found", detail=str(error))
        return resumed

    def stop(self) -> None:
        """Nobody waits for it any more."""
        if self._by_number is not None:
            self._by_number.cancel()

    async def _look_up(self) -> None:
        try:
            async with asyncio.timeout(LOOKUP_S):
                await self._fill()
        except TimeoutError:
            log.warning("caller not looked up", detail="the databases are slow")
        except StoreError as error:
            log.warning("caller not looked up", detail=str(error))

    async def _fill(self) -> None:
        case = self._record.case
        if case.client is None:
            found = await self._find_client()
            if found is not None:
                case.client = _known(found)
        if case.pending is None:
            ticket = await self._find_ticket()
            if ticket is not None and ticket.id is not None and ticket.status == "open":
                case.pending = PendingTicket(ticket.id, ticket.problem_type)

    async def _find_client(self) -> Client | None:
        fields = self._record.case.fields
        for phone in (fields.phone, self._record.caller_number):
            if phone and (client := await self._clients.find_by_phone(phone)):
                return client
        if fields.email and (client := await self._clients.find_by_email(fields.email)):
            return client
        if fields.name:
            return await self._clients.find_by_name(fields.name, fields.company)
        return None

    async def _find_ticket(self) -> Ticket | None:
        case = self._record.case
        if case.fields.ticket and len(case.fields.ticket) <= 9:
            ticket = await self._tickets.by_number(int(case.fields.ticket))
            if ticket is not None:
                return ticket
        if case.client is not None:
            return await self._tickets.pending_for(client_id=case.client.client_id)
        if self._record.caller_number:
            return await self._tickets.pending_for(caller_number=self._record.caller_number)
        return None


def _known(client: Client) -> KnownClient:
    return KnownClient(client.id, client.first_name, client.last_name, client.company or "")
