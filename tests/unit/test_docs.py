"""The documentation names what is there, all of it and nothing else, and both languages say the same."""

import ast
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
import typer
from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr

from app.backup import metric as backup_metric
from app.caller.script import Script, shipped_scripts
from app.cli import app as cli
from app.config import Settings
from app.firewall import metric as firewall_metric
from app.ops import metrics

SETTINGS_PAGE = Path("docs/settings.md")
METRICS_PAGE = Path("docs/metrics.md")
PAGES = sorted([*Path().glob("*.md"), *Path("docs").glob("*.md"), *Path("tests").rglob("*.md")])
PAGES_IN_BOTH = ("install", "operate", "asterisk", "firewall", "dashboard", "backup", "monitoring")
IN_BOTH_LANGUAGES = [
    (Path("README.md"), Path("README.fr.md")),
    *((Path(f"docs/{page}.md"), Path(f"docs/{page}.fr.md")) for page in PAGES_IN_BOTH),
]

METRIC_MODULES = (metrics, firewall_metric, backup_metric)
"""The server's own, and those that timers write to files."""
OF_ROLES = {"voicebot_certificate_expires_timestamp_seconds": {"certificate"}}
"""What a command of an Ansible role tells, which has no module here (`ansible/roles/node_exporter/files`)."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) +(.+)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
LOG_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]*) \|", re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """(language, content) of each block of code."""
    return FENCE.findall(text_of(page))


def headings_of(page: Path) -> list[tuple[int, str]]:
    """(level, words) of each heading."""
    return [(len(marks), words) for marks, words in HEADING.findall(FENCE.sub("", text_of(page)))]


def anchor_of(heading: str) -> str:
    """As GitHub makes them: lower case, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# Settings.


def default_in_words(value: object) -> str:
    match value:
        case SecretStr():
            return default_in_words(value.get_secret_value())
        case None | "" | ():
            return "–"
        case bool():
            return f"`{str(value).lower()}`"
        case float():
            return f"`{value:g}`"
        case tuple():
            return f"`{','.join(map(str, value))}`"
        case _:
            return f"`{value}`"


def test_every_setting_is_told_with_its_default_and_no_other() -> None:
    told = {name: default.strip() for name, default in ROW.findall(text_of(SETTINGS_PAGE))}
    there = {name.upper(): default_in_words(field.get_default()) for name, field in Settings.model_fields.items()}
    assert told == there


# Metrics and log.


def metric_names() -> dict[str, set[str]]:
    """Every metric as Prometheus shows it, with its labels."""
    known: list[MetricWrapperBase] = []
    for module in METRIC_MODULES:
        here = [metric for metric in vars(module).values() if isinstance(metric, MetricWrapperBase)]
        assert {metric._name for metric in here} == {family.name for family in module.REGISTRY.collect()}
        known += here
    ours = {metric._name + "_total" * isinstance(metric, Counter): set(metric._labelnames) for metric in known}
    return {**ours, **OF_ROLES}


def test_every_metric_is_told_with_its_labels_and_no_other() -> None:
    told = {}
    for name, _ in ROW.findall(text_of(METRICS_PAGE)):
        if name.startswith("voicebot_"):
            metric, _, labels = name.partition("{")
            told[metric] = set(filter(None, labels.rstrip("}").split(",")))
    assert told == metric_names()


def inventory_names() -> set[str]:
    """Ansible's variables that an inventory holds, and those that its playbooks take on the command line."""
    files = [
        *Path("ansible/inventories").rglob("*.yml"),
        Path("ansible/site.yml"),
        *Path("ansible/playbooks").glob("*.yml"),
    ]
    return set(re.findall(r"\bvoicebot_[a-z_]+[a-z]\b", "".join(map(text_of, files))))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_page_speaks_of_a_metric_that_is_not_there(page: Path) -> None:
    series = [
        metric._name + suffix
        for metric in vars(metrics).values()
        if isinstance(metric, Histogram)
        for suffix in ("_bucket", "_sum", "_count")
    ]
    told = set(re.findall(r"\bvoicebot_[a-z_]+[a-z]\b", text_of(page)))
    assert told <= {*metric_names(), *series, *inventory_names(), *database_roles()}


