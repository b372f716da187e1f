"""Around every page: who is looking, the language, the way to the other pages, and what is shown if something fails."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

import streamlit as st

from app.errors import StoreError
from dashboard.access.users import User
from dashboard.components.document import document
from dashboard.desk import Desk, desk
from dashboard.pages import calls, clients, live, security, today
from dashboard.view import View
from dashboard.words import Language, language_of, word

log = logging.getLogger("dashboard")
Page = Callable[[View], None]
PAGES: tuple[tuple[str, str, str, Page], ...] = (
    ("today", "", ":material/monitoring:", today.show),
    ("calls", "calls", ":material/call:", calls.show),
    ("live", "live", ":material/graphic_eq:", live.show),
    ("clients", "clients", ":material/group:", clients.show),
    ("security", "security", ":material/shield:", security.show),
)
"""Name, path, icon, what it shows."""
BACK_S = 2.0
STYLE = """<style>
.stMainBlockContainer{padding-top:3.5rem;padding-bottom:3rem;max-width:1280px}
@media (max-width:640px){.stMainBlockContainer{padding-left:.9rem;padding-right:.9rem}}
[data-testid="stSidebarNav"] a{min-height:2.5rem}
:focus-visible{outline:3px solid #b35c00!important;outline-offset:2px}
</style>"""


def run() -> None:
    """One run of the script."""
    here = desk()
    language = _language()
    st.set_page_config(
        page_title=word("title", language), page_icon=":material/support_agent:", layout="wide", menu_items={}
    )
    st.html(STYLE)
    document(language)
    user = user_now(here)
    if user is None:
        _session_over(language)
        return
    view = View(here, user, language, datetime.now(here.settings.zone))
    pages = [
        st.Page(
            partial(_shown, show, view),
            title=word(f"page_{name}", language),
            icon=icon,
            url_path=path or None,
            default=not path,
        )
        for name, path, icon, show in PAGES
    ]
    st.session_state["pages"] = {name: page for (name, *_), page in zip(PAGES, pages, strict=True)}
    chosen = st.navigation(pages)
    with st.sidebar:
        _sidebar(user, language)
    chosen.run()


def user_now(here: Desk) -> User | None:
    """Who sits in front of this: asked at every run, since a session may have ended since the WebSocket was opened."""
    return here.sessions.user_of(st.context.cookies.get(here.cookie))


def _shown(show: Page, view: View) -> None:
    try:
        show(view)
    except StoreError as error:
        log.warning("page not shown: %s", error)
        st.error(view.say("database_away"), icon=":material/cloud_off:")
        _come_back(view)


def _come_back(view: View) -> None:
    @st.fragment(run_every=BACK_S)
    def look() -> None:
        here = view.desk
        if here.loop.run(here.tickets.ping()) and here.loop.run(here.clients.ping()):
            st.rerun()

    look()


def _session_over(language: Language) -> None:
    st.warning(word("session_over", language))
    st.markdown(f"[{word('log_in_again', language)}](/login?lang={language})")
    st.stop()


def _language() -> Language:
    """The visitor's choice; else what the address says (so that a reload keeps it), else the browser's."""
    if "language" not in st.session_state:
        st.session_state["language"] = language_of(st.query_params.get("lang") or st.context.locale)
    chosen: Language = st.session_state["language"]
    if st.query_params.get("lang") != chosen:
        st.query_params["lang"] = chosen
    return chosen


def _sidebar(user: User, language: Language) -> None:
    st.radio(
        word("language", language),
        ["fr", "en"],
        key="language",
        horizontal=True,
        format_func=lambda one: {"fr": "Français", "en": "English"}[one],
    )
    st.caption(f"{user.name} · {word(f'role_{user.role}', language)}")
    st.markdown(f'<a href="/logout" target="_self">{word("log_out", language)}</a>', unsafe_allow_html=True)
