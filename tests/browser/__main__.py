"""The dashboard in a real browser: `make browser`, or `python -m tests.browser [WHAT FOR pytest]`.

    python -m tests.browser                            all of its tests, over a month of calls
    python -m tests.browser tests/browser/test_sound.py
    python -m tests.browser measure                    how quick the pages are with 100 000 tickets, as a table and JSON
    python -m tests.browser missing                    names the packages that must be installed first

Runs in the dashboard's environment (`make setup` makes both). Pictures of every page are in browser-results/pictures.
"""

import subprocess
import sys

from app.errors import VoicebotError
from tests.browser.tools import check_tools, missing_packages


def main(words: list[str]) -> int:
    """Does what was asked for."""
    if words == ["missing"]:
        print(" ".join(missing_packages()))
        return 0
    try:
        check_tools()
    except VoicebotError as error:
        print(f"browser: {error}", file=sys.stderr)
        return 2
    if words[:1] == ["measure"]:
        return subprocess.call([sys.executable, "-m", "tests.browser.measure", *words[1:]])
    return subprocess.call([sys.executable, "-m", "pytest", *(words or ["tests/browser"])])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
