"""A folder with a bare Debian 13 in it, as an installer leaves a server: made once and kept.

    VOICEBOT_LAB_CACHE (by default ${XDG_CACHE_HOME:-~/.cache}/voicebot-lab)
    └── appliance/
        ├── bare-RECIPE/      the root folder, complete or not there
        ├── bare.lock         held while somebody builds it
        ├── ansible-RECIPE/   Ansible with its collections, by pip
        ├── downloads/        packages that a host has fetched before (`gateway.py`), and pip's cache
        ├── images/           stand-in images (`images.py`)
        └── hosts/NAME/       what belongs to one running host, gone with it

It has what `Priority: required` and `important` bring, an SSH server, and the Python that Ansible needs at the other
end; no Docker, no firewall, no Python package. Every host gets a copy of its own.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.errors import VoicebotError
from tests.lab.asterisk_root import KEYRING, cache_dir, debian_mirror

SUITE = "trixie"
PACKAGES = ("dbus", "openssh-server", "python3", "systemd", "systemd-sysv")
"""Above Debian's required and important ones."""
BUILD_TIMEOUT_S = 1200.0
RECIPE_VERSION = "1"
"""Change it when `_finish` changes."""


def appliance_cache() -> Path:
    """Where the appliance's part of the laboratory keeps things."""
    return cache_dir() / "appliance"


def bare_root() -> Path:
    """The root folder; built when it is not there yet, which takes a minute or two.

    Raises:
        ConfigError: apt knows no Debian archive.
        VoicebotError: it can't be built; with the last lines of debootstrap.
    """
    cache = appliance_cache()
    recipe = hashlib.sha256(" ".join((SUITE, *PACKAGES, RECIPE_VERSION)).encode()).hexdigest()[:8]
    root = cache / f"bare-{recipe}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "bare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel frees it if we die
        if root.is_dir():
            return root
        for left in cache.glob("building-bare-*"):
            shutil.rmtree(left)
        building = Path(tempfile.mkdtemp(prefix="building-bare-", dir=cache))
        try:
            _debootstrap(building)
            _finish(building)
            building.rename(root)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return root


def _debootstrap(directory: Path) -> None:
    mirror = debian_mirror()
    print(f"building a bare Debian {SUITE} below {directory.parent}, once", flush=True)
    words = ["debootstrap", f"--include={','.join(PACKAGES)}"]
    words += [f"--keyring={KEYRING}"] if KEYRING.exists() else []
    log = directory.parent / "debootstrap.log"
    with log.open("w") as file:
        # A mount namespace of its own takes with it whatever debootstrap mounts, also when it is killed.
        done = subprocess.run(
            ["unshare", "--mount", *words, SUITE, str(directory), mirror],
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            check=False,
            timeout=BUILD_TIMEOUT_S,
        )
    if done.returncode != 0 or not (directory / "usr/sbin/sshd").exists():
        last = " / ".join(log.read_text(errors="replace").splitlines()[-3:])
        raise VoicebotError(f"debootstrap failed ({done.returncode}): {last}; all of it: {log}")
    directory.chmod(0o755)


def _finish(root: Path) -> None:
    """What an installer does after debootstrap, and the two things that a namespace needs to be taken for a machine."""
    shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    (root / "etc/machine-id").write_text("")  # systemd makes one at the first boot
    (root / "etc/network/interfaces").write_text("auto lo\niface lo inet loopback\n")
    (root / "etc/default/locale").write_text("LANG=C.UTF-8\n")
    # Outside /proc/sys/net nothing can be written, and systemd-sysctl would not start at all for that.
    drop_in = root / "etc/systemd/system/systemd-sysctl.service.d/laboratory.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Unit]\nConditionPathIsReadWrite=\nConditionPathIsReadWrite=/proc/sys/net\n")
