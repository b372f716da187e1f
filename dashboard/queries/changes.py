"""What people change on a ticket: closed, handed on, commented; each change with who and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.errors import StoreError
from dashboard.access.users import User
from dashboard.queries.filters import STATUSES
from dashboard.queries.source import QUERY_S, Source

What = Literal["status", "assignee", "comment"]
CHANGE = "SELECT change_ticket($1, $2, $3, $4, $5)"
COMMENT_MAX_CHARACTERS = 4000
ASSIGNEE_MAX_CHARACTERS = 80
MEANWHILE = "was changed meanwhile"
"""In the message of migration 0002_dashboard.sql."""


class ChangedMeanwhile(StoreError):
    """Somebody else changed the ticket first."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a ticket's history."""

    changed_at: datetime
    changed_by: str
    what: What
    before: str | None
    after: str | None


async def changes_of(source: Source, number: int) -> list[Change]:
    """All changes of one ticket, the latest first."""
    rows = await source.fetch(
        "SELECT changed_at, changed_by, what, before, after FROM ticket_changes WHERE ticket_id = $1 ORDER BY id DESC",
        number,
        within_s=QUERY_S,
    )
    return [Change(row["changed_at"], row["changed_by"], row["what"], row["before"], row["after"]) for row in rows]


async def change(source: Source, user: User, number: int, what: What, seen: str | None, wanted: str | None) -> None:
    """Changes one thing of a ticket.

    Args:
        source: the database, for the role that may change.
        user: who does it.
        number: of the ticket.
        what: of it.
        seen: the value that the user saw; not used for a comment.
        wanted: the new value, None for nobody.

    Raises:
        PermissionError: the user may only read.
        ValueError: no such status, or nothing in it.
        ChangedMeanwhile: it is not any more what was seen.
        StoreError: the database can't take it.
    """
    if not user.may_change:
        raise PermissionError(f"{user.name} may only read")
    value = (wanted or "").replace("\0", "").encode("utf-8", "ignore").decode().strip() or None
    if what == "status" and value not in STATUSES:
        raise ValueError(f"no status {value!r}")
    if what == "comment" and value is None:
        raise ValueError("an empty comment")
    longest = ASSIGNEE_MAX_CHARACTERS if what == "assignee" else COMMENT_MAX_CHARACTERS
    value = value[:longest] if value else None
    try:
        await source.fetch(CHANGE, number, user.name, what, seen, value, within_s=QUERY_S)
    except StoreError as error:
        if MEANWHILE in str(error):
            raise ChangedMeanwhile(str(error)) from error
        raise
