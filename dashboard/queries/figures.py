"""The figures of a day, and how they lie over hours and days. Read from the index `tickets_overview` alone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.queries.filters import start_of
from dashboard.queries.source import QUERY_S, Source

SPANS = """
SELECT span.ord,
    count(t.started_at) AS calls,
    avg(t.duration_seconds) AS mean_duration_s,
    count(*) FILTER (WHERE t.sentiment = 'negative') AS unhappy,
    count(*) FILTER (WHERE t.problem_type = 'internet') AS internet,
    count(*) FILTER (WHERE coalesce(t.call_status, t.status) = 'resolved') AS resolved,
    count(*) FILTER (WHERE coalesce(t.call_status, t.status) = 'transferred') AS transferred
FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS span (since, until, ord)
LEFT JOIN tickets t ON t.started_at >= span.since AND t.started_at < span.until
GROUP BY span.ord ORDER BY span.ord
"""
ANSWERS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY (turn ->> 'total_ms')::double precision) AS median_ms
FROM tickets, jsonb_array_elements(transcript) AS turn
WHERE started_at >= $1 AND started_at < $2 AND jsonb_typeof(turn -> 'total_ms') = 'number'
"""
HOURS = """
SELECT date_trunc('hour', started_at AT TIME ZONE $3) AS hour, count(*) AS calls
FROM tickets WHERE started_at >= $1 AND started_at < $2 GROUP BY 1 ORDER BY 1
"""
DAYS = """
SELECT (started_at AT TIME ZONE $3)::date AS day, coalesce(call_status, status) AS status, count(*) AS calls
FROM tickets WHERE started_at >= $1 AND started_at < $2 GROUP BY 1, 2 ORDER BY 1, 2
"""
PROBLEMS_OF = """
SELECT problem_type, count(*) AS calls FROM tickets WHERE started_at >= $1 AND started_at < $2
GROUP BY 1 ORDER BY 2 DESC
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one span of time; None where there is nothing to take it from.

    Attributes:
        calls: tickets that began in it.
        unhappy, internet, transferred: how many of these.
        without_human: share (0 to 1) that the bot resolved itself; what a person closed later does not count.
        median_answer_ms: from the end of the caller's speech to the first frame of the answer.
    """

    calls: int
    mean_duration_s: float | None
    unhappy: int
    internet: int
    without_human: float | None
    transferred: int
    median_answer_ms: float | None


async def figures(source: Source, now: datetime) -> tuple[Figures, Figures, Figures]:
    """Today so far, yesterday until the same time, the same day a week ago until the same time.

    Args:
        source: the database of tickets.
        now: in the zone in which the day began.
    """
    spans = [_until_now(now, days) for days in (0, 1, 7)]
    rows = await source.fetch(SPANS, [s for s, _ in spans], [u for _, u in spans], within_s=QUERY_S)
    found = []
    for row, (since, until) in zip(rows, spans, strict=True):
        answer = await source.fetch(ANSWERS, since, until, within_s=QUERY_S)
        found.append(_figures(dict(row), answer[0]["median_ms"]))
    return found[0], found[1], found[2]


async def calls_per_hour(source: Source, now: datetime) -> dict[str, list[int]]:
    """Calls of each hour of the day (24 numbers), for `today`, `yesterday` and `week_ago`."""
    zone = _zone(now)
    found = {}
    for name, days in (("today", 0), ("yesterday", 1), ("week_ago", 7)):
        day = now.date() - timedelta(days=days)
        since, until = start_of(day, zone), start_of(day + timedelta(days=1), zone)
        rows = await source.fetch(HOURS, since, until, zone.key, within_s=QUERY_S)
        hours = [0] * 24
        for row in rows:
            hours[row["hour"].hour] += row["calls"]
        found[name] = hours
    return found


async def calls_per_day(source: Source, now: datetime, days: int = 30) -> list[tuple[date, str, int]]:
    """(day, status, calls) of the last days, today included."""
    zone = _zone(now)
    since = start_of(now.date() - timedelta(days=days - 1), zone)
    rows = await source.fetch(DAYS, since, start_of(now.date() + timedelta(days=1), zone), zone.key, within_s=QUERY_S)
    return [(row["day"], row["status"], row["calls"]) for row in rows]


async def problems_today(source: Source, now: datetime) -> list[tuple[str, int]]:
    """(problem, calls) of today, most first."""
    since, until = _until_now(now, 0)
    rows = await source.fetch(PROBLEMS_OF, since, until, within_s=QUERY_S)
    return [(row["problem_type"], row["calls"]) for row in rows]


def _until_now(now: datetime, days_ago: int) -> tuple[datetime, datetime]:
    """From midnight to this time of the day, so many days ago. On the clock: an hour that a change of time took or
    gave is left to it."""
    zone = _zone(now)
    day = now.date() - timedelta(days=days_ago)
    return start_of(day, zone), datetime.combine(day, now.time(), zone) + timedelta(microseconds=1)


def _zone(now: datetime) -> ZoneInfo:
    zone = now.tzinfo
    if not isinstance(zone, ZoneInfo):
        raise ValueError("the time must be in a named zone")
    return zone


def _figures(row: dict[str, Any], median_ms: float | None) -> Figures:
    calls = row["calls"]
    # Without a match the outer join leaves one empty row, in which nothing is counted.
    return Figures(
        calls=calls,
        mean_duration_s=row["mean_duration_s"],
        unhappy=row["unhappy"],
        internet=row["internet"],
        without_human=row["resolved"] / calls if calls else None,
        transferred=row["transferred"],
        median_answer_ms=median_ms,
    )
