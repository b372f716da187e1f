"""The file that says who may reach what."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from app.errors import ConfigError
from app.firewall.table import Container, Table, parse_table, read_table

GOOD = """
administrators: [203.0.113.20, "2001:db8:1::/64", 203.0.113.20/32]
inside: [docker0, br-voicebot]
containers:
  - {name: grafana, addresses: [172.30.90.21, "fd90:7aa5:9090::21"], port: 3000}
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_table(text, "firewall.yaml")
    return caught.value.problems


def test_a_good_file_is_read_without_doubles() -> None:
    assert parse_table(GOOD, "firewall.yaml") == Table(
        administrators=(ip_network("203.0.113.20/32"), ip_network("2001:db8:1::/64")),
        inside=("docker0", "br-voicebot"),
        containers=(Container("grafana", (ip_address("172.30.90.21"), ip_address("fd90:7aa5:9090::21")), 3000),),
    )


def test_nobody_may_administer_and_no_container_may_be_reached() -> None:
    table = parse_table("{administrators: [], inside: [], containers: [], ufw: false}", "firewall.yaml")
    assert table == Table((), (), (), ufw=False)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("203.0.113.20, ", '"10.0.0.1,10.0.0.2", '), "administrators: '10.0.0.1,10.0.0.2' is no address or network"),
        (("203.0.113.20, ", "office.example.org, "), "'office.example.org' is no address or network"),
        (("203.0.113.20, ", "0.0.0.0/0, "), "'0.0.0.0/0' is everybody"),
        (("203.0.113.20, ", '"::/0", '), "'::/0' is everybody"),
        (("[docker0, br-voicebot]", "docker0"), "inside is a list such as [docker0, br-voicebot], not 'docker0'"),
        (
            ("inside: [docker0, br-voicebot]", ""),
            "inside is missing; write for instance inside: [docker0, br-voicebot]",
        ),
        (("[docker0,", "[averyverylongname,"), "'averyverylongname' is no name of a bridge"),
        (("[docker0,", '["docker0 -j ACCEPT",'), "is no name of a bridge"),
        (("[docker0,", '["br-+",'), "'br-+' is no name of a bridge"),
        (("172.30.90.21,", "172.30.90.0/24,"), "container grafana: '172.30.90.0/24' is no address"),
        (("port: 3000", "port: 70000"), "container grafana: 70000 is no port"),
        (("port: 3000", "port: true"), "container grafana: True is no port"),
        (("name: grafana", "name: it's mine"), "is no name"),
        ((", port: 3000", ""), "containers: write {name: grafana"),
        (("inside:", "outside:"), "unknown key 'outside'"),
        (("inside:", "ufw: maybe\ninside:"), "ufw is true or false, not 'maybe'"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(change: tuple[str, str], named: str) -> None:
    assert change[0] in GOOD
    assert named in "\n".join(problems_of(GOOD.replace(*change)))


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems_of("{administrators: 10.0.0.1, inside: [a b], containers: [x]}")) == 3


@pytest.mark.parametrize("text", ["", "administrators", "[1, 2]", "{a: ]"])
def test_what_is_no_table_is_refused(text: str) -> None:
    assert "firewall.yaml" in problems_of(text)[0]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no file .*firewall\.yaml: the role `firewall` writes it"):
        read_table(tmp_path / "firewall.yaml")
