"""What must be green before a change lands leaves no folder of tests out, though it runs them in parts."""

import re
import tomllib
from pathlib import Path


def test_every_folder_of_tests_runs_before_a_change_lands() -> None:
    settings = tomllib.loads(Path("pyproject.toml").read_text())
    wanted = set(settings["tool"]["pytest"]["ini_options"]["testpaths"])
    run = re.sub(r"#.*", "", Path(".ci/run").read_text())
    recipe = re.search(r"^coverage:.*\n((?:\t.*\n)+)", Path("Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert "make coverage" in run
    assert wanted - set(re.findall(r"tests/\w+", run + recipe[1])) == set()
