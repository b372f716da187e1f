"""One ticket for each call: what was said, what it was about, how it ended."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, Self, get_args
from uuid import UUID, uuid5

import asyncpg

from app.errors import StoreError
from app.store.pool import SAVE_S, Database

ProblemType = Literal["internet", "mobile", "modification", "other"]
TicketStatus = Literal["open", "resolved", "transferred", "abandoned"]
TicketSentiment = Literal["positive", "neutral", "negative"]

COLUMNS = (
    "call_uuid, started_at, caller_number, asterisk, client_id, ended_at, duration_seconds,"
    " problem_type, status, sentiment, summary, transcript, recording"
)
KEPT = ("call_uuid", "started_at")
SAVE = f"""
INSERT INTO tickets ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (call_uuid) DO UPDATE
SET {", ".join(f"{name} = EXCLUDED.{name}" for name in COLUMNS.split(", ") if name not in KEPT)}
WHERE tickets.started_at = EXCLUDED.started_at
RETURNING id, call_uuid
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is kept of one call.

    Attributes:
        call_uuid: as Asterisk announced it, or as `Tickets.save` had to change it.
        started_at: aware; together with `call_uuid` it names the call.
        caller_number: as Asterisk gave it, E.164 where it could be made so; None when withheld.
        asterisk: address of the peer that the call came from.
        client_id: `clients.id`, None for an unknown caller.
        transcript: [{"speaker": "caller" | "bot", "text": …, "at_s": …, "interrupted": …}, …] in order.
        recording: file name in RECORDINGS_DIR.
        id: the ticket's number, spoken to callers; None until it was read back from the database.
    """

    call_uuid: UUID
    started_at: datetime
    caller_number: str | None = None
    asterisk: str | None = None
    client_id: int | None = None
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    problem_type: ProblemType = "other"
    status: TicketStatus = "open"
    sentiment: TicketSentiment = "neutral"
    summary: str = ""
    transcript: list[dict[str, Any]] = field(default_factory=list)
    recording: str | None = None
    id: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what the table would refuse, so that it is found where it was made."""
        for name in ("started_at", "ended_at"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{name} must know its time zone")
        for name, allowed in (
            ("problem_type", ProblemType),
            ("status", TicketStatus),
            ("sentiment", TicketSentiment),
        ):
            if getattr(self, name) not in get_args(allowed):
                raise ValueError(f"{name} is {getattr(self, name)!r}, not one of {', '.join(get_args(allowed))}")
        if self.duration_seconds is not None and not 0 <= self.duration_seconds < math.inf:
            raise ValueError(f"duration_seconds is {self.duration_seconds}")

    def to_json(self) -> str:
        """One line of JSON, the form that the spool keeps."""
        plain = asdict(self) | {"call_uuid": str(self.call_uuid), "started_at": self.started_at.isoformat()}
        plain["ended_at"] = self.ended_at.isoformat() if self.ended_at else None
        return json.dumps(storable(plain), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads what `to_json` wrote; ignores keys that a newer version may have added.

        Raises:
            ValueError: this is no ticket.
        """
        try:
            plain = json.loads(text)
            known = {f.name: plain[f.name] for f in fields(cls) if f.name in plain}
            known["call_uuid"] = UUID(known["call_uuid"])
            for name in ("started_at", "ended_at"):
                if known.get(name) is not None:
                    known[name] = datetime.fromisoformat(known[name])
            return cls(**known)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no ticket: {error!r}") from error


class Tickets:
    """The table `tickets`.

    Every method raises `StoreError` when the database can't answer in time (1 s, 5 s for `save`).
    """

    def __init__(self, pool: Database) -> None:
        self._pool = pool

    async def save(self, ticket: Ticket, *, within_s: float = SAVE_S) -> UUID:
        """Stores a ticket and returns the UUID it stands under; raises as `number`."""
        _, call_uuid = await self._save(ticket, within_s)
        return call_uuid

    async def number(self, ticket: Ticket, *, within_s: float = SAVE_S) -> int:
        """Stores a ticket and returns its number.

        The same call (same UUID, same start) saved again replaces its row. Another call that Asterisk
        announced with a UUID already used gets one of its own, derived from both, and the same one each time
        it is saved.

        Raises:
            RefusedError: the database will never take this ticket.
            StoreError: it can't take it now.
        """
        number, _ = await self._save(ticket, within_s)
        return number

    async def _save(self, ticket: Ticket, within_s: float) -> tuple[int, UUID]:
        derived = uuid5(ticket.call_uuid, ticket.started_at.astimezone(UTC).isoformat())
        async with self._pool.acquire(within_s) as connection:
            for call_uuid in (ticket.call_uuid, derived):
                saved = await connection.fetchrow(SAVE, call_uuid, *_values(ticket))
                if saved is not None:
                    return int(saved["id"]), UUID(str(saved["call_uuid"]))
        raise StoreError(f"tickets: {ticket.call_uuid} and {derived} both belong to other calls")

    async def unanswered(self, ticket: Ticket, summary: str) -> bool:
        """Opens a ticket whose caller was transferred to nobody, with another summary.

        Returns:
            False when it is not any more as it was read: another process was first, or the call goes on.
        """
        sql = (
            "UPDATE tickets SET status = 'open', summary = $1"
            " WHERE id = $2 AND status = 'transferred' AND ended_at = $3 RETURNING id"
        )
        return await self._pool.fetchrow(sql, storable(summary), ticket.id, ticket.ended_at) is not None

    async def pending_for(self, *, client_id: int | None = None, caller_number: str | None = None) -> Ticket | None:
        """The latest open ticket of a client, or of a number.

        With both given, a ticket of that number counts unless it belongs to another client: a company's
        telephones are shared.
        """
        return await self._one(
            "status = 'open' AND"
            " (client_id = $1 OR (caller_number = $2 AND ($1::bigint IS NULL OR client_id IS NULL)))",
            client_id,
            caller_number,
        )

    async def by_number(self, id: int) -> Ticket | None:
        """The ticket with this number."""
        # A caller may say any number of digits; bigint holds 63 bits.
        return await self._one("id = $1", id) if 0 < id < 2**63 else None

    async def by_call(self, call_uuid: UUID) -> Ticket | None:
        """The ticket of this call."""
        return await self._one("call_uuid = $1", call_uuid)

    async def latest(self, n: int) -> list[Ticket]:
        """The last `n` calls, newest first."""
        sql = f"SELECT id, {COLUMNS} FROM tickets ORDER BY started_at DESC, id DESC LIMIT $1"
        return [_ticket(row) for row in await self._pool.fetch(sql, n)]

    async def _one(self, condition: str, *arguments: object) -> Ticket | None:
        sql = f"SELECT id, {COLUMNS} FROM tickets WHERE {condition} ORDER BY started_at DESC, id DESC LIMIT 1"
        row = await self._pool.fetchrow(sql, *arguments)
        return _ticket(row) if row else None


def storable(value: Any) -> Any:
    """The same value without what PostgreSQL's text and jsonb can't hold.

    Those are the zero character and lone surrogates, which a recogniser's or a model's JSON may contain, and
    numbers that are not finite.
    """
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def _values(ticket: Ticket) -> Sequence[object]:
    """Arguments of SAVE after the first."""
    return [storable(getattr(ticket, name)) for name in COLUMNS.split(", ")[1:]]


def _ticket(row: asyncpg.Record) -> Ticket:
    return Ticket(**{name: row[name] for name in ("id", *COLUMNS.split(", "))})
