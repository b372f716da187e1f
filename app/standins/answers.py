"""What the language-model stand-in answers: the rules' understanding, and a reply from a table."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from app.dialogue.states import State

STATE_LINE = re.compile(r"^state:\s*([A-Z_]+)", re.MULTILINE)
_TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("replies.yaml").read_text("utf-8"))
_STATE_INDEPENDENT = ("HUMAN_REQUEST", "REPEAT_REQUEST", "HOLD_REQUEST", "GOODBYE")


def content_of(message: Mapping[str, Any]) -> str:
    """The text of a chat message: a string, or the text parts of a list."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def reply_for(state: str, intent: str, fields: Mapping[str, str]) -> str:
    """The reply in French."""
    of_state = _TABLE["any"] if intent in _STATE_INDEPENDENT else _TABLE.get(state, _TABLE["any"])
    template = str(of_state.get(intent) or of_state.get("any"))
    name = fields.get("name", "")
    return template.format(name=name, first_name=name.split(" ")[0]).replace(" .", ".")


def answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """The whole answer to a chat: one JSON object if a system message names a state, else plain French."""
    system = "\n".join(content_of(message) for message in messages if message.get("role") == "system")
    said = next((content_of(message) for message in reversed(messages) if message.get("role") == "user"), "")
    found = STATE_LINE.search(system) or STATE_LINE.search(said)
    if found is None or found[1] not in State.__members__:
        return str(_TABLE["generic"])
    from app.providers.rules import understand

    understanding = understand(State(found[1]), said)
    fields = understanding.fields.given()
    return json.dumps(
        {
            "intent": understanding.intent.value,
            "confidence": round(understanding.confidence, 2),
            "sentiment": understanding.sentiment,
            "fields": fields,
            "reply": reply_for(found[1], understanding.intent.value, fields),
        },
        ensure_ascii=False,
    )
