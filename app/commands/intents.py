"""`voicebot intents`: one JSON line for each utterance."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO

from app.config import load_settings
from app.dialogue.prompts import load_prompts
from app.dialogue.states import State
from app.errors import ConfigError
from app.ops.logs import configure_logs
from app.providers.base import Turn
from app.providers.groq import GroqLanguageModel
from app.providers.ladder import UnderstandingLadder


async def understand_all(utterances: list[str], state: str, tsv: str, *, offline: bool) -> int:
    """Understands arguments or TSV lines in order, each printed as soon as it is understood.

    Raises:
        ConfigError: nothing to understand, an unknown state, or no key for the model.
    """
    if not utterances and not tsv:
        raise ConfigError(["give utterances as arguments, or --tsv FILE (state, utterance), or --tsv -"])
    model = None if offline else _model()
    ladder = UnderstandingLadder(model)
    try:
        for where, words in _pairs(utterances, state, tsv):
            answer = await ladder.understand(Turn(where, words))
            await answer.drop_reply()
            understood = answer.understanding
            line = {
                "state": where.value,
                "text": words,
                "intent": understood.intent.value,
                "confidence": round(understood.confidence, 3),
                "fields": understood.fields.given(),
                "sentiment": understood.sentiment,
                "source": understood.source,
            }
            print(json.dumps(line, ensure_ascii=False), flush=True)
    finally:
        if model is not None:
            await model.close()
    return 0


def _model() -> GroqLanguageModel:
    settings = load_settings()
    if not settings.groq_api_key.get_secret_value():
        raise ConfigError(["GROQ_API_KEY: missing; add --offline to ask the local rules only"])
    configure_logs(json=settings.structured_logging, level="WARNING")
    return GroqLanguageModel(settings, load_prompts(settings.prompts_file))


def _pairs(utterances: list[str], state: str, tsv: str) -> Iterator[tuple[State, str]]:
    if utterances:
        where = _state(state, "--state")
        for words in utterances:
            yield where, words
    if tsv == "-":
        yield from _read(sys.stdin, "standard input")
    elif tsv:
        with closing(Path(tsv).open(encoding="utf-8")) as file:
            yield from _read(file, tsv)


def _read(lines: TextIO, source: str) -> Iterator[tuple[State, str]]:
    """Lines "state TAB utterance"; more columns, empty lines and a header "state…" are passed over."""
    for number, line in enumerate(lines, start=1):
        state, _, rest = line.rstrip("\r\n").lstrip("\ufeff").partition("\t")
        words = rest.split("\t")[0]
        if not line.strip() or (number == 1 and state.lower() == "state"):
            continue
        if not words:
            raise ConfigError([f"{source}, line {number}: write state, a tab, then the utterance"])
        yield _state(state.strip(), f"{source}, line {number}"), words


def _state(name: str, where: str) -> State:
    try:
        return State(name.upper())
    except ValueError:
        known = ", ".join(state.value for state in State)
        raise ConfigError([f"{where}: no state {name!r}; there are {known}"]) from None
