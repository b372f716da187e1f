"""Alerts of calls: is the telephone answered, and does it sound right?"""

from grafana import thresholds as t
from grafana.rules.alert import Alert

_HALF = f"{t.NO_CALLS_MINUTES // 2}m"
_BUDGET = 1 - t.LATENCY_OBJECTIVE_SHARE


def _burnt(long: str, short: str, rate: float) -> str:
    limit = f"{rate * _BUDGET:.3g}"
    return (
        f"voicebot:late_turns:share_{long} > {limit} and voicebot:late_turns:share_{short} > {limit}"
        f' and sum(increase(voicebot_turn_latency_seconds_count{{stage="total"}}[{long}])) >= {t.LATENCY_MIN_TURNS}'
    )


_REFUSED = 'voicebot_refused_calls_total{reason=~"busy|overloaded|provider_quota|unannounced"}'
_FAILED = 'voicebot_calls_total{outcome=~"error|lost|worker_died"}'
_UNDERRUNS = "sum(increase(voicebot_playout_underruns_total[10m]))"

CALLS = (
    Alert(
        name="VoicebotDown",
        expr='up{job="voicebot"} == 0 or absent(up{job="voicebot"}) or voicebot_workers == 0',
        lasts="1m",
        severity="critical",
    ),
    Alert(
        name="VoicebotNoCalls",
        expr=f"min_over_time(voicebot:open[{_HALF}]) == 1"
        f" and on() sum(increase(voicebot_call_duration_seconds_count[{_HALF}])) == 0"
        " and on() sum(voicebot_calls_active) == 0",
        lasts=_HALF,
        severity="warning",
    ),
    Alert(
        name="VoicebotCallsRefused",
        expr=f"sum by (reason) (increase({_REFUSED}[10m])) >= {t.REFUSED_CALLS}",
        lasts="0m",
        severity="critical",
    ),
    Alert(
        name="VoicebotCallsFail",
        expr=f"sum(increase({_FAILED}[1h])) >= {t.FAILED_CALLS_MIN} and sum(increase({_FAILED}[1h]))"
        f" > {t.FAILED_CALLS_SHARE} * sum(increase(voicebot_calls_total[1h]))",
        lasts="5m",
        severity="critical",
    ),
    Alert(
        name="VoicebotLatencyBurnsFast",
        expr=_burnt("1h", "5m", t.BURN_FAST),
        lasts="2m",
        severity="critical",
    ),
    Alert(
        name="VoicebotLatencyBurnsSlowly",
        expr=_burnt("6h", "30m", t.BURN_SLOW),
        lasts="15m",
        severity="warning",
    ),
    Alert(
        name="VoicebotPlayoutUnderruns",
        expr=f"{_UNDERRUNS} >= {t.UNDERRUNS_MIN} and {_UNDERRUNS}"
        f" > {t.UNDERRUNS_PER_CALL_MINUTE} * 10 * sum(avg_over_time(voicebot_calls_active[10m]))",
        lasts="0m",
        severity="warning",
    ),
    Alert(
        name="VoicebotLoopLag",
        expr=f"quantile_over_time(0.5, voicebot_loop_lag_seconds[5m]) > {t.LOOP_LAG_S}",
        lasts="2m",
        severity="critical",
    ),
    Alert(
        name="VoicebotWorkersRestart",
        expr="sum(increase(voicebot_worker_restarts_total[15m])) >= 2",
        lasts="0m",
        severity="warning",
    ),
    Alert(
        name="VoicebotAsteriskAway",
        expr="voicebot_ami_connected == 0",
        lasts="5m",
        severity="warning",
    ),
    Alert(
        name="VoicebotRecordingsFail",
        expr="sum(increase(voicebot_recording_errors_total[15m])) > 0",
        lasts="0m",
        severity="warning",
    ),
)
