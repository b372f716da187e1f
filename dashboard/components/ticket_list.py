"""Tickets as a table on a desk, as cards on a telephone; one click or Return opens a call."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.components.asset import asset
from dashboard.queries.tickets import TicketRow
from dashboard.view import View
from dashboard.words import duration_words, moment_words

FACES = {"positive": "😊", "neutral": "😐", "negative": "😡"}
COLUMNS = ("date", "ticket", "client", "problem", "status", "sentiment", "duration", "asterisk", "assignee", "summary")

_list = st.components.v2.component(
    "voicebot_ticket_list",
    html='<div class="list"></div>',
    css=asset("ticket_list.css"),
    js=asset("ticket_list.js"),
)


def ticket_list(view: View, rows: Sequence[TicketRow], names: Mapping[int, str], key: str) -> int | None:
    """Shows tickets.

    Args:
        view: of the page.
        rows: in order.
        names: of clients, by `clients.id`.
        key: of the component.

    Returns:
        The number of the ticket to be opened, if somebody clicked.
    """
    result = _list(
        key=key,
        data={
            "columns": [[column, view.say(column)] for column in COLUMNS],
            "caption": view.say("latest"),
            "rows": [_shown(view, row, names) for row in rows],
            "language": view.language,
        },
        on_open_change=lambda: None,
    )
    return int(result.open) if result.open else None


def caller_of(view: View, row: TicketRow, names: Mapping[int, str]) -> str:
    """Who called, as well as it is known."""
    named = names.get(row.client_id or 0)
    return named or row.caller_number or view.say("withheld")


def _shown(view: View, row: TicketRow, names: Mapping[int, str]) -> dict[str, object]:
    zone = view.desk.settings.zone
    return {
        "id": row.id,
        "date": moment_words(row.started_at.astimezone(zone), view.now, view.language),
        "ticket": str(row.id),
        "client": caller_of(view, row, names),
        "problem": view.say(f"problem_{row.problem_type}"),
        "status": view.say(f"status_{row.status}"),
        "status_key": row.status,
        "sentiment": f"{FACES[row.sentiment]} {view.say(f'sentiment_{row.sentiment}')}",
        "duration": duration_words(row.duration_seconds),
        "asterisk": row.asterisk or "–",
        "assignee": row.assignee or "–",
        "summary": row.summary,
    }
