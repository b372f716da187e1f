"""Clients: looked for by the beginning of any word of theirs; with ?client= in the address, one and their calls."""

import streamlit as st

from dashboard.components.cards import Card, cards
from dashboard.components.heading import heading
from dashboard.components.table import table
from dashboard.components.ticket_list import ticket_list
from dashboard.queries.clients import PAGE_SIZE, ClientRow, client_by_id, client_page
from dashboard.queries.filters import TicketFilter
from dashboard.queries.tickets import ticket_count, ticket_page
from dashboard.view import View
from dashboard.words import day_words, number_words, phone_words

COLUMNS = ("client_name", "company", "phone", "email", "client_since")
SEARCH, PAGE, SOUGHT = "client_words", "client_page", "client_sought"


def show(view: View) -> None:
    """The page."""
    wanted = st.query_params.get("client", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        _one(view, int(wanted))
    else:
        st.title(view.say("page_clients"))
        _all(view)


def _all(view: View) -> None:
    if SEARCH in st.session_state:
        st.session_state[SEARCH] = st.session_state[SEARCH]  # Streamlit forgets widgets that a run does not show
    words = st.text_input(view.say("client_search"), key=SEARCH, max_chars=100)
    if st.session_state.get(SOUGHT) != words:
        st.session_state[SOUGHT], st.session_state[PAGE] = words, 0
    page: int = st.session_state.setdefault(PAGE, 0)
    desk = view.desk
    rows = desk.ask(client_page, desk.clients, words, offset=page * PAGE_SIZE, limit=PAGE_SIZE + 1)
    if not rows:
        st.info(view.say("client_none"))
        return
    shown = [_shown(view, row) for row in rows[:PAGE_SIZE]]
    titles = [(column, view.say(column)) for column in COLUMNS]
    chosen = table(
        "clients", view.say("page_clients"), titles, shown, link_column="client_name", address="/clients?client="
    )
    left, middle, right = st.columns(3, vertical_alignment="center")
    if page:
        left.button(view.say("previous"), on_click=_turn_to, args=(page - 1,), icon=":material/chevron_left:")
    middle.caption(view.say("page_of", page=page + 1))
    if len(rows) > PAGE_SIZE:
        right.button(view.say("next"), on_click=_turn_to, args=(page + 1,), icon=":material/chevron_right:")
    if chosen:
        st.query_params["client"] = chosen
        st.rerun()


def _one(view: View, number: int) -> None:
    if st.button(view.say("back_to_clients"), icon=":material/arrow_back:"):
        st.query_params.pop("client", None)
        st.rerun()
    desk = view.desk
    client = desk.ask(client_by_id, desk.clients, number)
    if client is None:
        st.warning(view.say("no_such_client", number=number))
        return
    heading(client.name)
    wanted = TicketFilter(client_id=client.id)
    count = desk.ask(ticket_count, desk.tickets, wanted, desk.settings.zone)
    cards(
        [
            Card(view.say("company"), client.company or "–"),
            Card(view.say("phone"), phone_words(client.phone), (client.email or "",)),
            Card(view.say("client_since"), day_words(client.created_at.astimezone(desk.settings.zone), view.language)),
            Card(view.say("calls"), number_words(count, view.language)),
        ],
        key=f"client {client.id}",
    )
    st.header(view.say("client_calls"))
    rows = desk.ask(ticket_page, desk.tickets, wanted, desk.settings.zone)
    if not rows:
        st.info(view.say("no_calls_yet"))
        return
    if chosen := ticket_list(view, rows, {client.id: client.full_name}, key=f"calls of {client.id}", without="client"):
        st.switch_page(st.session_state["pages"]["calls"], query_params={"ticket": str(chosen)})


def _shown(view: View, row: ClientRow) -> dict[str, object]:
    return {
        "id": row.id,
        "client_name": row.name,
        "company": row.company or "",
        "phone": phone_words(row.phone),
        "email": row.email or "",
        "client_since": day_words(row.created_at.astimezone(view.desk.settings.zone), view.language),
    }


def _turn_to(page: int) -> None:
    st.session_state[PAGE] = page
