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

import shutil
from pathlib import Path

from tests.lab.debian_root import DebianRoot, cache_dir


def appliance_cache() -> Path:
    """Where the appliance's part of the laboratory keeps things."""
    return cache_dir() / "appliance"


def bare_root() -> Path:
    """See `DebianRoot.built`."""
    return BARE.built(appliance_cache())


def _finish(root: Path) -> None:
    """What an installer does after debootstrap, and what a namespace needs to be taken for a machine."""
    shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    (root / "etc/machine-id").write_text("")  # systemd makes one at the first boot
    (root / "etc/network/interfaces").write_text("auto lo\niface lo inet loopback\n")
    (root / "etc/default/locale").write_text("LANG=C.UTF-8\n")
    # Outside /proc/sys/net nothing can be written, and systemd-sysctl would not start at all for that.
    drop_in = root / "etc/systemd/system/systemd-sysctl.service.d/laboratory.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Unit]\nConditionPathIsReadWrite=\nConditionPathIsReadWrite=/proc/sys/net\n")
    # Everybody knocks at every address at once, again and again, and nobody logs in: sshd would turn some away at
    # random (MaxStartups), and then all that come from there (PerSourcePenalties).
    patient = root / "etc/ssh/sshd_config.d/laboratory.conf"
    patient.write_text("MaxStartups 200\nPerSourcePenalties no\n")


BARE = DebianRoot(
    name="bare",
    called="a bare system",
    suite="trixie",
    packages=("dbus", "openssh-server", "python3", "systemd", "systemd-sysv"),
    proof="usr/sbin/sshd",
    finish=_finish,
    version="2",
)
