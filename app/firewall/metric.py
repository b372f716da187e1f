"""What Prometheus hears of the firewall: a file for the textfile collector of node exporter (`docs/metrics.md`)."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

REGISTRY = CollectorRegistry()
"""Not that of the server: a timer writes these, also while no server runs."""

FIREWALL_DIFFERS = Gauge(
    "voicebot_firewall_differs",
    "Rules that are missing, too many or in the wrong place; 1 also where they could not be read.",
    registry=REGISTRY,
)
FIREWALL_CHECKED_S = Gauge(
    "voicebot_firewall_checked_timestamp_seconds", "When the firewall was looked at last.", registry=REGISTRY
)


def write_metric(file: Path, count: int, now_s: float) -> None:
    """Writes the file anew, at one blow.

    Args:
        count: differences found.
        now_s: seconds since 1970.
    """
    FIREWALL_DIFFERS.set(count)
    FIREWALL_CHECKED_S.set(now_s)
    write_to_textfile(str(file), REGISTRY)
