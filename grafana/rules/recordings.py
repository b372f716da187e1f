"""What several rules and panels are made of: opening hours in the time of Paris, turns that were answered late."""

from grafana import thresholds as t
from grafana.rules.alert import Recording

WINDOWS = ("5m", "30m", "1h", "6h")
"""Of the burn rates: a long and a short one each."""

# Summer time begins and ends at 1:00 UTC, on the last Sunday of March and October: seen from an hour later, that is
# when the latest Sunday is the 25th or after (Directive 2000/84/EC). Prometheus knows no time zones.
_LATER = "vector(time() - 3600)"
_SUNDAY = f"(day_of_month({_LATER}) - day_of_week({_LATER}))"
_SUMMER = (
    f"(month({_LATER}) > 3 < 10) or (month({_LATER}) == 3 and {_SUNDAY} >= 25)"
    f" or (month({_LATER}) == 10 and {_SUNDAY} < 25)"
)
_LOCAL = "(vector(time()) + 3600 * voicebot:paris_hours_ahead)"
_OPEN = (
    f"(hour({_LOCAL}) >= {t.OPENING_HOURS[0]} < {t.OPENING_HOURS[1]})"
    f" and (day_of_week({_LOCAL}) >= {t.OPENING_DAYS[0]} <= {t.OPENING_DAYS[1]})"
)


def late_share(window: str) -> str:
    """Share of turns whose answer missed the objective; nothing where there was no turn."""
    in_time = f'voicebot_turn_latency_seconds_bucket{{stage="total",le="{t.LATENCY_OBJECTIVE_S}"}}'
    return (
        f"1 - sum(rate({in_time}[{window}]))"
        f' / (sum(rate(voicebot_turn_latency_seconds_count{{stage="total"}}[{window}])) > 0)'
    )


RECORDINGS = (
    Recording("voicebot:paris_hours_ahead", f"({_SUMMER}) * 0 + 2 or vector(1)"),
    Recording("voicebot:open", f"({_OPEN}) * 0 + 1 or vector(0)"),
    *(Recording(f"voicebot:late_turns:share_{window}", late_share(window)) for window in WINDOWS),
)
