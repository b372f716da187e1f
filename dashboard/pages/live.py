"""live."""

import streamlit as st

from dashboard.view import View


def show(view: View) -> None:
    """The page."""
    st.title(view.say("page_live"))
