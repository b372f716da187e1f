"""One call: what was said and how it sounded, how long each answer took, and what people did about it since."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app.errors import MediaError, StoreError
from dashboard.charts import coloured, show_chart
from dashboard.components.cards import Card, cards
from dashboard.components.conversation import Leg, conversation
from dashboard.components.heading import heading
from dashboard.components.ticket_list import FACES, caller_of
from dashboard.queries.changes import Change, ChangedMeanwhile, What, change, changes_of
from dashboard.queries.clients import client_by_id, client_names
from dashboard.queries.tickets import OpenedTicket, TicketRow, ticket_opened
from dashboard.sound import find_sound, peaks
from dashboard.view import View
from dashboard.words import duration_words, moment_words, phone_words, state_word

STAGES = {"endpoint_ms": "#7b8d96", "understanding_ms": "#1668b0", "first_audio_ms": "#c77700"}
MOODS = {"negative": -1, "neutral": 0, "positive": 1}


def show(view: View, number: int) -> None:
    """The page of one ticket."""
    if st.button(view.say("back"), icon=":material/arrow_back:"):
        st.query_params.pop("ticket", None)
        st.rerun()
    desk = view.desk
    found = desk.ask(ticket_opened, desk.tickets, number)
    if found is None:
        st.warning(view.say("no_such_ticket", number=number))
        return
    row = found.row
    names = desk.ask(client_names, desk.clients, [row.client_id])
    heading(f"{view.say('ticket')} {row.id} · {caller_of(view, row, names)}")
    _head(view, row)
    left, right = st.columns([3, 2])
    with left:
        st.header(view.say("conversation"))
        _conversation(view, found)
    with right:
        st.header(view.say("manage"))
        _follow_up(view, row)
    _turns(view, found.transcript)


def _head(view: View, row: TicketRow) -> None:
    zone = view.desk.settings.zone
    client = view.desk.ask(client_by_id, view.desk.clients, row.client_id) if row.client_id else None
    number = client.phone if client else row.caller_number
    contact = tuple(filter(None, (phone_words(number or ""), client.email if client else None)))
    cards(
        [
            Card(
                view.say("date"),
                moment_words(row.started_at.astimezone(zone), view.now, view.language),
                (f"{view.say('duration')} {duration_words(row.duration_seconds)}",),
            ),
            Card(view.say("problem"), view.say(f"problem_{row.problem_type}"), (f"Asterisk {row.asterisk or '–'}",)),
            Card(
                view.say("status"),
                view.say(f"status_{row.status}"),
                (view.say("labelled", label=view.say("assignee"), value=row.assignee or view.say("nobody")),),
            ),
            Card(view.say("sentiment"), f"{FACES[row.sentiment]} {view.say(f'sentiment_{row.sentiment}')}", contact),
        ],
        key=f"head {row.id}",
    )
    if row.summary:
        st.text(row.summary)


def _conversation(view: View, found: OpenedTicket) -> None:
    legs = []
    for index, name in enumerate(found.recordings, start=1):
        try:
            sound = find_sound(view.desk.settings.recordings_dir, name)
            if sound.frames == 0:
                continue
            offset_s = (sound.began - found.row.started_at).total_seconds() if sound.began and index > 1 else 0.0
            legs.append(Leg(f"/recordings/{found.row.id}/{index}", sound.seconds, offset_s, peaks(sound)))
        except MediaError:
            continue
    if not legs:
        st.info(view.say("no_recording"))
    conversation(view, found.transcript, legs, key=f"conversation {found.row.id}")


def _turns(view: View, transcript: Sequence[Mapping[str, Any]]) -> None:
    """How long each answer took and of what that was made; where the dialogue stood; how the caller felt."""
    turns = [entry for entry in transcript if isinstance(entry.get("total_ms"), int | float)]
    states = [entry for entry in transcript if isinstance(entry.get("state"), str)]
    st.header(view.say("way"))
    if not turns and not states:
        st.caption(view.say("no_turns"))
        return
    way: list[tuple[str, float]] = []
    for entry in states:
        name = state_word(str(entry["state"]), view.language)
        if not way or way[-1][0] != name:
            way.append((name, float(entry.get("at_s", 0))))
    st.text("  →  ".join(f"{name} ({duration_words(at_s)})" for name, at_s in way))
    left, right = st.columns(2)
    with left:
        _latencies(view, turns)
    with right:
        _moods(view, [entry for entry in transcript if entry.get("sentiment") in MOODS])


def _latencies(view: View, turns: Sequence[Mapping[str, Any]]) -> None:
    turn, ms, stage = view.say("turn"), view.say("milliseconds"), view.say("latencies")
    titles = {name: view.say(f"stage_{name.removesuffix('_ms')}") for name in STAGES}
    table = pd.DataFrame(
        [
            {turn: index, ms: float(entry.get(name) or 0), stage: titles[name], "order": place}
            for index, entry in enumerate(turns, start=1)
            for place, name in enumerate(STAGES)
        ],
        columns=[turn, ms, stage, "order"],
    )
    st.markdown(f"**{view.say('latencies')}**")
    chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X(f"{turn}:O", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(f"sum({ms}):Q", title=ms),
            order="order:O",
            color=coloured(stage, {titles[name]: colour for name, colour in STAGES.items()}),
            tooltip=[turn, stage, ms],
        )
    )
    show_chart(chart, view.say("latencies"), view.language)


def _moods(view: View, entries: Sequence[Mapping[str, Any]]) -> None:
    seconds, mood = view.say("seconds"), view.say("sentiment")
    table = pd.DataFrame(
        [{seconds: float(entry.get("at_s", 0)), mood: MOODS[entry["sentiment"]]} for entry in entries],
        columns=[seconds, mood],
    )
    st.markdown(f"**{view.say('mood_over_time')}**")
    labels = " : ".join(f"datum.value == {value} ? '{view.say(f'sentiment_{name}')}'" for name, value in MOODS.items())
    chart = (
        alt.Chart(table)
        .mark_line(point=alt.OverlayMarkDef(size=70, color="#0b5c7a"), interpolate="step-after", color="#0b5c7a")
        .encode(
            x=alt.X(f"{seconds}:Q", scale=alt.Scale(zero=True)),
            y=alt.Y(
                f"{mood}:Q",
                scale=alt.Scale(domain=[-1, 1]),
                axis=alt.Axis(values=[-1, 0, 1], labelExpr=f"{labels} : ''", title=None),
            ),
        )
    )
    show_chart(chart, view.say("mood_over_time"), view.language)


def _follow_up(view: View, row: TicketRow) -> None:
    """What may be changed, by those who may; then what was."""
    said = st.empty()  # has its place without words, too: what moves down is drawn twice for a moment
    if message := st.session_state.pop("follow_up_said", None):
        kind, key = message
        (said.success if kind == "good" else said.error)(view.say(key))
    if view.user.may_change:
        _forms(view, row)
    else:
        st.caption(view.say("readers_cannot"))
    st.markdown(f"**{view.say('history')}**")
    changes = view.desk.ask(changes_of, view.desk.tickets, row.id)
    if not changes:
        st.caption(view.say("no_changes"))
    for each in changes:
        _told(view, each)


def _shown(row: TicketRow, name: str) -> str | None:
    """What the screen showed when it was clicked on: the row is of this moment, another's change may be in it."""
    key, now = f"shown {name} {row.id}", getattr(row, name)
    before: str | None = st.session_state.get(key, now)
    st.session_state[key] = now
    return before


