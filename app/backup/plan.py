"""What is backed up, where to and for how long, as the file `/etc/voicebot/backup.yaml` says it (`docs/backup.md`)."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.errors import ConfigError
from app.role_file import RoleFile

FILE = RoleFile("backup", "--plan", "`directory:` and `databases:`", "docs/backup.md")
DATABASE_NAME = r"^[a-z][a-z0-9_]{0,38}$"
"""Leaves room for what is put before and behind it: PostgreSQL cuts names at 63 bytes."""
ColumnName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
TARGET = re.compile(r"(?P<host>(?:\w[\w.-]*@)?(?:\w[\w.-]*|\[[0-9A-Fa-f:.]+\])):(?P<path>/[\w./-]+)")
"""What rsync and ssh both understand, without a character that a shell would take for something else."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabasePlace(_Part):
    """A database, and how its server's own programs are reached.

    Attributes:
        name: of the database.
        newer: by table, the column that tells its rows apart: a restore takes over the rows that came after the backup.
        reach: words in front of `psql`, `pg_dump` and the like, which must end up as the superuser of that server:
            [docker, exec, --interactive, --user=postgres, postgres-tickets].
    """

    name: Annotated[str, Field(pattern=DATABASE_NAME)]
    reach: Annotated[tuple[str, ...], Field(min_length=1)]
    newer: dict[ColumnName, ColumnName] = {}


class Plan(_Part):
    """The whole file.

    Attributes:
        directory: holds one directory for each backup.
        recordings: the folder of the recordings; those of the last `recordings_days` are backed up.
        configuration: files and folders; secrets in them are left out (`app/backup/configuration.py`).
        keep_days: older backups are removed, but never the newest `keep_at_least`.
        target: "user@host:/folder", to which each backup is copied, or "".
        ssh: the command that reaches it; it must ask nothing.
        deadline_s: for one outside command that moves data; others get `QUICK_S`.
        wait_s: how long to wait for another backup, drill or restore to end.
        metrics: a file for node exporter's textfile collector.
    """

    directory: Path
    databases: Annotated[tuple[DatabasePlace, ...], Field(min_length=1)]
    recordings: Path | None = None
    recordings_days: Annotated[int, Field(ge=0, le=3650)] = 7
    configuration: tuple[Path, ...] = ()
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 14
    keep_at_least: Annotated[int, Field(ge=1, le=1000)] = 3
    target: str = ""
    ssh: tuple[str, ...] = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15")
    deadline_s: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    wait_s: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    metrics: Path | None = None

    @field_validator("target")
    @classmethod
    def _is_a_target(cls, value: str) -> str:
        if value and not TARGET.fullmatch(value):
            raise ValueError(f"{value!r} is no place for ssh; write for instance voicebot@192.0.2.9:/srv/voicebot")
        return value

    @field_validator("directory")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        if not value.is_absolute():
            raise ValueError(f"{value} is relative; write for instance /var/backups/voicebot")
        return value


def read_plan(file: Path) -> Plan:
    """Reads and checks the file.

    Raises:
        ConfigError: with one line for each mistake.
    """
    return parse_plan(FILE.text(file), str(file))


def parse_plan(text: str, where: str) -> Plan:
    """The plan in YAML; `where` is what messages call it.

    Raises:
        ConfigError: with one line for each mistake.
    """
    try:
        return Plan.model_validate(FILE.mapping(text, where))
    except ValidationError as error:
        raise ConfigError(
            [f"{where}: {'.'.join(map(str, one['loc']))}: {_plainly(one['msg'])}" for one in error.errors()]
        ) from None


def _plainly(message: str) -> str:
    return message.removeprefix("Value error, ")
