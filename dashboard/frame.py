"""Around every page: who is looking, the language, the way to the other pages, and what is shown if something fails."""

import gc
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

import streamlit as st

from app.errors import StoreError
from dashboard.access.users import User
from dashboard.components.document import document
from dashboard.desk import desk
from dashboard.pages import calls, clients, live, security, today
from dashboard.paths import PAGE_PATHS
from dashboard.refresh import refreshed, user_now
from dashboard.shell import ICON
from dashboard.view import View
from dashboard.words import Language, language_of, word

log = logging.getLogger("dashboard")
Page = Callable[[View], None]
PAGES: tuple[tuple[str, str, Page], ...] = (
    ("today", ":material/monitoring:", today.show),
    ("calls", ":material/call:", calls.show),
    ("live", ":material/graphic_eq:", live.show),
    ("clients", ":material/group:", clients.show),
    ("security", ":material/shield:", security.show),
)
"""Name, icon, what it shows."""
BACK_S = 2.0
_settled = False
STYLE = """<style>
.stMainBlockContainer{padding-top:3.5rem;padding-bottom:3rem;max-width:1280px}
@media (max-width:640px){.stMainBlockContainer{padding-left:.9rem;padding-right:.9rem}}
[data-testid="stSidebarNav"] a{min-height:2.5rem}
[data-stale="true"],[data-stale="true"] *{opacity:1!important;transition:none!important}
[data-testid="stCaptionContainer"],[data-testid="stCaptionContainer"] *{color:#33454e!important;opacity:1!important}
[data-testid="stHtml"] :is(h1,h2){margin:0;padding:0;line-height:1.25}
:focus-visible{outline:3px solid #b35c00!important;outline-offset:2px}
.stMultiSelect input:focus-visible{outline:none!important}
.stMultiSelect [data-focus-within]{outline:3px solid #b35c00;outline-offset:2px}
html[lang="fr"] [data-testid="stDateInput"] [data-placeholder][data-type]{font-size:0}
html[lang="fr"] [data-testid="stDateInput"] [data-placeholder][data-type]::after{font-size:.875rem;content:"mm"}
html[lang="fr"] [data-testid="stDateInput"] [data-placeholder][data-type="day"]::after{content:"jj"}
html[lang="fr"] [data-testid="stDateInput"] [data-placeholder][data-type="year"]::after{content:"aaaa"}
</style>"""


def run() -> None:
    """One run of the script."""
    here = desk()
    language = _language()
    st.set_page_config(page_title=word("title", language), page_icon=ICON, layout="wide", menu_items={})
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
            url_path=PAGE_PATHS[name] or None,
            default=not PAGE_PATHS[name],
        )
        for name, icon, show in PAGES
    ]
    st.session_state["pages"] = {name: page for (name, *_), page in zip(PAGES, pages, strict=True)}
    chosen = st.navigation(pages)
    with st.sidebar:
        _sidebar(user, language)
    chosen.run()


def _shown(show: Page, view: View) -> None:
    """A page, or a sentence in its place."""
    here = view.desk
    try:
        here.loop.run(here.check())  # before anything is drawn: half a page and an error would be no page
        show(view)
        _settle()
    except StoreError as error:
        log.warning("page not shown: %s", error)
        refreshed(view, BACK_S, _come_back)
    except Exception:
        log.exception("page not shown")
        st.error(view.say("something_failed"), icon=":material/error:")


def _settle() -> None:
    """After the first page: what is loaded by now stays, so nobody need look through it any more.

    Streamlit collects garbage after each run, also those three times a second of the live page, and holds all others up
    meanwhile: 90 ms of the hundreds of thousands of objects that its libraries are made of.
    """
    global _settled
    if not _settled:
        _settled = True
        gc.collect()
        gc.freeze()


def _come_back(view: View) -> None:
    """Shows the page again as soon as both databases answer."""
    view.desk.loop.run(view.desk.check())
    st.rerun()


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
