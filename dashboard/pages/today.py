"""Today: figures beside those of yesterday and of last week, charts, the latest tickets."""

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.charts import coloured, legend, show_chart
from dashboard.components.cards import Card, cards
from dashboard.components.ticket_list import ticket_list
from dashboard.live import calls_running
from dashboard.queries.clients import client_names
from dashboard.queries.figures import Figures, calls_per_day, calls_per_hour, figures
from dashboard.queries.filters import TicketFilter
from dashboard.queries.tickets import ticket_page
from dashboard.refresh import refreshed
from dashboard.view import View
from dashboard.words import duration_words, number_words

REFRESH_S = 10.0
LATEST = 8
STATUS_COLOURS = {"resolved": "#1a7f4b", "transferred": "#1668b0", "open": "#c77700", "abandoned": "#b3261e"}
DAY_COLOURS = ("#0b5c7a", "#b86e00", "#66787f")
DASHES = [[1, 0], [6, 4], [2, 3]]


def show(view: View) -> None:
    """The page."""
    st.title(view.say("page_today"))
    refreshed(view, REFRESH_S, show_figures)
    left, right = st.columns(2)
    with left:
        show_hours(view)
    with right:
        show_days(view)
    st.header(view.say("latest"))
    desk = view.desk
    rows = desk.ask(ticket_page, desk.tickets, TicketFilter(), desk.settings.zone, limit=LATEST)
    if not rows:
        st.info(view.say("no_calls_yet"))
        return
    names = desk.ask(client_names, desk.clients, [row.client_id for row in rows])
    if number := ticket_list(view, rows, names, key="latest"):
        st.switch_page(st.session_state["pages"]["calls"], query_params={"ticket": str(number)})


def show_figures(view: View) -> None:
    """The cards."""
    found = view.desk.ask(figures, view.desk.tickets, view.now)
    running = calls_running(view.desk)
    cards([*_cards(view, *found), _running(view, running)], key="figures")


def _running(view: View, running: int | None) -> Card:
    if running is None:
        return Card(view.say("running"), "–", (view.say("running_unknown"),))
    return Card(view.say("running"), number_words(running, view.language))


def _cards(view: View, today: Figures, yesterday: Figures, week: Figures) -> list[Card]:
    def count(value: float | None) -> str:
        return "–" if value is None else number_words(value, view.language)

    def share(value: float | None) -> str:
        return "–" if value is None else number_words(100 * value, view.language, 0) + "\N{NARROW NO-BREAK SPACE}%"

    def answer(value: float | None) -> str:
        return "–" if value is None else number_words(value / 1000, view.language, 2) + "\N{NARROW NO-BREAK SPACE}s"

    shown = (
        ("calls", "calls", count, 0),
        ("mean_duration", "mean_duration_s", duration_words, 0),
        ("unhappy", "unhappy", count, -1),
        ("internet", "internet", count, -1),
        ("without_human", "without_human", share, 1),
        ("transfers", "transferred", count, -1),
        ("median_answer", "median_answer_ms", answer, -1),
    )
    made = []
    for label, name, spoken, better in shown:
        now, before, week_ago = (getattr(each, name) for each in (today, yesterday, week))
        notes = (
            view.say("yesterday_same_time", value=spoken(before)),
            view.say("week_ago_same_time", value=spoken(week_ago)),
        )
        trend = 0 if now is None or before is None else better * ((now > before) - (now < before))
        made.append(Card(view.say(label), spoken(now), notes, trend))
    return made


def show_hours(view: View) -> None:
    """Calls per hour of today, with yesterday and last week."""
    found = view.desk.ask(calls_per_hour, view.desk.tickets, view.now)
    titles = {
        "today": view.say("today"),
        "yesterday": view.say("yesterday"),
        "week_ago": view.say("week_ago"),
    }
    hour, calls, day = view.say("hour"), view.say("calls"), view.say("day")
    table = pd.DataFrame(
        [
            {hour: f"{index:02}", calls: count, day: titles[name]}
            for name, hours in found.items()
            for index, count in enumerate(hours)
            if name != "today" or index <= view.now.hour
        ]
    )
    st.header(view.say("per_hour"))
    chart = (
        alt.Chart(table)
        .mark_line(point=True, strokeWidth=2.5)
        .encode(
            x=alt.X(f"{hour}:O", axis=alt.Axis(labelAngle=0, labelOverlap="parity", labelSeparation=6)),
            y=alt.Y(f"{calls}:Q", axis=alt.Axis(tickMinStep=1)),
            color=coloured(day, dict(zip(titles.values(), DAY_COLOURS, strict=True))),
            strokeDash=alt.StrokeDash(
                f"{day}:N", legend=legend(), scale=alt.Scale(domain=list(titles.values()), range=DASHES)
            ),
            tooltip=[day, hour, calls],
        )
    )
    show_chart(chart, view.say("per_hour"), view.language)


def show_days(view: View) -> None:
    """Calls per day of the last month, by how they ended."""
    found = view.desk.ask(calls_per_day, view.desk.tickets, view.now)
    day, calls, status = view.say("day"), view.say("calls"), view.say("status")
    titles = {name: view.say(f"status_{name}") for name in STATUS_COLOURS}
    table = pd.DataFrame(
        [{day: str(when), calls: count, status: titles.get(name, name)} for when, name, count in found],
        columns=[day, calls, status],
    )
    st.header(view.say("per_day"))
    chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X(
                f"yearmonthdate({day}):T",
                title=day,
                axis=alt.Axis(format="%d/%m", labelAngle=0, labelOverlap="greedy", labelSeparation=10),
            ),
            y=alt.Y(f"sum({calls}):Q", title=calls, axis=alt.Axis(tickMinStep=1)),
            color=coloured(status, {titles[name]: colour for name, colour in STATUS_COLOURS.items()}),
            tooltip=[alt.Tooltip(f"yearmonthdate({day}):T", title=day, format="%d/%m/%Y"), status, f"sum({calls}):Q"],
        )
    )
    show_chart(chart, view.say("per_day"), view.language)
