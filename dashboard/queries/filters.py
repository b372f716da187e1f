"""What supervisors look for, as a condition of SQL. Pure: text and arguments come out, values are never in the text."""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PROBLEMS = ("internet", "mobile", "modification", "other")
STATUSES = ("open", "resolved", "transferred", "abandoned")
SENTIMENTS = ("positive", "neutral", "negative")
SEARCH_MAX_CHARACTERS = 200
WHOLE_NUMBER_CHARACTERS = 12
"""+33 and nine digits; other countries' may be longer, and are found by their beginning."""


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Everything empty: all tickets.

    Attributes:
        first_day, last_day: both included, in the zone that `condition` is given.
        problems, statuses, sentiments, asterisks: any of these.
        number: of the caller, however it is written, or its last digits.
        words: said in the call; "in quotes" together, -without.
        client_id: calls of one client.
    """

    first_day: date | None = None
    last_day: date | None = None
    problems: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    sentiments: tuple[str, ...] = ()
    asterisks: tuple[str, ...] = ()
    number: str = ""
    words: str = ""
    client_id: int | None = None

    def without_words(self) -> "TicketFilter":
        """The same but for the search in the transcript."""
        return replace(self, words="")


@dataclass(slots=True)
class Condition:
    """A condition with its arguments.

    Attributes:
        sql: what stands behind WHERE; `$1` is the first argument.
        arguments: in order.
    """

    parts: list[str] = field(default_factory=list)
    arguments: list[object] = field(default_factory=list)

    @property
    def sql(self) -> str:
        return " AND ".join(self.parts) or "true"

    def add(self, template: str, value: object) -> None:
        """One more part; `{}` in it stands for the value."""
        self.parts.append(template.format(self.argument(value)))

    def argument(self, value: object) -> str:
        """Registers a value and returns its placeholder."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"


def condition(wanted: TicketFilter, zone: ZoneInfo) -> Condition:
    """The condition of a filter; days begin and end in `zone`."""
    made = Condition()
    if wanted.first_day is not None:
        made.add("started_at >= {}", start_of(wanted.first_day, zone))
    if wanted.last_day is not None:
        made.add("started_at < {}", start_of(wanted.last_day + timedelta(days=1), zone))
    for column, values in (
        ("problem_type", wanted.problems),
        ("status", wanted.statuses),
        ("sentiment", wanted.sentiments),
        ("asterisk", wanted.asterisks),
    ):
        if values:
            made.add(f"{column} = ANY({{}}::text[])", list(values))
    if wanted.client_id is not None:
        made.add("client_id = {}", wanted.client_id)
    if number := telephone(wanted.number):
        # A whole number exactly, the beginning of one as such, else digits from anywhere in it; there are no others.
        if not number.startswith("+"):
            made.add("caller_number LIKE '%' || {} || '%'", number)
        elif len(number) >= WHOLE_NUMBER_CHARACTERS and number.startswith("+33"):
            made.add("caller_number = {}", number)
        else:
            made.add("caller_number LIKE {} || '%'", number)
    if words := storable_words(wanted.words):
        made.add("words @@ websearch_to_tsquery('french', plain_words({}))", words)
    return made


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day."""
    return datetime.combine(day, time(), zone)


def telephone(written: str) -> str:
    """A number, or the beginning of one, as tickets have it: +33612345678 for 06 12 34 56 78, +336 for 06 and 00336.

    Digits alone, without a zero or a plus in front, stay as they are: part of a number.
    """
    plus = written.strip().startswith("+")
    digits = re.sub(r"\D", "", written.replace("(0)", ""), flags=re.ASCII)[:20]
    if not digits:
        return ""
    if plus:
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+33{digits[1:]}" if digits.startswith("0") else digits


def storable_words(text: str) -> str:
    """What PostgreSQL can take of what was typed."""
    plain = text.replace("\0", " ").encode("utf-8", "ignore").decode()
    return plain.strip()[:SEARCH_MAX_CHARACTERS]
