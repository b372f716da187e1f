"""What is wrong with an inventory is named, with an example, all at once; what is right passes."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def plugin(path: str) -> ModuleType:
    """A filter plug-in of a role, which is no package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, Path("ansible/roles", path))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


preflight = plugin("preflight/filter_plugins/inventory_problems.py")
PASSWORD = "a-password-of-the-test"
WHERE = {"voicebot_mail_server": "smtp.example.com:587", "voicebot_mail_from": "voicebot@example.com"}
MAIL: dict[str, Any] = {"voicebot_alert_recipients": ["astreinte@example.com"], **WHERE}


def inventory(**changed: Any) -> dict[str, Any]:
    return {
        "voicebot_asterisk_servers": ["203.0.113.10", "2001:db8:10::5", "10.8.0.0/24"],
        "voicebot_administrators": ["192.0.2.5", "2001:db8:20::/48"],
        "voicebot_ami_username": "voicebot",
        "voicebot_ami_secret": PASSWORD,
        "voicebot_pgadmin_email": "admin@example.com",
        **{f"voicebot_{key}_api_key": "0123abcd" for key in preflight.KEYS},
        **dict.fromkeys(preflight.PASSWORDS, PASSWORD),
        **changed,
    }


def problems(operator: str = "", **changed: Any) -> list[str]:
    found: list[str] = preflight.inventory_problems(inventory(**changed), operator)
    return found


@pytest.mark.parametrize("operator", ["", "192.0.2.5", "2001:db8:20:9::1", "::ffff:192.0.2.5", "2001:db8:20::1%eth0"])
def test_a_good_one_passes(operator: str) -> None:
    assert problems(operator) == []


@pytest.mark.parametrize(
    ("changed", "names", "says"),
    [
        ({"voicebot_asterisk_servers": []}, "voicebot_asterisk_servers", "203.0.113.10"),
        ({"voicebot_asterisk_servers": "10.0.0.1,10.0.0.2"}, "voicebot_asterisk_servers", "not a list"),
        ({"voicebot_asterisk_servers": ["10.0.0.1,10.0.0.2"]}, "voicebot_asterisk_servers", "an entry of its own"),
        ({"voicebot_asterisk_servers": ["pbx.example.com"]}, "voicebot_asterisk_servers", "is a name"),
        ({"voicebot_asterisk_servers": ["10.0.0"]}, "voicebot_asterisk_servers", "no address"),
        ({"voicebot_asterisk_servers": [10]}, "voicebot_asterisk_servers", "no text"),
        ({"voicebot_asterisk_servers": ["10.0.0.1/8"]}, "voicebot_asterisk_servers", "write 10.0.0.1 or 10.0.0.0/8"),
        ({"voicebot_administrators": ["0.0.0.0/0"]}, "voicebot_administrators", "whole world"),
        ({"voicebot_administrators": None}, "voicebot_administrators", "192.0.2.5"),
        ({"voicebot_deepgram_api_key": ""}, "voicebot_deepgram_api_key", "Deepgram"),
        ({"voicebot_groq_api_key": "gsk_1\n"}, "voicebot_groq_api_key", "one word"),
        ({"voicebot_db_password": "short"}, "voicebot_db_password", "too short"),
        ({"voicebot_grafana_password": "mot de passe très long"}, "voicebot_grafana_password", "ASCII"),
        ({"voicebot_ami_secret": ""}, "voicebot_ami_secret", "without AMI"),
        ({"voicebot_pgadmin_email": "admin"}, "voicebot_pgadmin_email", "admin@example.com"),
        ({"voicebot_alert_recipients": "a@example.com", **WHERE}, "voicebot_alert_recipients", "no list"),
        (
            {**MAIL, "voicebot_alert_recipients": ["a@example.com,b@example.com"]},
            "voicebot_alert_recipients",
            "entry 1",
        ),
        ({**MAIL, "voicebot_mail_server": "smtp.example.com"}, "voicebot_mail_server", "smtp.example.com:587"),
        ({**MAIL, "voicebot_mail_server": None}, "voicebot_mail_server", "smtp.example.com:587"),
        ({**MAIL, "voicebot_mail_from": "Voicebot"}, "voicebot_mail_from", "voicebot@example.com"),
        ({**MAIL, "voicebot_mail_username": "voicebot"}, "voicebot_mail_password", "ansible-vault edit"),
        ({**MAIL, "voicebot_mail_tls": "no"}, "voicebot_mail_tls", "neither true nor false"),
        ({**MAIL, "voicebot_mail_server": "[2001:db8::25]:25"}, "voicebot_mail_server", "name:port"),
        (
            {**MAIL, "voicebot_mail_tls": False, "voicebot_mail_username": "bot", "voicebot_mail_password": PASSWORD},
            "voicebot_mail_username",
            "encrypted connections only",
        ),
        ({"voicebot_alert_webhooks": ["https://a.example.com", "b"]}, "voicebot_alert_webhooks", "entry 2"),
        ({"voicebot_alert_webhooks": ["http://gw.example.com:80a/x"]}, "voicebot_alert_webhooks", "https://"),
        ({"voicebot_ssh_port": "ssh"}, "voicebot_ssh_port", "22"),
        ({"voicebot_settings": {"workers": 2}}, "voicebot_settings", "MAX_CONCURRENT_CALLS"),
        ({"voicebot_settings": {"PERSONAL_IP": ["a"]}}, "voicebot_settings", "commas"),
        ({"voicebot_state": "gone"}, "voicebot_state", "absent"),
        ({"voicebot_remove_data": True}, "voicebot_remove_data", "voicebot_state=absent"),
    ],
)
def test_a_bad_one_is_named(changed: dict[str, Any], names: str, says: str) -> None:
    (line,) = problems(**changed)
    assert line.startswith(f"{names}: ")
    assert says.lower() in line.lower()


