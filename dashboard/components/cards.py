"""Figures as cards: four beside each other on a desk, two on a telephone."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from dashboard.components.asset import asset


@dataclass(frozen=True, slots=True)
class Card:
    """One figure.

    Attributes:
        label: what it is.
        value: as it is shown.
        notes: lines below it, what it is compared with.
        trend: -1 worse, 0 neither, 1 better; shown as a colour beside the value's own sign.
    """

    label: str
    value: str
    notes: tuple[str, ...] = ()
    trend: int = 0


_cards = st.components.v2.component(
    "voicebot_cards", html='<dl class="cards"></dl>', css=asset("cards.css"), js=asset("cards.js")
)


def cards(shown: Sequence[Card], key: str) -> None:
    """Shows them."""
    _cards(key=key, data={"cards": [asdict(card) for card in shown]})
