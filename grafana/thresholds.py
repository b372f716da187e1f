"""Where things begin to be wrong: one place for the lines on the dashboards and the conditions of the alerts.

After a change: `python -m grafana.build`.
"""

# When callers are expected, in the time of Paris.
OPENING_DAYS = (1, 5)
"""Monday to Friday, as PromQL counts them (Sunday is 0)."""
OPENING_HOURS = (9, 18)
"""From 9:00 to 18:00."""
NO_CALLS_MINUTES = 60
"""So long without a call, all of it within opening hours, is suspicious."""

# The latency objective: the promise of docs/providers.md is a sentence within 2 s of the caller's falling silent.
LATENCY_OBJECTIVE_S = 2.0
"""A bound of the histogram's buckets, or nothing could be said of it."""
LATENCY_OBJECTIVE_SHARE = 0.99
"""Of turns, over 30 days."""
LATENCY_MIN_TURNS = 20
"""Fewer in the long window say nothing: one late turn would be a fire."""
BURN_FAST = 14.4
"""Burns 2 % of the month's budget in an hour ("The Site Reliability Workbook", chapter 5)."""
BURN_SLOW = 6.0
"""Burns 5 % of it in six hours (same table)."""
ANSWER_P95_S = 1.4
"""What is promised of open turns (docs/trials.md); a line on the dashboards, no alert."""
BARGE_IN_STOP_P95_S = 0.3
"""The same, of interruptions."""

# Calls.
REFUSED_CALLS = 3
"""Callers who heard "busy" within ten minutes."""
STRANGERS = 30
"""Connections within ten minutes from where none should come."""
FAILED_CALLS_SHARE = 0.05
"""Calls that ended by a fault of ours or of the line, of those of an hour."""
FAILED_CALLS_MIN = 3

# Providers.
PROVIDER_ERRORS_PER_CALL = 0.2
"""Errors of a provider within ten minutes, for each call that ended in them or goes on."""
PROVIDER_ERRORS_MIN = 5

UNDERSTANDING_S = 1.4
"""Lines on the dashboards: after that the rules answer in the model's place."""
FIRST_SOUND_S = 0.8
"""And the local voice in that of the provider."""

# Playout, loops.
UNDERRUNS_PER_CALL_MINUTE = 0.1
UNDERRUNS_MIN = 5
"""Within ten minutes."""
LOOP_LAG_S = 0.06
"""Where a worker begins to refuse calls: the default of MAX_LOOP_LAG_MS."""
FRAME_S = 0.02

# Databases, spool.
SPOOL_ENTRIES = 10
DATABASE_PING_S = 0.25
"""A line on the dashboard: half of what a caller's look-up may take before it is noticed."""

# Machine.
BACKUP_MAX_AGE_H = 26
"""Nightly, with two hours of grace."""
DRILL_MAX_AGE_D = 8
"""Weekly, with a day of grace."""
FIREWALL_LOOK_MAX_AGE_H = 1
ALERTS_UNSENT_M = 60
CERTIFICATE_WARNING_D = 21
CERTIFICATE_CRITICAL_D = 3
DISK_FREE_SHARE = 0.10
DISK_FULL_WITHIN_D = 4
DISK_FREE_SHARE_TREND = 0.30
"""The forecast counts only below it: a fresh disk fills fast and means nothing."""
