"""What is generated is current, complete in both languages, and asks only for what is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from app.backup import metric as backup_metric
from app.config import Settings
from app.firewall import metric as firewall_metric
from app.ops import metrics
from app.providers.ladder import FIRST_SOUND_TIMEOUT_S, UNDERSTANDING_TIMEOUT_S
from grafana import thresholds
from grafana.build import BOARDS, FOLDER, PAGES, render
from grafana.rules.alert import Alert
from grafana.rules.book import ALERTS, read_words
from grafana.rules.machine import CERTIFICATES
from grafana.rules.page import START, fill_page
from grafana.rules.recordings import RECORDINGS

NAME = re.compile(r"\b(?:voicebot|node|up|ALERTS)[\w:]*\b")
SELECTION = re.compile(r"(voicebot_\w+)\{([^}]*)\}")
GROUPED = re.compile(r"\bby \(([^)]*)\) \((?:rate|increase)\((voicebot_\w+)")

OTHERS = {"up", "ALERTS", *(recording.record for recording in RECORDINGS)}
KINDS_OF_TEXT = ("summary_fr", "summary_en", "meaning_fr", "meaning_en", "action_fr", "action_en")


def panels_of(name: str) -> list[dict[str, Any]]:
    """All panels of one dashboard, as committed, rows left out."""
    board = json.loads((FOLDER / "dashboards" / name).read_text(encoding="utf-8"))
    return [panel for panel in board["panels"] if panel["type"] != "row"]


DASHBOARDS = sorted(path.name for path in (FOLDER / "dashboards").glob("*.json"))
PANELS = [(name, panel) for name in DASHBOARDS for panel in panels_of(name)]
PANEL_IDS = [f"{name.removesuffix('.json')}-{panel['id']}" for name, panel in PANELS]


def queries() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of every panel, alert and recording."""
    for name, panel in PANELS:
        yield from ((f"{name}: {panel['title']}", target["expr"]) for target in panel["targets"])
    yield from ((alert.name, alert.expr) for alert in ALERTS)
    yield from ((recording.record, recording.expr) for recording in RECORDINGS)


def series() -> dict[str, set[str]]:
    """Every series of the server's page and of the timers' files, with its labels."""
    found: dict[str, set[str]] = {}
    for metric in [one for module in (metrics, firewall_metric, backup_metric) for one in vars(module).values()]:
        if isinstance(metric, Histogram):
            found[f"{metric._name}_bucket"] = {*metric._labelnames, "le"}
            found |= {f"{metric._name}_{end}": set(metric._labelnames) for end in ("sum", "count")}
        elif isinstance(metric, MetricWrapperBase):
            found[metric._name + "_total" * isinstance(metric, Counter)] = set(metric._labelnames)
    return found | {CERTIFICATES: {"certificate"}}


# Current.


GENERATED = {path.relative_to(FOLDER.parent): text for path, text in render().items()}


@pytest.mark.parametrize("path", GENERATED, ids=str)
def test_what_is_committed_is_what_is_generated(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == GENERATED[path], "run: python -m grafana.build"


def test_no_dashboard_and_no_rule_is_left_over() -> None:
    there = {
        path.relative_to(FOLDER.parent) for folder in ("dashboards", "alerts") for path in (FOLDER / folder).iterdir()
    }
    assert there == {path for path in GENERATED if path.parent.name in ("dashboards", "alerts")}


# Dashboards.


def test_there_are_five_that_can_be_told_apart() -> None:
    assert len(BOARDS) == 5
    assert len({board.uid for board in BOARDS}) == len({board.title for board in BOARDS}) == 5


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=PANEL_IDS)
def test_a_panel_explains_itself(name: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
    assert panel["targets"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_numbers_of_their_own_and_do_not_cover_each_other(name: str) -> None:
    board = json.loads((FOLDER / "dashboards" / name).read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)


# Queries.


@pytest.mark.parametrize(("where", "query"), list(queries()), ids=[where for where, _ in queries()])
def test_a_query_asks_for_series_and_labels_that_are_there(where: str, query: str) -> None:
    there = series()
    without_words = re.sub(r'"[^"]*"', '""', query)
    names = {name for name in NAME.findall(without_words) if not name.startswith("node_")}
    assert names <= {*there, *OTHERS}
    for name, selection in SELECTION.findall(query):
        assert set(re.findall(r"(\w+)\s*[=!]~?", selection)) <= there[name]
    for labels, name in GROUPED.findall(query):
        assert set(labels.split(", ")) <= there[name]


def test_values_of_labels_are_those_that_the_server_gives() -> None:
    """A reason or an outcome that is misspelt would never be seen: the series exist at 0 from the start."""
    metrics.prepare_labels()
    known = {
        (label, value)
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        for label, value in sample.labels.items()
    }
    asked = {
        (label, value)
        for _, query in queries()
        for _, selection in SELECTION.findall(query)
        for label, values in re.findall(r'(\w+)[=!]~?"([^"]*)"', selection)
        for value in values.split("|")
    }
    assert asked - known == set()


# Alerts.


def test_every_alert_has_its_words_and_no_other_has() -> None:
    words = read_words()
    assert set(words) == {alert.name for alert in ALERTS}
    for name, texts in words.items():
        assert tuple(texts) == KINDS_OF_TEXT, name
        assert all(text.strip() == text and text for text in texts.values()), name
        assert not re.search(r"<[A-Z_]+>", "".join(texts.values())), name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_both_languages_tell_the_same_figures(alert: Alert) -> None:
    words = read_words()[alert.name]
    for kind in ("summary", "action"):
        french, english = (re.findall(r"\{\{.*?\}\}", words[f"{kind}_{language}"]) for language in ("fr", "en"))
        assert french == english
    known = r"\b[A-Z][A-Z_]{4,}\b"  # settings
    assert set(re.findall(known, words["action_fr"])) == set(re.findall(known, words["action_en"]))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_settings_that_an_alert_names_are_there(alert: Alert) -> None:
    words = read_words()[alert.name]
    names = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", words["action_en"]))
    assert names <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("language", PAGES)
def test_an_alert_leads_to_its_place_in_the_page(language: str) -> None:
    rules = yaml.safe_load((FOLDER / "alerts/voicebot.yml").read_text(encoding="utf-8"))
    headings = re.findall(r"^### (\w+)$", PAGES[language].read_text(encoding="utf-8"), re.MULTILINE)
    pages = [rule["annotations"]["page"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert [f"docs/monitoring.md#{heading.lower()}" for heading in headings] == pages


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no marks"):
        fill_page(f"{START}\n", ALERTS, "en")


# Limits.


def test_limits_are_those_of_the_server() -> None:
    assert Settings.model_fields["max_loop_lag_ms"].default == thresholds.LOOP_LAG_S * 1000
    assert thresholds.UNDERSTANDING_S == UNDERSTANDING_TIMEOUT_S
    assert thresholds.FIRST_SOUND_S == FIRST_SOUND_TIMEOUT_S


def test_the_latency_objective_is_the_bound_of_a_bucket() -> None:
    bounds = {
        sample.labels["le"] for sample in metrics.TURN_LATENCY_S.labels("total")._child_samples() if sample.labels
    }
    assert f"{thresholds.LATENCY_OBJECTIVE_S}" in bounds
