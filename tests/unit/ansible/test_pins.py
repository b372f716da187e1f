"""Two ways to the same collections: the versions that Galaxy is asked for are those that the pip package brings."""

import re
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
