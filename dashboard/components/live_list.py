"""Calls that run, one below the other; the one that is listened to is marked."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.components.asset import asset

_live_list = st.components.v2.component(
    "voicebot_live_list", html='<ul class="calls"></ul>', css=asset("live_list.css"), js=asset("live_list.js")
)


def live_list(key: str, caption: str, calls: Sequence[Mapping[str, str]], opened: str | None) -> str | None:
    """Shows them.

    Args:
        key: of the component.
        caption: read aloud.
        calls: `uuid`, `who`, `since`, `where`, `words` of each.
        opened: UUID of the one that is watched.

    Returns:
        UUID of the one that was clicked.
    """
    result = _live_list(
        key=key,
        data={"caption": caption, "calls": [dict(call) for call in calls], "opened": opened},
        on_open_change=lambda: None,
    )
    return str(result.open) if result.open else None
