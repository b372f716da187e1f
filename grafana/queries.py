"""PromQL that the panels have in common; Grafana fills in `$__rate_interval` and `$__range`."""

from collections.abc import Mapping

MEDIAN_AND_95 = {"médiane": 0.5, "95 %": 0.95}
SECONDS = {"s": "", "min": " * 60", "h": " * 3600"}


def rate(counter: str, *, by: str = "", per: str = "s") -> str:
    """How fast a counter grows, over all processes.

    Args:
        counter: a series, as "voicebot_calls_total" or with a selection of labels.
        by: labels that are kept apart.
        per: "s", "min" or "h".
    """
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(rate({counter}[$__rate_interval])){SECONDS[per]}"


def grown(counter: str, *, by: str = "") -> str:
    """By how much it grew in the time that is shown."""
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(increase({counter}[$__range]))"


def share(part: str, whole: str) -> str:
    """Part of a whole; nothing where the whole is 0."""
    return f"{part} / ({whole} > 0)"


def quantile(q: float, buckets: str, *, by: str = "") -> str:
    """A quantile of a histogram's `_bucket` series; `by`: labels that are kept apart."""
    grouped = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({grouped}) (rate({buckets}[$__rate_interval])))"


def quantiles(buckets: str, wanted: Mapping[str, float] = MEDIAN_AND_95) -> dict[str, str]:
    """Several of them, by what they are called."""
    return {name: quantile(q, buckets) for name, q in wanted.items()}
