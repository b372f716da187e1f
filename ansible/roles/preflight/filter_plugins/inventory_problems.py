"""What is wrong with an inventory: everything at once, one line each, with the variable's name and an example.

Ansible's argument_specs let a string pass where a list is wanted, and know no addresses.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network

KEYS = {"deepgram": "Deepgram", "groq": "Groq", "elevenlabs": "ElevenLabs"}
PASSWORDS = (
    "voicebot_db_password",
    "voicebot_dashboard_reader_password",
    "voicebot_dashboard_supervisor_password",
    "voicebot_grafana_password",
    "voicebot_pgadmin_password",
)
PASSWORD_MIN_CHARACTERS = 12
"""As short as the dashboard and the role `asterisk` take them."""
EMAIL = r"[^@\s,<>]+@[^@\s,<>]+\.[^@\s.,<>]+"
WEBHOOK = r"https?://([^\s/@]+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?]\S*)?"
STATES = ("present", "absent")
VAULT_HINT = "put it into the inventory's vault: ansible-playbook playbooks/secrets.yml makes what can be made"


def network_of(entry: object) -> Network:
    """An address, or a network without host bits.

    Raises:
        ValueError: it is none; the message says what it looks like instead.
    """
    if not isinstance(entry, str):
        raise ValueError(f"{entry!r} is no text")
    text = entry.strip()
    if "," in text or " " in text:
        raise ValueError(f"{entry!r} holds several; give each an entry of its own")
    try:
        network = ip_network(text)
    except ValueError as error:
        if "host bits" in str(error):
            wider = ip_network(text, strict=False)
            raise ValueError(f"{entry!r} is an address in a network; write {text.split('/')[0]} or {wider}") from None
        if re.fullmatch(r"[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*", text):
            raise ValueError(f"{entry!r} is a name; firewalls need its address") from None
        raise ValueError(f"{entry!r} is no address or network") from None
    if network.prefixlen == 0:
        raise ValueError(f"{entry!r} is the whole world")
    return network


def inventory_problems(
    variables: Mapping[str, Any], operator: str = "", entered_by: str = "", ssh_ports: Sequence[str] = ()
) -> list[str]:
    """Lines that say what is wrong with a host's variables; none if all is well.

    Args:
        variables: the host's.
        operator: address from which Ansible reaches the host; empty if that can't be known.
        entered_by: port of the host by which it came in; empty likewise.
        ssh_ports: those of the host's SSH daemon; none likewise.
    """
    problems = list(_state_problems(variables))
    if not problems and variables.get("voicebot_state", "present") == "present":
        looks = (_asterisk_problems, _key_problems, _password_problems, _ami_problems, _mail_problems, _other_problems)
        for look in looks:
            problems += look(variables)
        problems += _administrator_problems(variables, operator)
        problems += _ssh_problems(variables, operator, entered_by, ssh_ports)
    return problems


def _state_problems(variables: Mapping[str, Any]) -> Iterator[str]:
    state = variables.get("voicebot_state", "present")
    if state not in STATES:
        yield f"voicebot_state: {state!r} is none of {', '.join(STATES)}"
    removes = variables.get("voicebot_remove_data", False)
    if not isinstance(removes, bool) and str(removes).lower() not in ("true", "false"):
        yield f"voicebot_remove_data: {removes!r} is neither true nor false"
    elif str(removes).lower() == "true" and state == "present":
        yield "voicebot_remove_data: data is removed together with everything else only: add -e voicebot_state=absent"


def _list_problems(variables: Mapping[str, Any], name: str, example: str) -> tuple[list[Network], list[str]]:
    """The networks of a list, and what is wrong with it."""
    entries = variables.get(name)
    shape = f"for instance\n    {name}:\n" + "\n".join(f"      - {entry}" for entry in example.split())
    if isinstance(entries, str) and entries:
        return [], [f"{name}: {entries!r} is one text, not a list; write {shape}"]
    if not isinstance(entries, (list, tuple)) or not entries:
        return [], [f"{name}: names no address; write {shape}"]
    networks, problems = [], []
    for entry in entries:
        try:
            networks.append(network_of(entry))
        except ValueError as error:
            problems.append(f"{name}: {error}; for instance {', '.join(example.split())}")
    return networks, problems


def _asterisk_problems(variables: Mapping[str, Any]) -> list[str]:
    return _list_problems(variables, "voicebot_asterisk_servers", "203.0.113.10 2001:db8:10::5 10.8.0.0/24")[1]


def _administrator_problems(variables: Mapping[str, Any], operator: str) -> list[str]:
    name = "voicebot_administrators"
    networks, problems = _list_problems(variables, name, "192.0.2.5 2001:db8:20::/48")
    if problems or not operator:
        return problems
    here = _address(operator)
    if any(here in network for network in networks):
        return []
    return [f"{name}: lacks {here}, from which Ansible reaches the machine: you would lock yourself out; add - {here}"]


def _address(text: str) -> IPv4Address | IPv6Address:
    """Of the operator, as the SSH daemon tells it."""
    address = ip_address(text.split("%")[0])
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _ssh_problems(
    variables: Mapping[str, Any], operator: str, entered_by: str, ssh_ports: Sequence[str]
) -> Iterator[str]:
    """The firewall leaves one port open for SSH: it must be the one that is used."""
    port = str(variables.get("voicebot_ssh_port", 22))
    if entered_by and port != entered_by:
        yield (
            f"voicebot_ssh_port: is {port}, but Ansible came in by {entered_by}, which would be closed: you would lock"
            f" yourself out; write voicebot_ssh_port: {entered_by}"
        )
    elif ssh_ports and port not in ssh_ports:
        yield (
            f"voicebot_ssh_port: is {port}, but the SSH daemon listens on {', '.join(ssh_ports)}, which would be"
            f" closed; write voicebot_ssh_port: {ssh_ports[0]}"
        )
    if not variables.get("firewall_ssh_from"):
        return
    networks, problems = _list_problems(variables, "firewall_ssh_from", "192.0.2.5 2001:db8:20::/48")
    yield from problems
    if operator and not problems and not any(_address(operator) in network for network in networks):
        here = _address(operator)
        yield f"firewall_ssh_from: lacks {here}, from which Ansible reaches the machine; add - {here}"


def _key_problems(variables: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, provider in ((f"voicebot_{key}_api_key", provider) for key, provider in KEYS.items()):
        value = variables.get(name)
        if not isinstance(value, str) or not value.strip():
            problems.append(f"{name}: is missing; put {provider}'s key into the inventory's vault: ansible-vault edit")
        elif re.search(r"\s", value):
            problems.append(f"{name}: holds a space or a line end; a key is one word, for instance 0123abcd")
    return problems


def _password_problems(variables: Mapping[str, Any]) -> list[str]:
    return [line for name in PASSWORDS for line in _one_password_problems(name, variables.get(name))]


def _one_password_problems(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, str) or not value:
        yield f"{name}: is missing; {VAULT_HINT}"
    elif len(value) < PASSWORD_MIN_CHARACTERS:
        yield f"{name}: is too short, {PASSWORD_MIN_CHARACTERS} characters at least; {VAULT_HINT}"
    elif not (value.isascii() and value.isprintable()) or " " in value:
        yield f"{name}: holds more than letters, digits and signs of ASCII; {VAULT_HINT}"


def _ami_problems(variables: Mapping[str, Any]) -> list[str]:
    username, secret = variables.get("voicebot_ami_username"), variables.get("voicebot_ami_secret")
    if username and not secret:
        return [f'voicebot_ami_secret: is missing; {VAULT_HINT}. Or voicebot_ami_username: "" to do without AMI']
    if username:
        return list(_one_password_problems("voicebot_ami_secret", secret))
    return []


def _mail_problems(variables: Mapping[str, Any]) -> Iterator[str]:
    """Of who is told of alerts, and of the mail server for that."""
    for name, shape, example in (
        ("voicebot_alert_recipients", EMAIL, "sav@example.com"),
        ("voicebot_alert_webhooks", WEBHOOK, "https://sms.example.com/alerts"),
    ):
        entries = variables.get(name, [])
        if not isinstance(entries, (list, tuple)):
            yield f"{name}: is no list; write [{example}]"
            continue
        for number, entry in enumerate(entries, 1):  # by its number: an address may hold a secret
            if not isinstance(entry, str) or not re.fullmatch(shape, entry):
                yield f"{name}: its entry {number} is no address of that kind; for instance {example}"
    if variables.get("voicebot_alert_recipients"):
        yield from _mail_server_problems(variables)


def _mail_server_problems(variables: Mapping[str, Any]) -> Iterator[str]:
    server, sender = variables.get("voicebot_mail_server"), variables.get("voicebot_mail_from")
    username, tls = variables.get("voicebot_mail_username"), variables.get("voicebot_mail_tls", True)
    # Alertmanager takes the brackets of an IPv6 address away, and then can't call it.
    if not isinstance(server, str) or not re.fullmatch(r"[A-Za-z0-9.-]+:[0-9]{1,5}", server):
        yield f"voicebot_mail_server: {server!r} is no name:port; for instance smtp.example.com:587"
    if not isinstance(sender, str) or not re.fullmatch(EMAIL, sender):
        yield f"voicebot_mail_from: {sender!r} is no e-mail address; for instance voicebot@example.com"
    if username and not variables.get("voicebot_mail_password"):
        yield "voicebot_mail_password: is missing; put it into the inventory's vault: ansible-vault edit"
    if not isinstance(tls, bool):
        yield f"voicebot_mail_tls: {tls!r} is neither true nor false"
    elif username and not tls and not str(server).endswith(":465"):
        yield (
            "voicebot_mail_username: passwords are sent over encrypted connections only; write voicebot_mail_tls: true,"
            " or leave the username out"
        )


def _other_problems(variables: Mapping[str, Any]) -> list[str]:
    problems = []
    email = variables.get("voicebot_pgadmin_email")
    if not isinstance(email, str) or not re.fullmatch(EMAIL, email):
        problems.append(f"voicebot_pgadmin_email: {email!r} is no e-mail address; for instance admin@example.com")
    port = variables.get("voicebot_ssh_port", 22)
    if not str(port).isdecimal() or not 1 <= int(port) <= 65535:
        problems.append(f"voicebot_ssh_port: {port!r} is no port; for instance 22")
    settings = variables.get("voicebot_settings", {})
    if not isinstance(settings, Mapping):
        problems.append("voicebot_settings: is no dictionary; for instance {MAX_CONCURRENT_CALLS: 40}")
    else:
        problems += [line for name, value in settings.items() for line in _setting_problems(name, value)]
    return problems


def _setting_problems(name: object, value: object) -> Iterator[str]:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        yield f"voicebot_settings: {name!r} is no setting's name; for instance MAX_CONCURRENT_CALLS (docs/settings.md)"
    elif isinstance(value, (Mapping, list)):
        yield f'voicebot_settings: {name} is a list or dictionary; lists are written with commas: {name}: "a,b"'
    elif isinstance(value, str) and "\n" in value:
        yield f"voicebot_settings: {name} holds a line end"


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """The filters, by name."""
        return {"inventory_problems": inventory_problems}
