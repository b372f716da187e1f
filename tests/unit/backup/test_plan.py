"""The plan is checked whole before anything is done."""

import pytest

from app.backup.plan import parse_plan
from app.errors import ConfigError

GOOD = """
directory: /var/backups/voicebot
databases:
  - {name: db_tickets, reach: [docker, exec, --interactive, --user=postgres, postgres-tickets]}
"""


@pytest.mark.parametrize(
    "target", ["voicebot@192.0.2.9:/srv/voicebot", "nas.example:/backups", "root@[2001:db8::9]:/srv/v-1_0.x"]
)
def test_a_plan(target: str) -> None:
    plan = parse_plan(GOOD + f"target: '{target}'\n", "backup.yaml")
    assert plan.target == target
    assert (plan.recordings_days, plan.keep_days, plan.keep_at_least) == (7, 14, 3)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("target: /srv/elsewhere", "no place for ssh"),
        ("target: 'host:/srv; rm -rf /'", "no place for ssh"),
        ("target: 'host:/srv/$(id)'", "no place for ssh"),
        ("target: '-oProxyCommand=x:/srv'", "no place for ssh"),
        ("target: '-v:/srv'", "no place for ssh"),
        ("keep_at_least: 0", "keep_at_least"),
        ("deadline_s: 0", "deadline_s"),
        ("keep: 3", "keep"),
    ],
)
def test_what_is_refused(line: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_plan(GOOD + line, "backup.yaml")
    (problem,) = refused.value.problems
    assert problem.startswith("backup.yaml: ")
    assert told in problem


@pytest.mark.parametrize("name", ["db-tickets", "x; DROP", "", "DB", "a" * 40])
def test_names_of_databases_that_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"databases\.0\.name"):
        parse_plan(f"directory: /b\ndatabases: [{{name: '{name}', reach: [env]}}]", "backup.yaml")


@pytest.mark.parametrize("text", ["", "- a", "a: [", "directory: /b\ndatabases: []"])
def test_what_is_no_plan(text: str) -> None:
    with pytest.raises(ConfigError, match=r"backup\.yaml"):
        parse_plan(text, "backup.yaml")
