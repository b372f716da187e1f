"""A folder with a real Asterisk in it, from Debian unstable.

Nobody writes into it once it is made: every server puts a layer of its own over it.
"""

import shutil
from pathlib import Path

from tests.lab.debian_root import DebianRoot, cache_dir


def asterisk_root() -> Path:
    """See `DebianRoot.built`."""
    return ASTERISK.built(cache_dir())


def _finish(root: Path) -> None:
    shutil.rmtree(root / "var/cache/apt", ignore_errors=True)


ASTERISK = DebianRoot(
    name="asterisk",
    called="an Asterisk",
    suite="sid",  # Debian 12 and 13 carry no Asterisk; unstable does
    variant="minbase",
    packages=("asterisk", "asterisk-modules", "ca-certificates"),
    proof="usr/sbin/asterisk",
    finish=_finish,
)