def _forms(view: View, row: TicketRow) -> None:
    status, assignee = _shown(row, "status"), _shown(row, "assignee")
    closed = row.status == "resolved"
    label = view.say("reopen_ticket" if closed else "close_ticket")
    icon = ":material/undo:" if closed else ":material/check:"
    if st.button(label, icon=icon, type="primary", width="stretch"):
        _change(view, row, "status", status, "open" if closed else "resolved")
    with st.form(f"assign {row.id}", border=False):
        who = st.text_input(view.say("assign"), value=row.assignee or "", max_chars=80)
        if st.form_submit_button(view.say("save"), width="stretch"):
            _change(view, row, "assignee", assignee, who)
    with st.form(f"comment {row.id}", clear_on_submit=True, border=False):
        words = st.text_area(view.say("comment"), max_chars=4000, height=90)
        if st.form_submit_button(view.say("add_comment"), width="stretch") and words.strip():
            _change(view, row, "comment", None, words)


def _change(view: View, row: TicketRow, what: What, seen: str | None, wanted: str | None) -> None:
    desk = view.desk
    said = ("good", "saved")
    try:
        desk.ask(change, desk.changes, view.user, row.id, what, seen, wanted)
    except ChangedMeanwhile:
        said = ("bad", "changed_meanwhile")
    except (StoreError, PermissionError, ValueError):
        said = ("bad", "not_saved")
    st.session_state["follow_up_said"] = said
    st.rerun()


def _told(view: View, one: Change) -> None:
    when = moment_words(one.changed_at.astimezone(view.desk.settings.zone), view.now, view.language)

    def named(status: str | None) -> str:
        return view.say(f"status_{status}") if status else "–"

    with st.container(border=True):
        if one.what == "status":
            head = view.say("change_status", who=one.changed_by, before=named(one.before), after=named(one.after))
        elif one.what == "assignee":
            head = view.say("change_assignee", who=one.changed_by, after=one.after or view.say("nobody"))
        else:
            head = view.say("change_comment", who=one.changed_by)
        st.caption(when)
        st.text(head if one.what != "comment" else view.say("labelled", label=head, value=one.after))
