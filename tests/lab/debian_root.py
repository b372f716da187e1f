"""Folders with a Debian in them, made once from the machine's own archive and kept.

VOICEBOT_LAB_CACHE (by default ${XDG_CACHE_HOME:-~/.cache}/voicebot-lab)
└── NAME-RECIPE/     a root folder, complete or not there
    NAME.lock        held while somebody builds it
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigError, VoicebotError
from app.locked_file import locked

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
BUILD_TIMEOUT_S = 1200.0
"""Some 120 MB to fetch; a minute or two on a common line."""


@dataclass(frozen=True)
class DebianRoot:
    """What one of them is made of.

    Attributes:
        name: of the folder, with a recipe behind it that changes when anything below does.
        called: what progress calls it, with the article.
        suite: of Debian.
        packages: above those of the variant.
        proof: a file that is there when it succeeded.
        finish: what is done to the folder then.
        version: change it when `finish` changes.
        variant: of debootstrap; "" has Debian's required and important packages.
    """

    name: str
    called: str
    suite: str
    packages: tuple[str, ...]
    proof: str
    finish: Callable[[Path], None]
    version: str = ""
    variant: str = ""

    def built(self, cache: Path) -> Path:
        """The root folder; built when it is not there yet, which takes a minute or two.

        Raises:
            ConfigError: apt knows no Debian archive.
            VoicebotError: it can't be built; with the last lines of debootstrap.
        """
        words = (self.suite, *self.packages, *filter(None, [self.version]))
        recipe = hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]
        root = cache / f"{self.name}-{recipe}"
        cache.mkdir(parents=True, exist_ok=True)
        with locked(
            cache / f"{self.name}.lock", BUILD_TIMEOUT_S, lambda: VoicebotError(f"somebody is building {root}")
        ):
            if root.is_dir():
                return root
            for left in cache.glob(f"building-{self.name}-*"):
                shutil.rmtree(left)
            building = Path(tempfile.mkdtemp(prefix=f"building-{self.name}-", dir=cache))
            try:
                self._debootstrap(building)
                self.finish(building)
                building.rename(root)
            finally:
                shutil.rmtree(building, ignore_errors=True)
        return root

    def _debootstrap(self, directory: Path) -> None:
        mirror = debian_mirror()
        print(f"building {self.called} of Debian {self.suite} below {directory.parent}, once", flush=True)
        words = ["debootstrap", f"--include={','.join(self.packages)}"]
        words += [f"--variant={self.variant}"] if self.variant else []
        words += [f"--keyring={KEYRING}"] if KEYRING.exists() else []
        log = directory.parent / f"debootstrap-{self.name}.log"
        with log.open("w") as file:
            # A mount namespace of its own takes with it whatever debootstrap mounts, also when it is killed.
            done = subprocess.run(
                ["unshare", "--mount", *words, self.suite, str(directory), mirror],
                stdout=file,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
                check=False,
                timeout=BUILD_TIMEOUT_S,
            )
        if done.returncode != 0 or not (directory / self.proof).exists():
            last = " / ".join(log.read_text(errors="replace").splitlines()[-3:])
            raise VoicebotError(f"debootstrap failed ({done.returncode}): {last}; all of it: {log}")
        directory.chmod(0o755)  # mkdtemp's 0700 would keep everybody but root out


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
