"""Whether the databases answer, asked regularly: without calls nobody else would notice that one is away."""

import asyncio
from collections.abc import Mapping

from app.ops import metrics
from app.store.pool import Database

INTERVAL_S = 5.0


async def watch_databases(databases: Mapping[str, Database], interval_s: float = INTERVAL_S) -> None:
    """Tells for ever whether each answers within 1 s (`voicebot_database_up`), and after what time.

    Args:
        databases: by what their series are called, "clients" and "tickets".
        interval_s: between two looks.
    """
    while True:
        await asyncio.gather(*(_look(name, database) for name, database in databases.items()))
        await asyncio.sleep(interval_s)


async def _look(name: str, database: Database) -> None:
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    up = await database.ping()
    metrics.DATABASE_UP.labels(name).set(up)
    metrics.DATABASE_PING_S.labels(name).set(loop.time() - asked_s)
