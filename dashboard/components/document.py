"""Says in which language the whole document is, for those who have it read aloud."""

import streamlit as st

from dashboard.words import Language

JS = """export default function ({ data }) { document.documentElement.lang = data.language; }"""

_document = st.components.v2.component("voicebot_document", js=JS, html="<span hidden></span>", isolate_styles=False)


def document(language: Language) -> None:
    """Sets it."""
    _document(key="document", data={"language": language}, height="content")
