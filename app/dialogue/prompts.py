"""The words of the bot and of the language model's instructions, read from one YAML file."""

import string
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from app.dialogue.states import STATES, State
from app.errors import ConfigError

SPOKEN_BY_MACHINE = frozenset(
    {
        "welcome_known",
        "nobody_free",
        "callback_promised",
        "callback_noted",
        "ask_ticket_number",
        "pending_ticket",
        "thanks",
        "thanks_named",
        "solution_internet",
        "solution_mobile",
        "solution_modification",
        "solution_other",
        "solution_wait",
        "goodbye_open",
        "goodbye_silence",
        "goodbye_too_long",
        "busy",
        "silence_1",
        "silence_2",
        "hold",
        "hold_over",
        "one_moment",
        "let_me_see",
        "i_am_looking",
    }
)
"""Phrases that the code asks for besides those in the table of states."""
PLACES = {
    "welcome_known": {"first_name"},
    "thanks_named": {"first_name"},
    "pending_ticket": {"problem", "problem_type"},
    "summary": {"subject", "who", "problem_said", "status_said"},
    "callback": {"number"},
    "system": {"state", "situation", "facts", "intents"},
}
"""What the code fills in where; any other text must have no places, else it fails in the middle of a call."""
PROBLEM_TYPES = frozenset({"internet", "mobile", "modification", "other"})
STATUSES = frozenset({"open", "resolved", "transferred", "abandoned"})


class Names(BaseModel):
    """What things are called in sentences and summaries, by the contract's values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    problem: dict[str, str]
    status: dict[str, str]
    subject: dict[str, str]
    summary: str
    unknown_caller: str
    cut: str
    callback: str
    unknown_number: str

    @field_validator("problem", "status", "subject")
    @classmethod
    def _every_kind(cls, names: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if missing := sorted((STATUSES if info.field_name == "status" else PROBLEM_TYPES) - names.keys()):
            raise ValueError(f"names missing: {', '.join(missing)}")
        return names

    @field_validator("summary", "callback")
    @classmethod
    def _fillable(cls, text: str, info: ValidationInfo) -> str:
        return _checked(str(info.field_name), text)


class ModelPrompts(BaseModel):
    """What the language model is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    states: dict[State, str]
    intents: str
    system: str

    @field_validator("system")
    @classmethod
    def _fillable(cls, system: str) -> str:
        return _checked("system", system)


class Prompts(BaseModel):
    """The whole file, checked: every phrase that the machine can ask for is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrases: dict[str, str]
    names: Names
    model: ModelPrompts

    @field_validator("phrases")
    @classmethod
    def _complete(cls, phrases: dict[str, str]) -> dict[str, str]:
        wanted = set(SPOKEN_BY_MACHINE)
        for row in STATES.values():
            wanted.update(filter(None, (row.says, *row.rephrased)))
        if missing := sorted(wanted - phrases.keys()):
            raise ValueError(f"phrases missing: {', '.join(missing)}")
        for key, text in phrases.items():
            _checked(key, text)
        return phrases

    def text(self, key: str, values: dict[str, str] | None = None) -> str:
        """The words of one phrase, its {places} filled in; `problem_type` gives the place {problem}."""
        places = dict(values or {})
        if kind := places.get("problem_type"):
            places["problem"] = self.names.problem[kind]
        return self.phrases[key].format_map(places)

    def fixed(self) -> dict[str, str]:
        """Phrases without places: those that can be spoken ahead of time."""
        return {key: text for key, text in self.phrases.items() if not _has_places(text)}


def _has_places(text: str) -> bool:
    return bool(_places(text))


def _places(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


def _checked(key: str, text: str) -> str:
    try:
        unknown = set(_places(text)) - PLACES.get(key, set())
    except ValueError as error:
        raise ValueError(f"{key}: {error}; a brace that is no place is written twice") from None
    if unknown:
        raise ValueError(f"{key}: nothing fills {', '.join(f'{{{name}}}' for name in sorted(unknown))}")
    return text


def load_prompts(path: Path | None = None) -> Prompts:
    """Reads `path`, or the prompts that come with the product.

    Raises:
        ConfigError: the file can't be read, or a phrase is missing; one line each.
    """
    source = path if path is not None else resources.files("app") / "prompts" / "fr.yaml"
    try:
        return Prompts.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError([f"PROMPTS_FILE: {source}: {error}"]) from error
    except ValidationError as error:
        raise ConfigError(
            [f"PROMPTS_FILE: {'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()]
        ) from error


@cache
def default_prompts() -> Prompts:
    """The prompts that come with the product."""
    return load_prompts()
