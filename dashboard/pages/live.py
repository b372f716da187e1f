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

REFRESH_S = 0.5
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
        return
    left, right = st.columns([2, 3])
    with left:
        st.markdown(f"**{_count(view, len(calls))}**")
        if clicked := live_list("live", view.say("page_live"), [_row(view, one) for one in calls], opened):
            st.session_state[OPENED] = clicked
            st.session_state.pop(KEPT, None)
            st.rerun(scope="fragment")
        st.caption(view.say("live_refresh"))
    with right:
        _watched(view, calls, opened)


def _watched(view: View, calls: list[RunningCall], opened: str | None) -> None:
    """The call that was chosen; when it is over, its last words and the way to its ticket."""
    if opened is None:
        if calls:
            st.info(view.say("live_choose"))
        return
    found = next((one for one in calls if one.call_uuid == opened), None)
    kept: RunningCall | None = found or st.session_state.get(KEPT)
    if kept is None:
        st.info(view.say("live_over"))
        return
    st.session_state[KEPT] = kept
    heading(_who(view, kept), 3)
    if found is None:
        _over(view, opened)
    else:
        st.caption(f"{state_word(kept.state, view.language)} · {_since(view, kept)}")
    entries = [{**entry, "now": bool(entry.get("now")) and found is not None} for entry in kept.transcript]
    conversation(view, entries, [], key="live words", live=True)


def _over(view: View, opened: str) -> None:
    number = view.desk.ask(ticket_of_call, view.desk.tickets, opened)
    st.info(view.say("live_over"))
    if number is not None and st.button(f"{view.say('open_ticket')} {number}", icon=":material/call_end:"):
        st.switch_page(st.session_state["pages"]["calls"], query_params={"ticket": str(number)})


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
        "words": f"{speaker} : {said}" if said else "",
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
