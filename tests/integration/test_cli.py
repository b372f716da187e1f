"""The `voicebot` command as a user types it: help, examples, mistakes, exit codes."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import app

DATA = Path(__file__).parents[1] / "data"
WANTED_ACCURACY = 0.95
COMMANDS = [
    [],
    ["serve"],
    ["demo"],
    ["call"],
    ["load"],
    ["standins"],
    ["intents"],
    ["cache"],
    ["cache", "build"],
    ["recordings"],
    ["recordings", "convert"],
    ["db"],
    ["db", "migrate"],
    ["firewall"],
    ["firewall", "apply"],
    ["firewall", "status"],
    ["firewall", "remove"],
    ["backup"],
    ["backup", "run"],
    ["backup", "list"],
    ["backup", "drill"],
    ["backup", "restore"],
]


def voicebot(
    *words: str, given: str = "", settings: dict[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=kept | {"PYTHONPATH": str(root), "COLUMNS": "200"} | (settings or {}),
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(command: list[str]) -> None:
    answer = voicebot(*command, "--help")
    assert answer.returncode == 0
    assert "Usage: " in answer.stdout
    if len(command) == 2 or command[:1] in (["serve"], ["demo"], ["call"], ["load"], ["standins"], ["intents"]):
        assert "Example:" in answer.stdout


def test_every_command_is_tested_for_help() -> None:
    root = get_command(app)
    commands = root.commands  # type: ignore[attr-defined]
    names = {name for name, command in commands.items() if not command.hidden}
    assert names == {command[0] for command in COMMANDS if command}


def test_version() -> None:
    assert voicebot("--version").stdout.startswith("voicebot ")


def test_bad_settings_are_told_all_at_once(tmp_path: Path) -> None:
    settings = {
        "DEEPGRAM_API_KEY": "a-key",
        "DEEPGRAM_MODEL": "nova-2-phonecall",
        "AUDIOSOCKET_PORT": "99999",
        "REMOTE_ASTERISK_IP": "10.0.0.1,nowhere",
        "GROQ_URL": "groq.com",
    }
    answer = voicebot("serve", settings=settings, folder=tmp_path)
    assert answer.returncode == 2
    for name in ("DEEPGRAM_MODEL", "AUDIOSOCKET_PORT", "REMOTE_ASTERISK_IP", "GROQ_URL"):
        assert f"voicebot: {name}:" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "a-key" not in answer.stderr


def test_serve_without_ears_says_what_to_do(tmp_path: Path) -> None:
    answer = voicebot("serve", folder=tmp_path)
    assert answer.returncode == 2
    assert "DEEPGRAM_API_KEY" in answer.stderr
    assert "make demo" in answer.stderr


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["call"], 2, "--script"),
        (["call", "--script", "no-such-script"], 2, "no-such-script"),
        (["call", "--script", "silence", "--uuid", "nonsense"], 2, "--uuid"),
        (["standins", "--knob", "groq.fault=nonsense"], 2, "groq.fault"),
        (["standins", "--knob", "nonsense"], 2, "--knob"),
        (["intents"], 2, "--tsv"),
        (["intents", "--offline", "--state", "NOWHERE", "oui"], 2, "NOWHERE"),
        (["intents", "--offline", "--tsv", "no-such-file"], 1, "no-such-file"),
        (["intents", "oui"], 2, "GROQ_API_KEY"),
        (["recordings", "convert", "--format", "ogg"], 2, "ogg"),
        (["nonsense"], 2, "nonsense"),
        (["worker", "0"], 1, "voicebot serve"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_clear_line(words: list[str], code: int, hint: str, tmp_path: Path) -> None:
    answer = voicebot(*words, folder=tmp_path)
    assert answer.returncode == code
    assert hint in answer.stderr
    assert "Traceback" not in answer.stderr


def test_call_to_nobody_is_reported() -> None:
    answer = voicebot("call", "--port", "1", "--script", "silence", "--json", "--no-recognise")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["ended_by"] in ("refused", "lost")


def test_intents_from_standard_input() -> None:
    lines = "VERIFICATION\tnon mais c'est bon ça remarche\nIDENTIFICATION\tjean point dupont arobase wanadoo point fr\n"
    answer = voicebot("intents", "--offline", "--tsv", "-", given=lines)
    works, email = (json.loads(line) for line in answer.stdout.splitlines())
    assert (works["state"], works["intent"], works["source"]) == ("VERIFICATION", "YES", "rules")
    assert set(works) == {"state", "text", "intent", "confidence", "fields", "sentiment", "source"}
    assert (email["intent"], email["fields"]) == ("EMAIL_PROVIDED", {"email": "jean.dupont@wanadoo.fr"})


@pytest.mark.parametrize(("labelled", "at_least"), [("intents_fr.tsv", 400), ("intents_fr_other_hand.tsv", 250)])
def test_offline_intents_reach_95_percent(labelled: str, at_least: int) -> None:
    """The sets were written apart from the rules and from each other (tests/data/README.md)."""
    with (DATA / labelled).open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    answer = voicebot("intents", "--offline", "--tsv", str(DATA / labelled))
    got = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(got) == len(wanted) >= at_least
    assert len({row["utterance"] for row in wanted}) == len(wanted)
    wrong = Counter(
        f"{row['intent']} taken for {line['intent']}"
        for row, line in zip(wanted, got, strict=True)
        if row["intent"] != line["intent"]
    )
    assert 1 - wrong.total() / len(wanted) >= WANTED_ACCURACY, wrong.most_common(10)


def test_an_address_that_is_none_is_told_once(tmp_path: Path) -> None:
    settings = {
        "DEEPGRAM_API_KEY": "a-key",
        "CLIENTS_DATABASE_URL": "postgresql://u@h:port/db_clients",
        "TICKETS_DATABASE_URL": "postgresql://u@h/db_tickets",
    }
    answer = voicebot("serve", settings=settings | {"AUDIOSOCKET_PORT": "0", "METRICS_PORT": "0"}, folder=tmp_path)
    assert answer.returncode == 2
    said = [line for line in answer.stderr.splitlines() if line.startswith("voicebot: ")]
    assert said == [
        "voicebot: address of the database clients database: not of the form postgresql://user@host:port/name"
    ]
