import re
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import app
from app.commands.load import levels_of
from app.errors import ConfigError


def test_levels_are_the_ramp_or_one_number() -> None:
    assert levels_of(30, "") == (30,)
    assert levels_of(30, "10,25, 50") == (10, 25, 50)


@pytest.mark.parametrize("ramp", ["10,10", "0,5", "50,25", "ten", "10,,20", "10,2001"])
def test_a_ramp_that_is_none(ramp: str) -> None:
    with pytest.raises(ConfigError, match="--ramp"):
        levels_of(30, ramp)


def test_every_option_is_told_and_no_other() -> None:
    command = get_command(app).commands["load"]  # type: ignore[attr-defined]
    there = {option for parameter in command.params for option in parameter.opts}
    page = Path("docs/load.md").read_text(encoding="utf-8").partition("## What is measured")[0]
    rows = "\n".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `-"))
    told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rows)) | {"--yes-really"}
    assert told == there - {"--help", "-h"}
