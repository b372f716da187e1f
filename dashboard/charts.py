"""How every chart looks: legible, its legend above it and never wider than a telephone."""

from typing import Any

import altair as alt
import streamlit as st

INK = "#33454e"
HEIGHT_PX = 240


def legend() -> alt.Legend:
    """Above the chart, two beside each other."""
    return alt.Legend(title=None, orient="top", columns=2, symbolLimit=12)


def coloured(title: str, colours: dict[str, str]) -> alt.Color:
    """A column of names, each with its colour."""
    return alt.Color(f"{title}:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=legend())


def show_chart(chart: Any, title: str, language: str) -> None:
    """Draws it over the whole width; `title` is for those who have it read aloud."""
    thousands = {"fr": "\N{NARROW NO-BREAK SPACE}", "en": ","}[language]
    shown = (
        chart.properties(height=HEIGHT_PX, description=title)
        .configure_axis(labelColor=INK, titleColor=INK, labelFontSize=12, titleFontSize=12, gridColor="#dde5e9")
        .configure_legend(labelColor=INK, labelFontSize=12, symbolType="square")
        .configure(
            locale={
                "number": {
                    "decimal": {"fr": ",", "en": "."}[language],
                    "thousands": thousands,
                    "grouping": [3],
                    "currency": ["", "\N{NO-BREAK SPACE}€"],
                }
            }
        )
    )
    st.altair_chart(shown, width="stretch", theme=None)
