"""Headings with words from outside: names and numbers of callers, which Streamlit's own would read as Markdown."""

from html import escape

import streamlit as st


def heading(text: str, level: int = 1) -> None:
    """Shows it as it is: no link, no picture, no HTML comes of it."""
    st.html(f"<h{level}>{escape(text)}</h{level}>")
