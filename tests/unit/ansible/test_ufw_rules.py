"""The module of the role `firewall` that keeps UFW's rules as wanted."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path("ansible/roles/firewall/library/ufw_rules.py")
ADDED = """\
Added user rules (see 'ufw status' for running firewall):
ufw allow 22/tcp comment 'voicebot: ssh'
ufw allow from 10.0.0.1 to any port 9090 proto tcp comment 'voicebot: asterisk'
ufw allow 80/tcp
ufw limit 2222/tcp comment 'mine'
ufw allow from fd00::/64 to any port 8501,9091 proto tcp comment 'voicebot: administrator'
"""


@pytest.fixture(scope="module")
def ufw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ufw_rules", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("entry", "rules"),
    [
        ({"ports": [22]}, ["allow 22/tcp"]),
        ({"ports": [9090], "from": ["203.0.113.10/32"]}, ["allow from 203.0.113.10 to any port 9090 proto tcp"]),
        (
            {"ports": [9091, 8501], "from": ["2001:DB8:0::/48", "fd00:0:0::1"]},
            [
                "allow from 2001:db8::/48 to any port 8501,9091 proto tcp",
                "allow from fd00::1 to any port 8501,9091 proto tcp",
            ],
        ),
        ({"ports": [9090], "from": []}, []),
    ],
)
def test_entries_become_rules_as_ufw_tells_them(ufw: ModuleType, entry: dict[str, object], rules: list[str]) -> None:
    assert ufw.rules_of({**entry, "comment": "some"}) == [(rule, "voicebot: some") for rule in rules]


@pytest.mark.parametrize(
    "entry",
    [
        {"ports": [9090], "from": "10.0.0.1"},
        {"ports": [9090], "from": ["10.0.0.1,10.0.0.2"]},
        {"ports": [9090], "from": ["example.org"]},
        {"ports": [], "from": ["10.0.0.1"]},
        {"ports": [70000]},
        {"ports": list(range(1, 17))},
    ],
)
def test_what_can_be_no_rule_is_refused(ufw: ModuleType, entry: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ufw.rules_of({**entry, "comment": "some"})


def test_what_is_there_is_read_back(ufw: ModuleType) -> None:
    assert ufw.added(ADDED) == {
        "allow 22/tcp": "voicebot: ssh",
        "allow from 10.0.0.1 to any port 9090 proto tcp": "voicebot: asterisk",
        "allow 80/tcp": "",
        "limit 2222/tcp": "mine",
        "allow from fd00::/64 to any port 8501,9091 proto tcp": "voicebot: administrator",
    }


def test_a_new_address_comes_before_an_old_one_goes_and_other_peoples_rules_stay(ufw: ModuleType) -> None:
    wanted = dict(
        rule
        for entry in (
            {"ports": [22], "comment": "ssh"},
            {"ports": [9090], "from": ["10.0.0.2"], "comment": "asterisk"},
            {"ports": [8501, 9091], "from": ["fd00::/64"], "comment": "administrator"},
        )
        for rule in ufw.rules_of(entry)
    )
    assert [" ".join(words) for words in ufw.commands(ufw.added(ADDED), wanted)] == [
        "allow from 10.0.0.2 to any port 9090 proto tcp comment voicebot: asterisk",
        "delete allow from 10.0.0.1 to any port 9090 proto tcp",
    ]
    there = {"allow 80/tcp": "", "limit 2222/tcp": "mine"}
    assert ufw.commands({**there, **wanted}, wanted) == []


def test_a_rule_of_somebody_else_that_we_need_becomes_ours(ufw: ModuleType) -> None:
    run = ufw.commands({"allow 22/tcp": ""}, {"allow 22/tcp": "voicebot: ssh"})
    assert run == [["allow", "22/tcp", "comment", "voicebot: ssh"]]


def test_what_comes_in_and_what_is_routed_is_denied(ufw: ModuleType) -> None:
    text = 'IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\n# DEFAULT_FORWARD_POLICY="DROP"\nDEFAULT_FORWARD_POLICY="ACCEPT"\n'
    assert ufw.default_commands(ufw.defaults(text)) == [["default", "deny", "routed"]]
    assert ufw.default_commands({}) == [["default", "deny", "incoming"], ["default", "deny", "routed"]]
    assert ufw.default_commands({"DEFAULT_INPUT_POLICY": "DROP", "DEFAULT_FORWARD_POLICY": "DROP"}) == []
