"""A trial: a scripted caller of some temper, and the ticket that should come of the call."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from app.caller.script import Part, Script
from app.errors import ConfigError
from app.store.tickets import ProblemType, Ticket, TicketStatus

CALLERS = Path(__file__).parent / "callers"
ASKS_AGAIN = (
    "répéter|pas bien compris|redonner|épeler|toujours en ligne|Quel est votre problème|concerne-t|ouvert chez nous"
    "|ce qui ne fonctionne pas|Voulez-vous essayer|Est-ce que tout fonctionne|fonctionne maintenant"
)
"""What the bot says (`app/prompts/fr.yaml`) when it has not understood; people then say it again."""


class Expected(Part):
    """What the ticket should say."""

    status: TicketStatus
    problem: ProblemType
    who: str = ""
    """Part of the summary; empty if the caller never says it."""

    def wrong(self, ticket: Ticket) -> list[str]:
        """What it says instead, in words; empty if it is right."""
        found = [
            f"{name} {is_} instead of {should}"
            for name, is_, should in (
                ("status", ticket.status, self.status),
                ("problem", ticket.problem_type, self.problem),
            )
            if is_ != should
        ]
        return found if self.who in ticket.summary else [*found, f"{self.who} is missing"]


class Trial(Script):
    """One caller."""

    ticket: Expected
    temper: str = ""
    repeat_when: str = ASKS_AGAIN

    @property
    def line(self) -> str:
        """How the caller's line is."""
        noise = f"{self.noise.sound} {self.noise.snr_db:g} dB" if self.noise else ""
        return noise or (f"echo {self.echo.level_db:g} dB" if self.echo else "clean")


class _Folder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    temper: str
    about: str
    callers: tuple[Trial, ...]


def read_trials(directory: Path = CALLERS) -> dict[str, Trial]:
    """All callers by name, in order of their files.

    Raises:
        ConfigError: a file that can't be read or is wrong, or a name that stands twice.
    """
    trials: dict[str, Trial] = {}
    for file in sorted(directory.glob("*.yaml")):
        try:
            folder = _Folder.model_validate(yaml.safe_load(file.read_text("utf-8")))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError([f"{file}: {error}"]) from None
        except ValidationError as error:
            where = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise ConfigError([f"{file}: {line}" for line in where]) from None
        for trial in folder.callers:
            if trial.name in trials:
                raise ConfigError([f"{file}: {trial.name} stands twice"])
            trials[trial.name] = trial.model_copy(update={"temper": folder.temper, "folder": directory})
    if not trials:
        raise ConfigError([f"{directory}: no callers"])
    return trials


def chosen(trials: dict[str, Trial], only: Sequence[str]) -> dict[str, Trial]:
    """Those whose temper or name begins with one of the words; all of them without any.

    Raises:
        ConfigError: a word that chooses nobody.
    """
    for word in only:
        if not any(trial.temper.startswith(word) or name.startswith(word) for name, trial in trials.items()):
            tempers = ", ".join(dict.fromkeys(trial.temper for trial in trials.values()))
            raise ConfigError([f"--only: {word} is no caller and no temper; there are {tempers}"])
    return {
        name: trial
        for name, trial in trials.items()
        if not only or any(trial.temper.startswith(word) or name.startswith(word) for word in only)
    }
