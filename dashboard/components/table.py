"""Rows as a table on a desk, as cards on a telephone; one click or Return opens one."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.components.asset import asset

_table = st.components.v2.component(
    "voicebot_table", html='<div class="list"></div>', css=asset("table.css"), js=asset("table.js")
)


def table(
    key: str,
    caption: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Mapping[str, Any]],
    *,
    kind: str = "",
    link_column: str = "",
    address: str = "",
) -> str | None:
    """Shows rows; whatever is in them is shown as text.

    Args:
        key: of the component.
        caption: read aloud, not shown.
        columns: (name, title) of each.
        rows: by the column's name; `id` is what is opened, `badges` gives columns a colour.
        kind: what kind of rows, for their look on a telephone.
        link_column: the column with the link; none if rows can't be opened.
        address: of the page that shows one, without its id.

    Returns:
        The `id` of the row to be opened, if somebody clicked.
    """
    result = _table(
        key=key,
        data={
            "caption": caption,
            "columns": [list(column) for column in columns],
            "rows": [dict(row) for row in rows],
            "kind": kind,
            "link_column": link_column,
            "address": address,
        },
        on_open_change=lambda: None,
    )
    return str(result.open) if result.open else None
