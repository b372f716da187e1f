"""Parts of pages that refresh by themselves."""

import logging
from collections.abc import Callable

import streamlit as st

from app.errors import StoreError
from dashboard.access.users import User
from dashboard.desk import Desk
from dashboard.view import View

log = logging.getLogger("dashboard")


def user_now(here: Desk, *, idle: bool = False) -> User | None:
    """Who sits in front of this: asked at every run, since a session may have ended since the WebSocket was opened."""
    return here.sessions.user_of(st.context.cookies.get(here.cookie), idle=idle)


def refreshed(view: View, every_s: float, show: Callable[[View], None]) -> None:
    """Shows a part of a page now and again every so many seconds, as long as the session lasts.

    While a database is away a sentence stands in its place; it comes back by itself.
    """

    @st.fragment(run_every=every_s)
    def part() -> None:
        if user_now(view.desk, idle=True) is None:
            st.rerun()
        try:
            show(view.fresh())
        except StoreError as error:
            log.warning("not refreshed: %s", error)
            st.error(view.say("database_away"), icon=":material/cloud_off:")

    part()
