"""Alerts of the three providers: who hears, who understands, who speaks."""

from grafana import thresholds as t
from grafana.rules.alert import Alert

_CLOUD = 'voicebot_errors_total{provider!="ami",kind!~"auth|quota"}'
_ERRORS = f"sum by (provider) (increase({_CLOUD}[10m]))"
_CALLS = "(sum(increase(voicebot_call_duration_seconds_count[10m])) + sum(voicebot_calls_active))"

PROVIDERS = (
    Alert(
        name="VoicebotProviderErrors",
        expr=f"{_ERRORS} >= {t.PROVIDER_ERRORS_MIN}"
        f" and {_ERRORS} > on() group_left() {t.PROVIDER_ERRORS_PER_CALL} * {_CALLS}",
        lasts="0m",
        severity="critical",
    ),
    Alert(
        name="VoicebotProviderKeyRefused",
        expr='sum by (provider) (increase(voicebot_errors_total{kind="auth"}[10m])) > 0',
        lasts="0m",
        severity="critical",
    ),
    Alert(
        name="VoicebotProviderQuota",
        expr='sum by (provider) (increase(voicebot_errors_total{kind="quota"}[10m])) >= 3',
        lasts="0m",
        severity="warning",
    ),
    Alert(
        name="VoicebotBreakerOpen",
        # Without calls nobody tries whether the provider is back: it would ring all night.
        expr=f"voicebot_breaker_open == 1 and on() {_CALLS} > 0",
        lasts="5m",
        severity="warning",
    ),
)
