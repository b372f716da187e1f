"""The script that Streamlit runs for every visitor, at every click."""

from dashboard.frame import run

run()
