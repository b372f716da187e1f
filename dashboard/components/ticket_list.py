"""Tickets as a table on a desk, as cards on a telephone; one click or Return opens a call."""

from collections.abc import Mapping, Sequence

from dashboard.components.table import table
from dashboard.queries.tickets import TicketRow
from dashboard.view import View
from dashboard.words import duration_words, moment_words, phone_words

FACES = {"positive": "😊", "neutral": "😐", "negative": "😡"}
COLUMNS = ("date", "ticket", "client", "problem", "status", "sentiment", "duration", "asterisk", "assignee", "summary")


def ticket_list(
    view: View, rows: Sequence[TicketRow], names: Mapping[int, str], key: str, *, without: str = ""
) -> int | None:
    """Shows tickets.

    Args:
        view: of the page.
        rows: in order.
        names: of clients, by `clients.id`.
        key: of the component.
        without: a column that says nothing here.

    Returns:
        The number of the ticket to be opened, if somebody clicked.
    """
    chosen = table(
        key,
        view.say("latest"),
        [(column, view.say(column)) for column in COLUMNS if column != without],
        [_shown(view, row, names) for row in rows],
        kind="tickets",
        link_column="ticket",
        address="/calls?ticket=",
    )
    return int(chosen) if chosen else None


def caller_of(view: View, row: TicketRow, names: Mapping[int, str]) -> str:
    """Who called, as well as it is known."""
    named = names.get(row.client_id or 0)
    return named or (phone_words(row.caller_number) if row.caller_number else view.say("withheld"))


def _shown(view: View, row: TicketRow, names: Mapping[int, str]) -> dict[str, object]:
    zone = view.desk.settings.zone
    return {
        "id": row.id,
        "date": moment_words(row.started_at.astimezone(zone), view.now, view.language),
        "ticket": str(row.id),
        "client": caller_of(view, row, names),
        "problem": view.say(f"problem_{row.problem_type}"),
        "status": view.say(f"status_{row.status}"),
        "badges": {"status": row.status},
        "sentiment": f"{FACES[row.sentiment]} {view.say(f'sentiment_{row.sentiment}')}",
        "duration": duration_words(row.duration_seconds),
        "asterisk": row.asterisk or "–",
        "assignee": row.assignee or "–",
        "summary": row.summary,
    }
