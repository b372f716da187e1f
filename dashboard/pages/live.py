"""Calls in progress: who calls, where each stands, and what is being said in one of them."""

from collections.abc import Mapping

import streamlit as st

from dashboard.components.conversation import conversation
from dashboard.components.heading import heading
from dashboard.components.live_list import live_list
from dashboard.live import RunningCall, running_calls
from dashboard.queries.clients import clients_by_phone
from dashboard.queries.tickets import ticket_of_call
from dashboard.refresh import refreshed
from dashboard.view import View
from dashboard.words import duration_words, phone_words, state_word

REFRESH_S = 0.3
"""A call is to be seen within 2 s, words within 1 s."""
OPENED, KEPT, NAMES = "live_opened", "live_kept", "live_names"


def show(view: View) -> None:
    """The page."""
    st.title(view.say("page_live"))
    refreshed(view, REFRESH_S, show_calls)


def show_calls(view: View) -> None:
    """Everything below the title, as it stands now."""
    opened: str | None = st.session_state.get(OPENED)
    calls = running_calls(view.desk, opened)
    if calls is None:
        st.warning(view.say("live_away"), icon=":material/cloud_off:")
    left, right = st.columns([2, 3])
    with left:
        if calls is not None:
            st.markdown(f"**{_count(view, len(calls))}**")
        rows = [_row(view, one) for one in calls or ()]
        if clicked := live_list("live", view.say("page_live"), rows, opened):
            st.session_state[OPENED] = clicked
            st.session_state.pop(KEPT, None)
            st.rerun(scope="fragment")
        st.caption(view.say("live_refresh"))
    with right:
        _watched(view, calls or [], opened)


def _watched(view: View, calls: list[RunningCall], opened: str | None) -> None:
    """The call that was chosen; when it is over, what was said in it and the way to its ticket."""
    if opened is None:
        if calls:
            st.info(view.say("live_choose"))
        return
    found = next((one for one in calls if one.call_uuid == opened), None)
    if found is None:
        _over(view, opened)
        return
    st.session_state[KEPT] = found
    heading(_who(view, found), 2)
    st.caption(f"{state_word(found.state, view.language)} · {_since(view, found)}")
    conversation(view, found.transcript, [], key="live words", live=True)


def _over(view: View, opened: str) -> None:
    """Until the ticket is written, the last that was seen."""
    kept: RunningCall | None = st.session_state.get(KEPT)
    if kept is not None:
        heading(_who(view, kept), 2)
    st.info(view.say("live_over"))
    ticket = view.desk.ask(ticket_of_call, view.desk.tickets, opened)
    entries = [{**entry, "now": False} for entry in kept.transcript] if kept else []
    if ticket is not None and ticket.row.ended_at is not None:
        entries = [dict(entry) for entry in ticket.transcript]
        number = ticket.row.id
        if st.button(f"{view.say('open_ticket')} {number}", icon=":material/call_end:"):
            st.switch_page(st.session_state["pages"]["calls"], query_params={"ticket": str(number)})
    conversation(view, entries, [], key="live words", live=True)


def _count(view: View, count: int) -> str:
    if count == 0:
        return view.say("live_none")
    return view.say("live_one") if count == 1 else view.say("live_some", count=count)


def _row(view: View, call: RunningCall) -> Mapping[str, str]:
    last = call.last or {}
    said = str(last.get("text", ""))
    speaker = view.say("bot" if last.get("speaker") == "bot" else "caller")
    return {
        "uuid": call.call_uuid,
        "who": _who(view, call),
        "since": _since(view, call),
        "where": f"{state_word(call.state, view.language)} · Asterisk {call.asterisk or '–'}",
        "words": view.say("labelled", label=speaker, value=said) if said else "",
    }


def _since(view: View, call: RunningCall) -> str:
    return duration_words(max((view.now - call.started_at).total_seconds(), 0.0))


def _who(view: View, call: RunningCall) -> str:
    """The client's name, asked for once a call; else the number."""
    number = call.caller_number
    if not number:
        return view.say("withheld")
    names: dict[str, str] = st.session_state.setdefault(NAMES, {})
    if number not in names:
        names[number] = view.desk.ask(clients_by_phone, view.desk.clients, [number]).get(number, phone_words(number))
    return names[number]
