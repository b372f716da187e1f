"""Programs and fonts of the system that the browser's tests need, and the packages that bring them."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from app.errors import ConfigError

PROGRAMS = {"chromium": "chromium", "nginx": "nginx", "openssl": "openssl"}
FONTS = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf": "fonts-noto-color-emoji",
}
"""Without them a screenshot shows boxes where a supervisor sees words and faces."""


def missing_packages(programs: Iterable[str] = PROGRAMS) -> list[str]:
    """Debian packages of programs and fonts that are not there; sorted."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # without a login, root's PATH may lack these two
    found = {PROGRAMS[program] for program in programs if shutil.which(program, path=path) is None}
    return sorted(found | {package for font, package in FONTS.items() if not Path(font).is_file()})


def check_tools(programs: Iterable[str] = PROGRAMS) -> None:
    """Makes sure that they are there.

    Raises:
        ConfigError: something is missing; it says what to do.
    """
    if packages := missing_packages(programs):
        raise ConfigError([f"missing: apt-get install --no-install-recommends {' '.join(packages)}"])


def chromium() -> str:
    """The path of Debian's Chromium.

    Raises:
        ConfigError: as `check_tools`.
    """
    check_tools(["chromium"])
    return str(shutil.which("chromium"))
