"""The list of tickets: filters, pages, export."""

from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboard.components.ticket_list import ticket_list
from dashboard.export import as_csv, as_xlsx
from dashboard.queries.clients import client_names
from dashboard.queries.filters import PROBLEMS, SENTIMENTS, STATUSES, TicketFilter
from dashboard.queries.tickets import (
    COUNT_MAX,
    EXPORT_MAX,
    PAGE_SIZE,
    asterisks,
    ticket_count,
    ticket_export,
    ticket_page,
)
from dashboard.view import View
from dashboard.words import number_words

SEARCH = "filter_words"
DAYS = ("first", "last")
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("filter_first", "filter_last"), None),
    **{f"filter_{name}": [] for name in ("problem", "status", "sentiment", "asterisk")},
    "filter_number": "",
}
"""The filters below the search, each as it stands when nothing is chosen."""


def show(view: View) -> None:
    """Filters, list, paging."""
    wanted = _filters(view)
    desk = view.desk
    zone = desk.settings.zone
    if st.session_state.get("list_filter") != wanted:
        st.session_state["list_filter"], st.session_state["list_page"] = wanted, 0
    page = st.session_state.setdefault("list_page", 0)
    rows = desk.ask(ticket_page, desk.tickets, wanted, zone, offset=page * PAGE_SIZE, limit=PAGE_SIZE + 1)
    count = desk.ask(ticket_count, desk.tickets, wanted, zone)
    st.markdown(f"**{_found(view, count)}**")
    if rows:
        names = desk.ask(client_names, desk.clients, [row.client_id for row in rows])
        number = ticket_list(view, rows[:PAGE_SIZE], names, key="tickets")
        _paging(view, page, more=len(rows) > PAGE_SIZE)
        _export(view, wanted)
        if number:
            open_ticket(number)


def open_ticket(number: int) -> None:
    """Goes to one call."""
    st.query_params["ticket"] = str(number)
    st.rerun()


def _found(view: View, count: int) -> str:
    if count == 0:
        return view.say("found_none")
    if count == 1:
        return view.say("found_one")
    if count > COUNT_MAX:
        return view.say("found_many", count=number_words(COUNT_MAX, view.language))
    return view.say("found", count=number_words(count, view.language))


def _filters(view: View) -> TicketFilter:
    """What is chosen; all of it survives a look at one call."""
    for key, nothing in {SEARCH: "", **NOTHING}.items():
        st.session_state[key] = st.session_state.get(key, nothing)  # forgotten else when a run does not show it
    words = st.text_input(view.say("search"), key=SEARCH, placeholder=view.say("search_hint"), max_chars=200)
    with st.expander(view.say("filters"), icon=":material/filter_alt:", expanded=_unfolded()):
        columns = st.columns(3)
        with columns[0]:
            first, last = (_day(view, column, name) for column, name in zip(st.columns(2), DAYS, strict=True))
            number = st.text_input(
                view.say("number"), key="filter_number", placeholder=view.say("number_hint"), max_chars=30
            )
        with columns[1]:
            problems = _choice(view, "problem", PROBLEMS)
            statuses = _choice(view, "status", STATUSES)
        with columns[2]:
            sentiments = _choice(view, "sentiment", SENTIMENTS)
            hosts = st.multiselect(
                view.say("asterisk"),
                _asterisks(view),
                key="filter_asterisk",
                placeholder=view.say("any"),
                select_all=False,
            )
        st.button(view.say("reset"), on_click=_reset, icon=":material/filter_alt_off:")
    return TicketFilter(
        first_day=first,
        last_day=last,
        problems=tuple(problems),
        statuses=tuple(statuses),
        sentiments=tuple(sentiments),
        asterisks=tuple(hosts),
        number=number,
        words=words,
    )


def _choice(view: View, name: str, options: tuple[str, ...]) -> list[str]:
    chosen: list[str] = st.multiselect(
        view.say(name),
        options,
        key=f"filter_{name}",
        format_func=lambda one: view.say(f"{name}_{one}"),
        placeholder=view.say("any"),
        select_all=False,  # its words are in English, and all is what nothing chosen means
    )
    return chosen


def _asterisks(view: View) -> list[str]:
    """They change seldom: asked for once a visit, and those that are chosen stay in any case."""
    if "asterisks" not in st.session_state:
        st.session_state["asterisks"] = view.desk.ask(asterisks, view.desk.tickets)
    known: list[str] = st.session_state["asterisks"]
    return known


def _day(view: View, column: Any, name: str) -> date | None:
    chosen: date | None = column.date_input(
        view.say(f"filter_{name}"),
        value=None,
        key=f"filter_{name}",
        format="DD/MM/YYYY" if view.language == "fr" else "YYYY-MM-DD",
        min_value=date(2000, 1, 1),
        max_value=view.now.date() + timedelta(days=1),
    )
    return chosen


def _unfolded() -> bool:
    """From the first choice on: they are not folded away under the hand that takes a choice back."""
    if any(st.session_state.get(key) for key in NOTHING):
        st.session_state["filters_unfolded"] = True
    return bool(st.session_state.get("filters_unfolded"))


def _reset() -> None:
    st.session_state.update({SEARCH: "", **NOTHING})


def _turn_to(page: int) -> None:
    st.session_state["list_page"] = page


def _paging(view: View, page: int, *, more: bool) -> None:
    left, middle, right = st.columns([1, 1, 1], vertical_alignment="center")
    with left:
        if page:
            st.button(view.say("newer"), on_click=_turn_to, args=(page - 1,), icon=":material/chevron_left:")
    with middle:
        st.caption(view.say("page_of", page=page + 1))
    with right:
        if more:
            st.button(view.say("older"), on_click=_turn_to, args=(page + 1,), icon=":material/chevron_right:")


def _export(view: View, wanted: TicketFilter) -> None:
    """Made when it is asked for: a year of calls takes some seconds."""
    with st.expander(view.say("export"), icon=":material/download:"):
        st.caption(view.say("export_limit", count=number_words(EXPORT_MAX, view.language)))

        def rows() -> Any:
            desk = view.desk
            found = desk.ask(ticket_export, desk.tickets, wanted, desk.settings.zone)
            return found, desk.ask(client_names, desk.clients, [row.client_id for row in found])

        name = f"tickets-{view.now:%Y%m%d-%H%M}"
        left, right = st.columns(2)
        left.download_button(
            view.say("export_csv"),
            data=lambda: as_csv(view, *rows()),
            file_name=f"{name}.csv",
            mime="text/csv",
            on_click="ignore",
            width="stretch",
        )
        right.download_button(
            view.say("export_xlsx"),
            data=lambda: as_xlsx(view, *rows()),
            file_name=f"{name}.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            on_click="ignore",
            width="stretch",
        )
