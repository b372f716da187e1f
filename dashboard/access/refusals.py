"""Whom the dashboard turned away: kept for the security page, and said in the log once a minute for each."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Why = Literal["address", "session", "password", "too_many_tries"]
KEPT_MAX = 500
SAID_EVERY_S = 60.0


@dataclass(slots=True)
class Refusal:
    """What one address was refused for one reason.

    Attributes:
        address: as it was decided on; "?" if it can't be told.
        first_at, last_at: aware.
    """

    address: str
    why: Why
    count: int
    first_at: datetime
    last_at: datetime


class Refusals:
    """All of this process, the least recent forgotten first.

    Args:
        now: the time, aware.
        log: told of each address and reason, once a minute at most: whoever knocks all the time fills no disk.
    """

    def __init__(self, now: Callable[[], datetime], log: Callable[[str], None]) -> None:
        self._now = now
        self._log = log
        self._kept: OrderedDict[tuple[str, Why], Refusal] = OrderedDict()
        self._said: dict[tuple[str, Why], datetime] = {}

    def note(self, address: object, why: Why) -> None:
        """One more."""
        now = self._now()
        key = (str(address or "?"), why)
        found = self._kept.pop(key, None) or Refusal(key[0], why, 0, now, now)
        found.count += 1
        found.last_at = now
        self._kept[key] = found
        while len(self._kept) > KEPT_MAX:
            self._said.pop(self._kept.popitem(last=False)[0], None)
        said = self._said.get(key)
        if said is None or (now - said).total_seconds() >= SAID_EVERY_S:
            self._said[key] = now
            self._log(f"refused {key[0]}: {why} ({found.count} times)")

    def latest(self, count: int) -> Sequence[Refusal]:
        """The latest ones, newest first."""
        return list(reversed(self._kept.values()))[:count]
