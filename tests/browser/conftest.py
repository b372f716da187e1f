"""One PostgreSQL, one dashboard and one Chromium for all of these tests; a window for each."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from playwright.sync_api import Browser

from tests.browser.house import Dashboard, Data, dashboard, history
from tests.browser.screen import DESK, Screen, Visit, browser, visit

DAYS = 30
DIRECTORY = Path("var/browser").resolve()
STRANGER, COLLEAGUE, PROXY = "127.0.0.2", "127.0.0.3", "127.0.0.9"
"""Addresses of this machine that connections come from: refused, allowed, and one that passes others on."""
T = TypeVar("T")
Look = Callable[..., Visit]


@pytest.fixture(scope="session")
def data() -> Iterator[Data]:
    """A month of calls."""
    with history(DIRECTORY, DAYS) as made:
        yield made


@pytest.fixture(scope="session")
def house(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard over it."""
    settings = {"PERSONAL_IP": f"127.0.0.1,{COLLEAGUE}", "TRUSTED_PROXIES": PROXY}
    with dashboard(data, tmp_path_factory.mktemp("dashboard"), **settings) as running:
        yield running


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """Debian's Chromium."""
    with browser() as started:
        yield started


@pytest.fixture
def look(chrome: Browser, house: Dashboard) -> Iterator[Look]:
    """Opens windows: `look(TELEPHONE, user=READER)`."""
    with ExitStack() as stack:

        def open_window(screen: Screen = DESK, **how: Any) -> Visit:
            return stack.enter_context(visit(chrome, house, screen, **how))

        yield open_window


@pytest.fixture
def sql(data: Data) -> Callable[..., list[Any]]:
    """Runs a statement as the owner of the databases: `sql("SELECT …", 1, database="db_clients")`."""

    def run(statement: str, *arguments: object, database: str = "db_tickets", user: str | None = None) -> list[Any]:
        url = data.postgres.url(database)
        return apart(_fetch(url if user is None else url.replace("postgres@", f"{user}@"), statement, arguments))

    return run


async def _fetch(url: str, statement: str, arguments: tuple[object, ...]) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Runs it in a thread of its own: in this one Playwright's loop runs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