def database_roles() -> set[str]:
    """Roles that the migrations make; they begin like metrics."""
    files = Path("app/store/migrations").rglob("*.sql")
    return {name for file in files for name in re.findall(r"\bvoicebot_[a-z]+\b", text_of(file))}


def log_events() -> Iterator[str]:
    """The words of every line that the server may log."""
    for path in Path("app").rglob("*.py"):
        if path.parts[1] in ("standins", "caller", "commands"):
            continue
        for node in ast.walk(ast.parse(text_of(path))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
                and node.func.attr in LOG_LEVELS
            ):
                event = node.args[0]
                assert isinstance(event, ast.Constant), f"{path}:{node.lineno}: values belong into fields"
                assert isinstance(event.value, str)
                yield event.value


def test_every_log_event_is_told_and_no_other() -> None:
    log_page = text_of(METRICS_PAGE).partition("\n## Log\n")[2]
    assert {event for event, _ in ROW.findall(log_page)} == set(log_events())


# Commands.


def commands(group: typer.Typer) -> Iterator[str]:
    """Every command as it is typed, without `voicebot`."""
    for command in group.registered_commands:
        assert command.callback is not None
        if command.hidden:
            continue
        yield command.name or command.callback.__name__.replace("_", "-")
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from (f"{inner.name} {name}" for name in commands(inner.typer_instance))


@pytest.mark.parametrize("readme", ["README.md", "README.fr.md"])
def test_the_readme_has_a_row_for_every_command_and_no_other(readme: str) -> None:
    rows = {name for name, _ in ROW.findall(text_of(Path(readme))) if name.startswith("voicebot ")}
    assert rows == {f"voicebot {name}" for name in commands(cli)} | {"voicebot --version"}


@pytest.mark.parametrize("readme", ["README.md", "README.fr.md"])
def test_the_two_commands_come_first(readme: str) -> None:
    """On the first screen, in front of everything else that can be typed."""
    first_block = blocks_of(Path(readme))[0][1]
    assert "make demo\n" in first_block
    assert "make test\n" in first_block
    assert text_of(Path(readme)).index("make demo\n") < 1500


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_make_target_that_is_told_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(Path("Makefile")), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`", FENCE.sub("", text_of(page))) + [block for _, block in blocks_of(page)]
    told = {target for words in code for target in re.findall(r"(?:^|-u voicebot )make ([a-z]+)", words, re.MULTILINE)}
    assert told <= targets


def test_every_shipped_script_and_every_key_of_a_script_is_told() -> None:
    page = text_of(Path("docs/caller.md"))
    keys = {name for name, _ in ROW.findall(page)}
    assert set(shipped_scripts()) <= keys
    assert set(Script.model_fields) - {"folder"} <= keys


# Links and languages.


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in {anchor_of(words) for _, words in headings_of(target)}):
            broken.append(link)
    assert broken == []


def test_the_index_lists_every_page() -> None:
    listed = {link for link in LINK.findall(text_of(Path("docs/README.md"))) if "/" not in link}
    assert listed == {page.name for page in Path("docs").glob("*.md")} - {"README.md"}


@pytest.mark.parametrize(("english", "french"), IN_BOTH_LANGUAGES, ids=["README", *PAGES_IN_BOTH])
def test_both_languages_have_the_same_shape(english: Path, french: Path) -> None:
    assert [level for level, _ in headings_of(english)] == [level for level, _ in headings_of(french)]
    assert blocks_of(english) == blocks_of(french)
    for kind in (r"^\|.*\|$", r"^\* "):
        assert runs_of(kind, english) == runs_of(kind, french)


def runs_of(kind: str, page: Path) -> list[tuple[int, int]]:
    """(section, lines) for each section with lines of that kind: tables and lists of equal length."""
    sections = re.split(r"^#+ .*$", FENCE.sub("", text_of(page)), flags=re.MULTILINE)
    counts = [(number, len(re.findall(kind, section, re.MULTILINE))) for number, section in enumerate(sections)]
    return [(number, count) for number, count in counts if count]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_blocks_of_code_are_closed_and_tables_are_even(page: Path) -> None:
    text = text_of(page)
    assert len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0
    lines = FENCE.sub("", text).splitlines()
    for is_table, group in groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in group}) == 1
