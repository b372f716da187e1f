"""Files beside these modules."""

from pathlib import Path


def asset(name: str) -> str:
    """The text of one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
