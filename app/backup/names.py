"""Names of backups, which say when each was made, and which of them retention takes away. Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

NAME = re.compile(r"\d{8}T\d{6}Z")
FORMAT = "%Y%m%dT%H%M%SZ"


def name_of(when: datetime) -> str:
    """The name of a backup that begins now, in UTC, to the second: 20261129T021500Z."""
    return when.astimezone(UTC).strftime(FORMAT)


def time_of(name: str) -> datetime:
    """When the backup of that name began.

    Raises:
        ValueError: it is no such name.
    """
    if not NAME.fullmatch(name):
        raise ValueError(name)
    return datetime.strptime(name, FORMAT).replace(tzinfo=UTC)


def is_name(name: str) -> bool:
    """Whether a file or folder of that name is a backup."""
    try:
        time_of(name)
    except ValueError:
        return False
    return True


def partial_of(name: str) -> str:
    """What a backup is called until it is complete; no name of a backup."""
    return f".{name}.partial"


def is_partial(name: str) -> bool:
    """Whether it is what an interrupted backup left."""
    return name.startswith(".") and name.endswith(".partial") and is_name(name[1 : -len(".partial")])


def outdated(names: Iterable[str], now: datetime, keep_days: int, keep_at_least: int) -> list[str]:
    """Backups to remove, oldest first: older than `keep_days`, but never one of the newest `keep_at_least`."""
    backups = sorted(filter(is_name, names))
    limit = now - timedelta(days=keep_days)
    return [name for name in backups[:-keep_at_least] if time_of(name) < limit]
