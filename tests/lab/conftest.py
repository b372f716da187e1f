"""One laboratory for all tests; they run on one loop, one after the other."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.lab.__main__ import ROOT_VARIABLE
from tests.lab.appliance.installation import Installation
from tests.lab.appliance.packets import Outcomes, table
from tests.lab.laboratory import Laboratory

TIMEOUT_S = 300
SEEN = pytest.StashKey[dict[str, Outcomes]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests share the laboratory's loop; calls take their time."""
    for item in items:
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def laboratory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Laboratory]:
    """Two Asterisk servers and a bot, running."""
    if ROOT_VARIABLE not in os.environ:
        pytest.fail("this runs in namespaces of its own: make lab, or python -m tests.lab FILE", pytrace=False)
    async with Laboratory(tmp_path_factory.mktemp("laboratory")) as laboratory:
        yield laboratory


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[Installation]:
    """A host for the appliance, bare at first; one for all tests."""
    if ROOT_VARIABLE not in os.environ:
        pytest.fail("this runs in namespaces of its own: make lab, or python -m tests.lab FILE", pytrace=False)
    async with Installation.on_bare_host() as site:
        yield site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def appliance(site: Installation) -> Installation:
    """The same host, installed: by `test_site.py` for files that sort behind it, or here if that does not run."""
    if not await site.run("readlink /opt/voicebot/current", check=False):
        play = await site.play()
        assert play.code == 0, play.said[-4000:]
    return site


@pytest.fixture(scope="session")
def seen(pytestconfig: pytest.Config) -> dict[str, Outcomes]:
    """What packets came to, by what had happened to the host before; a table of it ends the report."""
    return pytestconfig.stash.setdefault(SEEN, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table."""
    if found := config.stash.get(SEEN, None):
        terminalreporter.section("packets: A the Asterisk, D an administrator, S a stranger; small: turned away")
        for line in table(found):
            terminalreporter.write_line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the forty calls are held."""
    parser.addoption("--lab-minutes", type=float, default=1.0, help="minutes of forty calls at once (10 for a proof)")
