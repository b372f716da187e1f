"""One real PostgreSQL for the whole run, and fresh, migrated databases for every test that asks."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database


def run_apart(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Runs a coroutine on a loop of its own in a thread, whatever loop the test's thread has."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result(timeout=60)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server; its `db_clients` and `db_tickets` are migrated and empty: templates, never written to."""
    directory = Path(tempfile.mkdtemp(prefix="voicebot-test-"))
    server = EmbeddedPostgres(directory)

    async def prepare() -> None:
        await server.start()
        await migrate(server.clients_url, "clients")
        await migrate(server.tickets_url, "tickets")

    try:
        run_apart(prepare)
        yield server
    finally:
        run_apart(server.stop)
        shutil.rmtree(directory)


@asynccontextmanager
async def fresh_database(server: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """Address of a new copy of `template`, dropped afterwards whoever is still connected."""
    name = f"t_{uuid4().hex}"
    admin = await asyncpg.connect(server.url("postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield server.url(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def clients_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """An empty, migrated database of clients."""
    async with fresh_database(postgres, "db_clients") as url:
        yield url


@pytest.fixture
async def tickets_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """An empty, migrated database of tickets."""
    async with fresh_database(postgres, "db_tickets") as url:
        yield url


@pytest.fixture
async def clients_database(clients_url: str) -> AsyncIterator[Database]:
    """The same, opened."""
    async with Database(clients_url, name="clients") as database:
        yield database


@pytest.fixture
async def tickets_database(tickets_url: str) -> AsyncIterator[Database]:
    """The same, opened."""
    async with Database(tickets_url, name="tickets") as database:
        yield database
