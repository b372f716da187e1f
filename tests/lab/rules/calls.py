"""Alerts of calls."""

from tests.lab.rules.case import JOB, Case, Ring, grows, steps, still

UP, WORKERS = f"up{{{JOB}}}", f"voicebot_workers{{{JOB}}}"
ACTIVE = f"voicebot_calls_active{{{JOB}}}"
ENDED = f"voicebot_call_duration_seconds_count{{{JOB}}}"
UNDERRUNS = f"voicebot_playout_underruns_total{{{JOB}}}"
LAG = f"voicebot_loop_lag_seconds{{{JOB}}}"
RESTARTS = f"voicebot_worker_restarts_total{{{JOB}}}"
RECORDING_ERRORS = f"voicebot_recording_errors_total{{{JOB}}}"
AWAY = f'voicebot_ami_connected{{{JOB},asterisk="192.0.2.7"}}'
SERVER = {"job": "voicebot", "instance": "sav"}


def refused(reason: str) -> str:
    return f'voicebot_refused_calls_total{{{JOB},reason="{reason}"}}'


def ended(outcome: str) -> str:
    return f'voicebot_calls_total{{{JOB},outcome="{outcome}"}}'


def turns(all_of: str, in_time: str) -> dict[str, str]:
    """Turns that were answered, and those within 2 s; the other stages have a series each, too."""
    turn = "voicebot_turn_latency_seconds"
    return {
        f'{turn}_count{{{JOB},stage="total"}}': all_of,
        f'{turn}_bucket{{{JOB},stage="total",le="2.0"}}': in_time,
        f'{turn}_bucket{{{JOB},stage="total",le="3.0"}}': all_of,
        f'{turn}_count{{{JOB},stage="endpoint"}}': all_of,
        f'{turn}_bucket{{{JOB},stage="endpoint",le="2.0"}}': all_of,
    }


SILENT = {ACTIVE: still(0, 2000), ENDED: still(7, 2000)}

