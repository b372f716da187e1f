"""Every query of every panel and every alert, asked of a real Prometheus that watched a real server under load."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
import pytest_asyncio

from grafana.build import FOLDER
from grafana.rules.alert import Alert
from grafana.rules.book import ALERTS
from grafana.rules.recordings import RECORDINGS
from tests.lab.mailbox import text_of
from tests.lab.watched import KEY_REFUSED, Watched, watched

SELECTOR = re.compile(r"\b(?:voicebot[_:]\w[\w:]*|node_\w+|alertmanager_\w+|up)\b(?:\{[^}]*\})?")
IN_WORDS = re.compile(r', "report", "\w+", "", ""')
"""`label_replace(absent(name), "report", "name", "", "")` names a series in words, too."""
OF_THIS_MACHINE = {"PlayoutUnderruns", "LoopLag", "LatencyBurnsFast", "LatencyBurnsSlowly", "DiskFull", "DiskFills"}
"""What else runs on it, or lies on its disks, may ring these."""
# What Grafana fills in.
GRAFANA = {"$__rate_interval": "30s", "$__range": "5m"}


def targets() -> list[tuple[str, str, bool]]:
    """(where, PromQL, whether it is asked for one moment) of every panel."""
    found = []
    for path in sorted((FOLDER / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", []):
                query: str = target["expr"]
                for variable, value in GRAFANA.items():
                    query = query.replace(variable, value)
                where = f"{path.stem}-{panel['id']}{target['refId']}"
                found.append((where, query, bool(target.get("instant"))))
    return found


TARGETS = targets()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """One for all."""
    async with watched(tmp_path_factory.mktemp("watched")) as place:
        yield place


@pytest.mark.parametrize(
    ("query", "instant"), [(query, instant) for _, query, instant in TARGETS], ids=[w for w, *_ in TARGETS]
)
async def test_a_panel_shows_something(place: Watched, query: str, instant: bool) -> None:
    found = await (place.prometheus.now(query) if instant else place.prometheus.over_time(query))
    assert found, query


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
async def test_an_alert_looks_at_what_is_there(place: Watched, alert: Alert) -> None:
    await place.prometheus.now(alert.expr)  # Prometheus understands it
    selectors = set(SELECTOR.findall(re.sub(IN_WORDS, "", alert.expr)))
    assert selectors
    missing = [selector for selector in selectors if not await place.prometheus.over_time(selector)]
    assert missing == []


@pytest.mark.parametrize("record", [recording.record for recording in RECORDINGS])
async def test_what_is_recorded_is_there(place: Watched, record: str) -> None:
    assert await place.prometheus.over_time(record)


async def test_a_series_that_nobody_tells_is_missed(place: Watched) -> None:
    assert await place.prometheus.over_time("voicebot_nobody_tells_total") == []
    assert await place.prometheus.over_time('voicebot_calls_total{outcome="flown away"}') == []
    assert await place.prometheus.over_time("histogram_quantile(0.5, sum by (le) (voicebot_nobody_bucket))") == []


async def test_prometheus_has_no_trouble_with_the_rules(place: Watched) -> None:
    groups = (await place.prometheus.ask("rules"))["groups"]
    rules: list[dict[str, Any]] = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == len(ALERTS) + len(RECORDINGS)
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []


async def test_a_machine_that_is_well_rings_nowhere(place: Watched) -> None:
    ringing = await place.prometheus.now('ALERTS{alertstate="firing"}')
    names = {labels["alertname"].removeprefix("Voicebot") for labels, _ in ringing}
    assert names - OF_THIS_MACHINE == set()


async def test_a_key_that_is_refused_rings(place: Watched) -> None:
    """From the provider's 401 to the words that somebody reads."""
    await place.break_groq("http_401")
    await place.call(KEY_REFUSED)
    await place.prometheus.wait_for(
        'ALERTS{alertname="VoicebotProviderKeyRefused",alertstate="firing",provider="groq"}'
    )
    alerts = (await place.prometheus.ask("alerts"))["alerts"]
    (alert,) = (alert for alert in alerts if alert["labels"]["alertname"] == "VoicebotProviderKeyRefused")
    assert alert["labels"]["severity"] == "critical"
    assert alert["annotations"]["summary_fr"] == "groq refuse notre clé."
    await place.break_groq("none")
    for recipient in ("astreinte@example.com", "supervision@example.com"):
        mail = await place.mails.wait_for(recipient, "refuse notre clé")
    assert mail["Subject"] == "[sav] URGENT : groq refuse notre clé."
    assert mail["From"] == "voicebot@example.com"
    for kind in ("plain", "html"):
        said = " ".join(unescape(text_of(mail, kind)).split())
        for words in (alert["annotations"]["action_fr"], alert["annotations"]["action_en"], "http://sav:3000"):
            assert words in said
        assert "(CET)" in said or "(CEST)" in said
