"""What supervisors type becomes a condition in which no value is part of the text."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboard.queries.clients import prefixes
from dashboard.queries.filters import TicketFilter, condition, storable_words, telephone

PARIS = ZoneInfo("Europe/Paris")
NASTY = "'; DROP TABLE tickets; --"


def test_no_filter_is_every_ticket() -> None:
    made = condition(TicketFilter(), PARIS)
    assert (made.sql, made.arguments) == ("true", [])


def test_values_are_arguments_whatever_is_in_them() -> None:
    wanted = TicketFilter(asterisks=(NASTY,), problems=(NASTY,), words=NASTY, number=NASTY + "12", client_id=7)
    made = condition(wanted, PARIS)
    assert "DROP" not in made.sql
    assert made.arguments == [[NASTY], [NASTY], 7, "12", NASTY]
    assert [f"${number}" in made.sql for number in range(1, 6)] == [True] * 5


def test_days_begin_and_end_where_the_desk_is() -> None:
    made = condition(TicketFilter(first_day=date(2026, 3, 29), last_day=date(2026, 3, 29)), PARIS)
    assert made.sql == "started_at >= $1 AND started_at < $2"
    since, until = (moment.astimezone(UTC) for moment in made.arguments if isinstance(moment, datetime))
    assert (since, until) == (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert (until - since).total_seconds() == 23 * 3600, "the clocks went forward"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(
            ("06 12 34 56 78", "+33612345678"),
            ("06.12.34.56.78", "+33612345678"),
            ("0033 6 12 34 56 78", "+33612345678"),
        ),
        *(("+33 (0)6 12 34 56 78", "+33612345678"), ("+41 79 123 45 67", "+41791234567"), ("06 12", "+33612")),
        *(("+336", "+336"), ("5678", "5678"), ("56 78", "5678"), ("", ""), ("abc", ""), ("٠٦", "")),
    ],
)
def test_numbers_as_tickets_have_them(written: str, number: str) -> None:
    assert telephone(written) == number


@pytest.mark.parametrize(
    ("written", "sql"),
    [
        ("06 12 34 56 78", "caller_number = $1"),
        ("06 12", "caller_number LIKE $1 || '%'"),
        ("+41 79 123 45 6", "caller_number LIKE $1 || '%'"),
        ("5678", "caller_number LIKE '%' || $1 || '%'"),
    ],
)
def test_whole_numbers_beginnings_and_parts(written: str, sql: str) -> None:
    assert condition(TicketFilter(number=written), PARIS).sql == sql


def test_words_that_no_database_takes_are_made_such() -> None:
    assert storable_words("a\0b \ud800 c" + "x" * 300)[:7] == "a b  cx"
    assert len(storable_words("x" * 300)) == 200


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        *(("Dupont", "dupont:*"), ("jean DUP", "jean:* & dup:*"), ("Hélène Lœb", "helene:* & loeb:*")),
        *(("06 12 34", "3361234:*"), ("' | ! & :*", ""), ("", "")),
        ("a b c d e f g h", "a:* & b:* & c:* & d:* & e:* & f:*"),
    ],
)
def test_clients_by_the_beginning_of_words(typed: str, query: str) -> None:
    assert prefixes(typed) == query
