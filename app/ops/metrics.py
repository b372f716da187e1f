"""Prometheus metrics; the names are a contract (`docs/metrics.md`).

Every process of a server counts for itself; `merge` makes one page of them.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.ops.merge import Rule, Snapshot, snapshot

REGISTRY = CollectorRegistry()

_TURN_BUCKETS_S = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
_FRAME_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.5)
_CALL_BUCKETS_S = (5, 10, 20, 30, 60, 90, 120, 180, 300, 600, 900)

CALLS = Counter("voicebot_calls", "Calls ended, by outcome.", ["outcome"], registry=REGISTRY)
CALLS_ACTIVE = Gauge("voicebot_calls_active", "Calls in progress.", registry=REGISTRY)
CALL_DURATION_S = Histogram(
    "voicebot_call_duration_seconds", "Length of calls.", buckets=_CALL_BUCKETS_S, registry=REGISTRY
)
ERRORS = Counter("voicebot_errors", "Errors of providers.", ["provider", "kind"], registry=REGISTRY)
CACHE_HITS = Counter("voicebot_cache_hits", "Phrases found in the audio cache.", registry=REGISTRY)
CACHE_MISSES = Counter("voicebot_cache_misses", "Phrases that had to be spoken anew.", registry=REGISTRY)
TURN_LATENCY_S = Histogram(
    "voicebot_turn_latency_seconds",
    "Where the time of a turn goes; total is end of the caller's speech to the first frame of the answer.",
    ["stage"],
    buckets=_TURN_BUCKETS_S,
    registry=REGISTRY,
)
BARGE_INS = Counter(
    "voicebot_barge_ins", "Interruptions by the caller, by what came of it.", ["result"], registry=REGISTRY
)
EARLY_STARTS = Counter(
    "voicebot_early_starts",
    "Answers prepared before the caller's turn had ended, by what came of them.",
    ["result"],
    registry=REGISTRY,
)
EARLY_CHARACTERS = Counter(
    "voicebot_early_characters", "Characters spoken for answers that were dropped then.", registry=REGISTRY
)
BARGE_IN_STOP_S = Histogram(
    "voicebot_barge_in_stop_seconds",
    "Start of the caller's speech to the last frame of the bot's.",
    buckets=_TURN_BUCKETS_S,
    registry=REGISTRY,
)
PLAYOUT_LATENESS_S = Histogram(
    "voicebot_playout_lateness_seconds", "How late frames left.", buckets=_FRAME_BUCKETS_S, registry=REGISTRY
)
PLAYOUT_UNDERRUNS = Counter(
    "voicebot_playout_underruns", "Times speech ran dry in the middle of an utterance.", registry=REGISTRY
)
PLAYOUT_SKIPPED = Counter(
    "voicebot_playout_skipped_frames",
    "Frames of calls that never left, because a stall of the process was longer than 40 ms.",
    registry=REGISTRY,
)
LOOP_LAG_S = Gauge(
    "voicebot_loop_lag_seconds", "Worst lag of an event loop within the last second or two.", registry=REGISTRY
)
REFUSED_CALLS = Counter(
    "voicebot_refused_calls", "Connections refused or thrown out, by reason.", ["reason"], registry=REGISTRY
)
FALLBACKS = Counter(
    "voicebot_fallbacks", "Times another took a provider's place.", ["provider", "to"], registry=REGISTRY
)
SPOOL_ENTRIES = Gauge("voicebot_spool_entries", "Tickets waiting on disk for the database.", registry=REGISTRY)
TICKETS = Counter("voicebot_tickets", "Tickets written.", ["problem_type", "status"], registry=REGISTRY)
RECORDING_ERRORS = Counter("voicebot_recording_errors", "Recordings that failed.", registry=REGISTRY)
AMI_CONNECTED = Gauge(
    "voicebot_ami_connected", "Whether every worker is logged in at this Asterisk.", ["asterisk"], registry=REGISTRY
)
DATABASE_UP = Gauge(
    "voicebot_database_up", "Whether the database answered when it was last asked.", ["database"], registry=REGISTRY
)
DATABASE_PING_S = Gauge(
    "voicebot_database_ping_seconds",
    "Time to the database's last answer, or until it was given up.",
    ["database"],
    registry=REGISTRY,
)
BREAKER_OPEN = Gauge(
    "voicebot_breaker_open",
    "Whether a worker leaves this provider alone, since it kept failing.",
    ["provider"],
    registry=REGISTRY,
)

# Told by the supervisor.
CALLS_MAX = Gauge("voicebot_calls_max", "Most calls at a time (MAX_CONCURRENT_CALLS).", registry=REGISTRY)
PROVIDER_STREAMS_MAX = Gauge(
    "voicebot_provider_streams_max", "Places that the settings allow at a provider.", ["provider"], registry=REGISTRY
)
WORKERS = Gauge("voicebot_workers", "Worker processes that take calls.", registry=REGISTRY)
WORKER_RESTARTS = Counter("voicebot_worker_restarts", "Workers that died and were replaced.", registry=REGISTRY)
WORKER_CALLS = Gauge("voicebot_worker_calls", "Calls in progress, by worker.", ["worker"], registry=REGISTRY)
PROVIDER_STREAMS = Gauge(
    "voicebot_provider_streams", "Places at a provider that calls hold just now.", ["provider"], registry=REGISTRY
)
PROCESS_CPU_S = Counter(
    "voicebot_process_cpu_seconds", "Processor time, user and system.", ["worker"], registry=REGISTRY
)
PROCESS_RESIDENT_BYTES = Gauge(
    "voicebot_process_resident_memory_bytes", "Memory in use (RSS).", ["worker"], registry=REGISTRY
)
PROCESS_OPEN_FDS = Gauge("voicebot_process_open_fds", "Open file descriptors.", ["worker"], registry=REGISTRY)
PROCESS_THREADS = Gauge("voicebot_process_threads", "Threads.", ["worker"], registry=REGISTRY)

GAUGE_RULES: dict[str, Rule] = {
    "voicebot_calls_active": "sum",
    "voicebot_loop_lag_seconds": "max",
    "voicebot_spool_entries": "max",  # every worker sees the whole spool
    "voicebot_ami_connected": "min",
    "voicebot_database_up": "min",
    "voicebot_database_ping_seconds": "max",
    "voicebot_breaker_open": "max",
    "voicebot_calls_max": "sum",  # this one and the following: told by one process only
    "voicebot_provider_streams_max": "sum",
    "voicebot_workers": "sum",
    "voicebot_worker_calls": "sum",
    "voicebot_provider_streams": "sum",
    "voicebot_process_resident_memory_bytes": "sum",
    "voicebot_process_open_fds": "sum",
    "voicebot_process_threads": "sum",
}
"""How the gauges of several processes become one."""

REFUSALS = (
    *("not_allowed", "busy", "overloaded", "provider_quota", "duplicate_uuid", "draining", "unannounced"),
    *("uuid_timeout", "no_uuid", "first_kind"),
)
"""The usual reasons; a peer's rarer mistakes add their own."""
OUTCOMES = (
    *("goodbye", "transfer", "callback", "error", "silence", "too_long"),
    *("hangup", "lost", "worker_died"),
)
"""How calls usually end; a peer that breaks the protocol adds its own."""
FALL_BACKS = (("groq", "rules"), ("groq", "phrases"), ("elevenlabs", "espeak"))


def prepare_labels() -> None:
    """Creates the usual series at 0: what appears with its first event has, for Prometheus, not grown by it."""
    for stage in ("endpoint", "understanding", "first_audio", "total"):
        TURN_LATENCY_S.labels(stage)
    for result in ("confirmed", "resumed"):
        BARGE_INS.labels(result)
    for result in ("used", "dropped"):
        EARLY_STARTS.labels(result)
    for reason in REFUSALS:
        REFUSED_CALLS.labels(reason)
    for provider in ("deepgram", "groq", "elevenlabs", "ami"):
        for kind in ("timeout", "quota", "auth", "protocol", "network"):
            ERRORS.labels(provider, kind)
    for outcome in OUTCOMES:
        CALLS.labels(outcome)
    for provider, to in FALL_BACKS:
        FALLBACKS.labels(provider, to)
    for provider in ("groq", "elevenlabs"):
        BREAKER_OPEN.labels(provider)
    for problem_type in ("internet", "mobile", "modification", "other"):
        for status in ("open", "resolved", "transferred", "abandoned"):
            TICKETS.labels(problem_type, status)


def snapshot_of_this_process() -> Snapshot:
    """All metrics as they stand here."""
    return snapshot(REGISTRY)