CALLS = (
    Case("Down", "all is well", {UP: still(1), WORKERS: still(2)}, "10m"),
    Case(
        "Down",
        "the page is not to be had",
        {UP: steps((1, 5), (0, 10)), WORKERS: steps((2, 5))},
        "10m",
        (Ring(labels=SERVER),),
    ),
    Case("Down", "no worker takes calls", {UP: still(1), WORKERS: still(0)}, "10m", (Ring(labels=SERVER),)),
    Case("Down", "Prometheus knows of no server", {}, "10m", (Ring(labels={"job": "voicebot"}),)),
    Case("Down", "one look missed", {UP: steps((1, 5), (0, 1), (1, 10)), WORKERS: still(2)}, "6m"),
    # Open on weekdays from 9 to 18; the first of January 1970 is a Thursday (holidays are not known).
    Case("NoCalls", "an hour of a weekday", SILENT, "10h", (Ring(),), interval="5m"),
    Case("NoCalls", "9:50 in Paris, not an hour since it opened", SILENT, "8h50m", interval="5m"),
    Case("NoCalls", "10:15 in Paris", SILENT, "9h15m", (Ring(),), interval="5m"),
    Case("NoCalls", "17:55 in Paris", SILENT, "16h55m", (Ring(),), interval="5m"),
    Case("NoCalls", "18:10 in Paris", SILENT, "17h10m", interval="5m"),
    Case("NoCalls", "Saturday", SILENT, "2d10h", interval="5m"),
    Case("NoCalls", "Monday", SILENT, "4d10h", (Ring(),), interval="5m"),
    Case("NoCalls", "calls end", {ACTIVE: still(0), ENDED: grows(0.1)}, "10h", interval="5m"),
    Case("NoCalls", "a long one is in progress", {ACTIVE: still(1), ENDED: still(7)}, "10h", interval="5m"),
    Case(
        "NoCalls",
        "one came half an hour ago",
        {ACTIVE: still(0), ENDED: steps((7, 114), (8, 90))},
        "10h",
        interval="5m",
    ),
    Case("NoCalls", "the server is away, which is another alert", {}, "10h", interval="5m"),
    Case(
        "CallsRefused",
        "no line is free",
        {refused("busy"): grows(1), refused("overloaded"): still(0)},
        "15m",
        (Ring("10", {"reason": "busy"}),),
    ),
    Case(
        "CallsRefused",
        "three reasons, each its own",
        {refused(reason): grows(0.4) for reason in ("overloaded", "provider_quota", "unannounced")},
        "15m",
        tuple(Ring("4", {"reason": reason}) for reason in ("overloaded", "provider_quota", "unannounced")),
    ),
    Case("CallsRefused", "one caller in ten minutes", {refused("busy"): grows(0.1)}, "15m"),
    Case(
        "CallsRefused",
        "a stranger, and a server that drains",
        {refused(r): grows(9) for r in ("draining", "not_allowed")},
        "15m",
    ),
    Case(
        "CallsFail",
        "one in ten",
        {ended("goodbye"): grows(0.9), ended("lost"): grows(0.05), ended("error"): grows(0.05)},
        "2h",
        (Ring("6"),),
    ),
    Case("CallsFail", "one in fifty", {ended("goodbye"): grows(4.9), ended("lost"): grows(0.1)}, "2h"),
    Case(
        "CallsFail",
        "one of two calls: too few to tell",
        {ended("goodbye"): grows(0.015), ended("lost"): grows(0.015)},
        "2h",
    ),
    Case(
        "CallsFail", "callers who hang up or say nothing", {ended("hangup"): grows(1), ended("silence"): grows(1)}, "2h"
    ),
    Case(
        "LatencyBurnsFast",
        "one answer in five is late",
        turns(grows(10), grows(8)),
        "2h",
        (Ring("20%"),),
    ),
    Case("LatencyBurnsFast", "one in ten: that is the slow one", turns(grows(10), grows(9)), "2h"),
    Case(
        "LatencyBurnsFast",
        "it was so, and has been over for ten minutes",
        turns(grows(10), f"{grows(8, minutes=109)} {grows(10, start=880, minutes=60)}"),
        "2h",
    ),
    Case("LatencyBurnsFast", "one late of ten in an hour: too few to tell", turns(grows(0.16), grows(0.08)), "2h"),
    Case("LatencyBurnsFast", "no turn at all", turns(still(40), still(10)), "2h"),
    Case(
        "LatencyBurnsSlowly",
        "one in ten, for hours",
        turns(grows(10), grows(9)),
        "8h",
        (Ring("10%"),),
    ),
    Case("LatencyBurnsSlowly", "one in fifty", turns(grows(10), grows(9.8)), "8h"),
    Case(
        "LatencyBurnsSlowly",
        "it was so, and has been over for an hour",
        turns(grows(10), f"{grows(8, minutes=419)} {grows(10, start=3360, minutes=60)}"),
        "8h",
    ),
    Case(
        "PlayoutUnderruns",
        "two a minute in five calls",
        {UNDERRUNS: grows(2), ACTIVE: still(5)},
        "15m",
        (Ring("20"),),
    ),
    Case("PlayoutUnderruns", "the same among a hundred calls", {UNDERRUNS: grows(2), ACTIVE: still(100)}, "15m"),
    Case("PlayoutUnderruns", "one or two", {UNDERRUNS: grows(0.2), ACTIVE: still(0)}, "15m"),
    Case("LoopLag", "90 ms all the time", {LAG: still(0.09)}, "10m", (Ring("90ms", SERVER),)),
    Case("LoopLag", "40 ms", {LAG: still(0.04)}, "10m"),
    Case("LoopLag", "one hiccup of a second", {LAG: steps((0.002, 5), (1, 1), (0.002, 9))}, "10m"),
    Case("WorkersRestart", "four in a quarter of an hour", {RESTARTS: grows(0.25)}, "30m", (Ring("4"),)),
    Case("WorkersRestart", "one", {RESTARTS: steps((3, 20), (4, 30))}, "30m"),
    Case(
        "AsteriskAway",
        "not logged in",
        {AWAY: still(0)},
        "10m",
        (Ring(labels={**SERVER, "asterisk": "192.0.2.7"}),),
    ),
    Case("AsteriskAway", "logged in", {AWAY: still(1)}, "10m"),
    Case("AsteriskAway", "away for three minutes, as Asterisk restarts", {AWAY: steps((1, 5), (0, 3), (1, 9))}, "8m"),
    Case("RecordingsFail", "one failed", {RECORDING_ERRORS: steps((0, 5), (1, 30))}, "10m", (Ring("1"),)),
    Case("RecordingsFail", "none since yesterday", {RECORDING_ERRORS: still(4)}, "30m"),
)
