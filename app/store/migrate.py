"""Brings a database to the newest schema: numbered files of SQL, each applied once, in order.

`migrations/clients/0001_clients.sql` is version 1 of the clients' database, and so on. A file that was
published is never edited: a change is a new file.
"""

import asyncio
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import asyncpg

from app.errors import StoreError
from app.store.pool import one_line

DatabaseName = Literal["clients", "tickets"]

FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")
LOCK_KEY = 0x766F6963  # "voic": any number that no other program of these databases uses
LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file.

    Attributes:
        version: from its name, 1 up.
        name: the file's name.
        sql: its text, any number of statements.
    """

    version: int
    name: str
    sql: str


def migrations(database: DatabaseName) -> list[Migration]:
    """All files of one database, in order."""
    found = []
    for file in files("app.store").joinpath("migrations", database).iterdir():
        if match := FILE_NAME.fullmatch(file.name):
            found.append(Migration(int(match[1]), file.name, file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


async def migrate(url: str, database: DatabaseName, *, deadline_s: float = 60.0) -> list[str]:
    """Applies what is missing and returns the names of what was applied; [] when there was nothing to do.

    Two migrators at once are safe: the second waits for the first, and then finds nothing to do.

    Raises:
        StoreError: the database is away, refuses a file (which is then rolled back whole), or took too long.
    """
    doing = "connecting"
    try:
        async with asyncio.timeout(deadline_s):
            connection = await asyncpg.connect(url, server_settings={"application_name": "voicebot migrate"})
            try:
                applied: list[str] = []
                # A lock of the session: it goes with the connection, however this ends.
                await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
                await connection.execute(LEDGER)
                done = dict(await connection.fetch("SELECT version, name FROM schema_migrations"))
                for migration in migrations(database):
                    if done.get(migration.version, migration.name) != migration.name:
                        raise StoreError(f"this is no database of {database}: it has {done[migration.version]}")
                    if migration.version in done:
                        continue
                    doing = migration.name
                    async with connection.transaction():
                        await connection.execute(migration.sql)
                        await connection.execute(
                            "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)",
                            migration.version,
                            migration.name,
                        )
                    applied.append(migration.name)
                return applied
            finally:
                connection.terminate()
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreError(f"migrating the database of {database}: {doing}: {one_line(error)}") from error