@pytest.mark.parametrize("server", ["smtp.example.com:587", "192.0.2.25:25", "smtp.example.com:465"])
def test_whoever_is_told_by_mail_passes(server: str) -> None:
    assert problems(**{**MAIL, "voicebot_mail_server": server}) == []
    assert problems(**MAIL, voicebot_mail_username="voicebot", voicebot_mail_password=PASSWORD) == []
    assert (
        problems(voicebot_alert_webhooks=["https://sms.example.com/alerts?key=1", "http://u:p@[2001:db8::7]:8080?a"])
        == []
    )


def test_nobody_locks_himself_out() -> None:
    (line,) = problems(operator="198.51.100.9")
    assert line.startswith("voicebot_administrators: lacks 198.51.100.9")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(problems(voicebot_asterisk_servers=[], voicebot_groq_api_key=None, voicebot_db_password="")) == 3


def test_removal_asks_for_no_keys() -> None:
    assert preflight.inventory_problems({"voicebot_state": "absent", "voicebot_remove_data": "true"}) == []


def test_passwords_are_never_told() -> None:
    assert "geheim" not in " ".join(problems(voicebot_db_password="geheim"))


@pytest.mark.parametrize(
    ("changed", "how", "told"),
    [
        ({}, ("192.0.2.5", "22", ["22"]), []),
        ({}, ("", "", []), []),
        ({"voicebot_ssh_port": 2222}, ("192.0.2.5", "2222", ["22", "2222"]), []),
        (
            {},
            ("192.0.2.5", "2222", ["2222"]),
            [
                "voicebot_ssh_port: is 22, but Ansible came in by 2222, which would be closed: you would lock yourself"
                " out; write voicebot_ssh_port: 2222"
            ],
        ),
        (
            {"voicebot_ssh_port": 2222},
            ("", "", ["22"]),
            [
                "voicebot_ssh_port: is 2222, but the SSH daemon listens on 22, which would be closed; write"
                " voicebot_ssh_port: 22"
            ],
        ),
        (
            {"firewall_ssh_from": ["203.0.113.0/24"]},
            ("192.0.2.5", "22", ["22"]),
            ["firewall_ssh_from: lacks 192.0.2.5, from which Ansible reaches the machine; add - 192.0.2.5"],
        ),
        ({"firewall_ssh_from": ["2001:db8:20::/48"]}, ("2001:db8:20::7%eth0", "22", ["22"]), []),
    ],
)
def test_nobody_is_locked_out_of_ssh(changed: dict[str, Any], how: tuple[str, str, list[str]], told: list[str]) -> None:
    assert preflight.inventory_problems(inventory(**changed), *how) == told
