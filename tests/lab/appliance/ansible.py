"""Ansible as an operator has it who got it by pip: the package that bundles the collections, in a place of its own."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from app.errors import VoicebotError
from app.locked_file import locked
from tests.lab.appliance.bare_root import appliance_cache

REQUIREMENTS = Path(__file__).parents[3] / "ansible" / "requirements.txt"
PROGRAMS = ("ansible", "ansible-playbook", "ansible-galaxy", "ansible-inventory", "ansible-vault")
INSTALL_TIMEOUT_S = 900.0


def ansible_bin() -> Path:
    """The directory of its programs; installed when they are not there yet, which takes a minute and half a gigabyte.

    Raises:
        VoicebotError: pip failed; with the last lines of what it wrote.
    """
    cache = appliance_cache()
    cache.mkdir(parents=True, exist_ok=True)
    pinned = REQUIREMENTS.read_text()
    version = ".".join(map(str, sys.version_info[:2]))
    place = cache / f"ansible-{hashlib.sha256(f'{pinned} {version}'.encode()).hexdigest()[:8]}"
    lock = cache / "ansible.lock"
    with locked(lock, 2 * INSTALL_TIMEOUT_S, lambda: VoicebotError(f"{lock}: another run still installs Ansible")):
        if not (place / "complete").exists():
            print(f"installing Ansible and its collections below {cache}, once", flush=True)
            _must([sys.executable, "-m", "venv", "--clear", str(place)])
            _must([str(place / "bin/python"), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)])
            (place / "complete").touch()
    return place / "bin"


def write_programs(directory: Path, inventory: Path) -> None:
    """Writes the programs' twins that know the inventory.

    The connection hands its environment to the host as it is; an operator's ends at SSH. So theirs is an empty one.

    Raises:
        VoicebotError: as `ansible_bin`.
    """
    there = ansible_bin()
    directory.mkdir(exist_ok=True)
    path = f"{there}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    for program in PROGRAMS:
        words = ["env", "-i", f"PATH={path}", f"HOME={directory}", "LANG=C.UTF-8", "ANSIBLE_NOCOWS=1"]
        words += [f"ANSIBLE_INVENTORY={inventory}", "ANSIBLE_FORCE_COLOR=0"]
        twin = directory / program
        twin.write_text(f'#!/bin/sh\nexec {shlex.join(words)} {shlex.quote(str(there / program))} "$@"\n')
        twin.chmod(0o755)


def changed(recap: str) -> dict[str, int]:
    """The counters of a play's last line, for one host: ok, changed, unreachable, failed, skipped, rescued, ignored.

    Raises:
        VoicebotError: there is no such line.
    """
    found = re.findall(r"^\S+\s+: (ok=.*)$", recap, flags=re.MULTILINE)
    if not found:
        raise VoicebotError(f"Ansible came to no recap: {recap[-1000:]}")
    return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", found[-1])}


def _must(words: list[str]) -> None:
    done = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=INSTALL_TIMEOUT_S,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if done.returncode != 0:
        raise VoicebotError(f"{shlex.join(words)}: {done.stdout.strip()[-800:]}")
