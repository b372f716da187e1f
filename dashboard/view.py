"""What a page is given: who looks, in which language, when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.access.users import User
from dashboard.desk import Desk
from dashboard.words import Language, word


@dataclass(frozen=True, slots=True)
class View:
    """One run of one page for one visitor.

    Attributes:
        now: in the zone of the desk.
    """

    desk: Desk
    user: User
    language: Language
    now: datetime

    def say(self, key: str, **values: Any) -> str:
        """A word in the visitor's language."""
        return word(key, self.language, **values)

    def fresh(self) -> "View":
        """The same, now: for what refreshes by itself."""
        return View(self.desk, self.user, self.language, datetime.now(self.desk.settings.zone))
