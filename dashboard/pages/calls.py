"""Calls: the list with its filters, or, with ?ticket= in the address, one of them."""

import streamlit as st

from dashboard.pages import one_call, ticket_table
from dashboard.view import View


def show(view: View) -> None:
    """The page."""
    wanted = st.query_params.get("ticket", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        one_call.show(view, int(wanted))
    else:
        st.title(view.say("page_calls"))
        ticket_table.show(view)
