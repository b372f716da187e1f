"""A folder with a real Asterisk in it, made once from Debian unstable and kept.

    VOICEBOT_LAB_CACHE (by default ${XDG_CACHE_HOME:-~/.cache}/voicebot-lab)
    └── asterisk-RECIPE/    the root folder, complete or not there
        asterisk.lock       held while somebody builds it

Nobody writes into it afterwards: every server puts a layer of its own over it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.errors import ConfigError, VoicebotError

SUITE = "sid"
"""Debian 12 and 13 carry no Asterisk; unstable does."""
PACKAGES = ("asterisk", "asterisk-modules", "ca-certificates")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
BUILD_TIMEOUT_S = 900.0
"""Some 120 MB to fetch; a minute on a common line."""


def cache_dir() -> Path:
    """Where things are kept that take long to make."""
    if named := os.environ.get("VOICEBOT_LAB_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voicebot-lab"


def debian_mirror() -> str:
    """The address of the Debian archive that this machine's own apt uses; VOICEBOT_LAB_MIRROR goes before it.

    Raises:
        ConfigError: apt knows none, as on Ubuntu.
    """
    if named := os.environ.get("VOICEBOT_LAB_MIRROR"):
        return named
    of_debian = ("Created-By: Packages", "Origin: Debian", "Label: Debian")
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", *of_debian],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stdout.split()
    if not listed:
        raise ConfigError(
            ["apt knows no Debian archive: run apt-get update, or give the address of one in VOICEBOT_LAB_MIRROR"]
        )
    return listed[0].rstrip("/")


def asterisk_root() -> Path:
    """The root folder; built when it is not there yet, which takes a minute or two.

    Raises:
        ConfigError: apt knows no Debian archive.
        VoicebotError: it can't be built; with the last lines of debootstrap.
    """
    cache = cache_dir()
    recipe = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:8]
    root = cache / f"asterisk-{recipe}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "asterisk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel frees it if we die
        if root.is_dir():
            return root
        for left in cache.glob("building-*"):
            shutil.rmtree(left)
        building = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
        try:
            _debootstrap(building)
            building.rename(root)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return root


def _debootstrap(directory: Path) -> None:
    mirror = debian_mirror()
    print(f"building an Asterisk of Debian {SUITE} below {directory.parent}, once", flush=True)
    words = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
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
    if done.returncode != 0 or not (directory / "usr/sbin/asterisk").exists():
        last = " / ".join(log.read_text(errors="replace").splitlines()[-3:])
        raise VoicebotError(f"debootstrap failed ({done.returncode}): {last}; all of it: {log}")
    directory.chmod(0o755)  # mkdtemp's 0700 would keep Asterisk's own user out
    shutil.rmtree(directory / "var/cache/apt", ignore_errors=True)
