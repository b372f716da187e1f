"""Alerts of the three providers."""

from tests.lab.rules.calls import ACTIVE, ENDED
from tests.lab.rules.case import JOB, Case, Ring, grows, steps, still


def errors(provider: str, kind: str) -> str:
    return f'voicebot_errors_total{{{JOB},provider="{provider}",kind="{kind}"}}'


def breaker(provider: str) -> str:
    return f'voicebot_breaker_open{{{JOB},provider="{provider}"}}'


TEN_CALLS = {ACTIVE: still(5), ENDED: grows(0.5)}
"""In ten minutes: five that ended and five in progress."""

PROVIDERS = (
    Case(
        "ProviderErrors",
        "Groq answers too late, one turn of each call",
        {errors("groq", "timeout"): grows(0.7), errors("groq", "network"): grows(0.3), **TEN_CALLS},
        "15m",
        (Ring("10", {"provider": "groq"}),),
    ),
    Case(
        "ProviderErrors",
        "the same errors among a hundred calls",
        {errors("groq", "timeout"): grows(1), ACTIVE: still(100), ENDED: grows(5)},
        "15m",
    ),
    Case("ProviderErrors", "two errors in ten minutes", {errors("groq", "timeout"): grows(0.2), **TEN_CALLS}, "15m"),
    Case(
        "ProviderErrors",
        "what has alerts of its own",
        {
            errors("groq", "auth"): grows(9),
            errors("groq", "quota"): grows(9),
            errors("ami", "network"): grows(9),
            **TEN_CALLS,
        },
        "15m",
    ),
    Case(
        "ProviderKeyRefused",
        "a key has been taken back",
        {errors("deepgram", "auth"): steps((0, 5), (1, 60)), errors("groq", "auth"): still(0)},
        "10m",
        (Ring(labels={"provider": "deepgram"}),),
    ),
    Case("ProviderKeyRefused", "mended yesterday", {errors("deepgram", "auth"): still(3)}, "30m"),
    Case(
        "ProviderQuota",
        "five refusals",
        {errors("elevenlabs", "quota"): grows(0.5)},
        "15m",
        (Ring("5", {"provider": "elevenlabs"}),),
    ),
    Case("ProviderQuota", "one", {errors("elevenlabs", "quota"): steps((0, 5), (1, 60))}, "15m"),
    Case(
        "BreakerOpen",
        "for ten minutes, with calls",
        {breaker("groq"): still(1), breaker("elevenlabs"): still(0), **TEN_CALLS},
        "10m",
        (Ring(labels={"provider": "groq", "job": "voicebot", "instance": "sav"}),),
    ),
    Case("BreakerOpen", "for two minutes", {breaker("groq"): steps((0, 5), (1, 2), (0, 9)), **TEN_CALLS}, "7m"),
    Case(
        "BreakerOpen",
        "all night, without a call that could try",
        {breaker("groq"): still(1), ACTIVE: still(0), ENDED: still(80)},
        "8h",
    ),
)
