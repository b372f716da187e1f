"""One call: both sides' words as a chat, beside them the sound, which jumps to where one clicks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from dashboard.components.asset import asset
from dashboard.view import View
from dashboard.words import state_word

WORDS = (
    *("caller", "bot", "both", "listen_to", "interrupted", "no_words", "leg", "download", "waveform"),
    *("conversation", "live_speaking"),
)


@dataclass(frozen=True, slots=True)
class Leg:
    """The sound of one part of a call.

    Attributes:
        address: of the recordings route, without track and form.
        seconds: how long it is.
        offset_s: its start on the transcript's clock.
        peaks: loudness over time of each track, 0 to 100.
    """

    address: str
    seconds: float
    offset_s: float
    peaks: Mapping[str, Sequence[int]]


_conversation = st.components.v2.component(
    "voicebot_conversation",
    html='<div class="call"><div class="sound"></div><ol class="chat"></ol></div>',
    css=asset("conversation.css"),
    js=asset("conversation.js"),
)


def conversation(
    view: View, entries: Sequence[Mapping[str, Any]], legs: Sequence[Leg], key: str, *, live: bool = False
) -> None:
    """Shows one call.

    Args:
        view: of the page.
        entries: of the transcript, in order; one with `"now": True` is still being said.
        legs: its sound; none for a call that runs.
        key: of the component.
        live: the newest words stay in sight.
    """
    _conversation(
        key=key,
        data={
            "entries": [_entry(view, entry) for entry in entries],
            "legs": [asdict(leg) for leg in legs],
            "words": {name: view.say(name, number="#") if name == "leg" else view.say(name) for name in WORDS},
            "live": live,
        },
    )


def _entry(view: View, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of an entry; whatever a transcript holds becomes text and numbers here."""
    at_s, ms, state = entry.get("at_s"), entry.get("total_ms"), entry.get("state")
    notes = [state_word(state, view.language)] if isinstance(state, str) else []
    if isinstance(ms, int | float):
        notes.append(view.say("answered_in", ms=round(ms)))
    return {
        "speaker": "bot" if entry.get("speaker") == "bot" else "caller",
        "text": str(entry.get("text", "")),
        "at_s": float(at_s) if isinstance(at_s, int | float) else 0.0,
        "interrupted": bool(entry.get("interrupted")),
        "now": bool(entry.get("now")),
        "note": " · ".join(notes),
    }
