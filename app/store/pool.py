"""One database as the calls see it: every operation bounded in time, every failure a `StoreError`.

A pool of asyncpg with its edges taken off:

* asyncpg's own bounds leave out the wait for a free connection and the hand-back of one whose query was cut
  off, which on a frozen server is for ever: here one deadline spans everything, and a connection that missed
  it is thrown away, not handed back.
* No floor of connections (`min_size=0`): nothing connects before the first query, so a server that is away at
  start stops nothing, and asyncpg's background task that logs a traceback for each failed attempt never runs.
* Builtin `TimeoutError` is an `OSError`: both become `StoreError`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlsplit

import asyncpg

from app.errors import ConfigError, StoreError

LOOKUP_S = 1.0
"""What a caller can wait for while the bot says its first sentence."""
SAVE_S = 5.0
"""What the end of a call may take before the ticket stays in the spool."""
CLOSE_S = 2.0
POOL_SIZE = 8
MESSAGE_MAX_CHARACTERS = 300


class RefusedError(StoreError):
    """The database is there and will never take this: trying again is useless."""


class Database:
    """A lazy, bounded pool of connections to one PostgreSQL database.

    Args:
        url: "postgresql://user:password@host:port/name" or with "?host=/directory/of/the/socket".
        name: how errors call it, "clients" or "tickets".
        pool_size: most connections at once; more callers wait, within their own deadline.

    Raises:
        ConfigError: `url` is no address of a PostgreSQL database.
    """

    def __init__(self, url: str, *, name: str = "database", pool_size: int = POOL_SIZE) -> None:
        _check_url(url, name)
        self.name = name
        self._url = url
        self._pool_size = pool_size
        self._pool: asyncpg.Pool | None = None
        self._closed = False
        self._healthy: bool | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    @property
    def healthy(self) -> bool:
        """Whether the last operation reached the database; False before the first."""
        return self._healthy is True

    async def ping(self, within_s: float = LOOKUP_S) -> bool:
        """Asks the database for a sign of life; never raises."""
        try:
            await self.fetchrow("SELECT 1", within_s=within_s)
        except StoreError:
            return False
        return True

    async def fetch(self, sql: str, *arguments: object, within_s: float = LOOKUP_S) -> Sequence[asyncpg.Record]:
        """Runs one statement and returns its rows.

        Raises:
            RefusedError: the arguments break a constraint or can't be stored.
            StoreError: the database is away, slow, or does not know what we talk about.
        """
        async with self.acquire(within_s) as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(sql, *arguments)
        return rows

    async def fetchrow(self, sql: str, *arguments: object, within_s: float = LOOKUP_S) -> asyncpg.Record | None:
        """The first row, or None; raises as `fetch`."""
        rows = await self.fetch(sql, *arguments, within_s=within_s)
        return rows[0] if rows else None

    @asynccontextmanager
    async def acquire(self, within_s: float) -> AsyncIterator[Any]:
        """Lends an asyncpg connection; wait, work and hand-back together take at most `within_s`.

        Raises:
            StoreError: as `fetch`; whatever asyncpg raises inside the block arrives as one.
        """
        try:
            async with asyncio.timeout(within_s):
                pool = await self._opened()
                connection = await pool.acquire()
                try:
                    yield connection
                    await pool.release(connection)
                except BaseException as error:
                    # A broken transaction can be reset; a query cut off half-way can't be waited for.
                    if not isinstance(error, asyncpg.PostgresError):
                        connection.terminate()
                    await pool.release(connection)
                    raise
            self._healthy = True
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            self._healthy = True
            raise RefusedError(f"{self.name}: {one_line(error)}") from error
        except TimeoutError as error:
            self._healthy = False
            raise StoreError(f"{self.name}: no answer within {within_s:g} s") from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            self._healthy = False
            raise StoreError(f"{self.name}: {one_line(error)}") from error

    async def close(self) -> None:
        """Closes the connections, by force after 2 s; never raises. Later operations raise `StoreError`."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await pool.close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pool.terminate()

    async def _opened(self) -> asyncpg.Pool:
        if self._closed:
            raise asyncpg.InterfaceError("closed")
        if self._pool is None:
            self._pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._pool_size,
                init=_speak_json,
                reset=_keep_as_is,
                server_settings={"application_name": "voicebot"},
            )
        # Awaiting a pool with no floor connects nothing; done twice it returns at once.
        await self._pool
        return self._pool


def one_line(error: BaseException | str) -> str:
    """What an error says, on one line of bounded length, never empty."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:MESSAGE_MAX_CHARACTERS]


def _check_url(url: str, name: str) -> None:
    """asyncpg reads the address only when it first connects, which is too late to tell the operator."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("postgresql", "postgres") and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        # The address itself stays out of the message: it may hold a password.
        raise ConfigError([f"address of the database {name}: not of the form postgresql://user@host:port/name"])


async def _speak_json(connection: Any) -> None:
    # asyncpg gives and takes jsonb as text unless told otherwise, connection by connection.
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def _keep_as_is(connection: Any) -> None:
    """asyncpg's own reset costs a round trip a query; no statement of ours leaves anything in a session."""
