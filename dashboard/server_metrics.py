"""What the voice server counts of those it turned away, read from its metrics page (docs/metrics.md)."""

import re
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

METRIC = "voicebot_refused_calls_total"
SAMPLE = re.compile(rf'^{METRIC}\{{reason="([a-z_]+)"\}} ([0-9.e+]+)', re.MULTILINE)
PAGE_MAX_BYTES = 4_000_000
ANSWER_S = 1.0
OPENER = build_opener(ProxyHandler({}))
"""Directly, whatever proxy the environment names: it is this machine."""


def refused_calls(base_url: str) -> dict[str, int] | None:
    """Refusals by reason since the server was started; None if it does not answer."""
    try:
        with OPENER.open(f"{base_url}/metrics", timeout=ANSWER_S) as page:
            text = page.read(PAGE_MAX_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError, HTTPException):
        return None
    return refusals_in(text)


def refusals_in(text: str) -> dict[str, int]:
    """Reasons with their counts, in Prometheus' text format."""
    return {reason: round(float(count)) for reason, count in SAMPLE.findall(text)}
