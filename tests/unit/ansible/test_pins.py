"""Pins that stand in several places agree: collections by pip and by Galaxy, packages here and on the appliance."""

import re
import tomllib
from pathlib import Path

import yaml

ANSIBLE = Path("ansible")
BROUGHT = {
    "12.3.0": {"ansible.posix": "2.1.0", "community.docker": "4.8.5", "community.general": "11.4.2"},
}
"""By version of the package `ansible` (its `ansible-galaxy collection list`): what of it is used here."""


def pinned_package() -> str:
    lines = (ANSIBLE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (pin,) = [line for line in lines if line and not line.startswith("#")]
    name, version = pin.split("==")
    assert name == "ansible"
    return version


def test_galaxy_is_asked_for_what_the_package_brings() -> None:
    asked = yaml.safe_load((ANSIBLE / "collections/requirements.yml").read_text(encoding="utf-8"))
    assert {entry["name"]: entry["version"] for entry in asked["collections"]} == BROUGHT[pinned_package()]


def test_every_collection_that_is_used_is_pinned() -> None:
    used = set()
    for path in ANSIBLE.rglob("*.yml"):
        used |= set(
            re.findall(
                r"\b(community\.[a-z_]+|ansible\.(?!builtin)[a-z_]+)\.[a-z_0-9]+:", path.read_text(encoding="utf-8")
            )
        )
    assert used <= set(BROUGHT[pinned_package()])
    assert "community.docker" in used


def locked(file: str) -> set[str]:
    """Packages of a lock, with versions."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if "==" in line}


def test_the_appliance_gets_every_package_that_the_server_needs() -> None:
    """Nothing but what it installs would tell: a release is made without resolving anything anew."""
    needs = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[\[<>=!~; ]", need)[0].lower() for need in needs}
    production = locked("requirements-prod.lock")
    assert names <= {entry.partition("==")[0] for entry in production}
    assert production | locked("requirements-build.lock") <= locked("requirements.lock")
