"""A database that is away shows without any call; one that comes back shows too."""

import asyncio
import socket
from contextlib import suppress

from app.call.database_watch import watch_databases
from app.ops import metrics
from app.store.pool import Database
from tests.integration.house import Ground, on_uvloop, until


def told(metric: str, database: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(f"voicebot_database_{metric}", {"database": database})


@on_uvloop
async def test_each_database_is_told_by_itself(ground: Ground) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and never listens
        port = deaf.getsockname()[1]
        async with (
            Database(ground.clients_url) as clients,
            Database(f"postgresql://voicebot@127.0.0.1:{port}/db") as tickets,
        ):
            watching = asyncio.create_task(watch_databases({"near": clients, "away": tickets}, interval_s=0.01))
            await until(lambda: told("ping_seconds", "away") is not None, "both were asked")
            await until(lambda: told("ping_seconds", "near") is not None, "both were asked")
            assert (told("up", "near"), told("up", "away")) == (1, 0)
            await clients.close()
            await until(lambda: told("up", "near") == 0, "the first is away, too")
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


@on_uvloop
async def test_a_database_that_comes_back_is_seen(ground: Ground) -> None:
    """What listens only later, as a PostgreSQL that is started again: here a wire to the real one."""
    directory = ground.clients_url.partition("?host=")[2]

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(f"{directory}/.s.PGSQL.5432")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while piece := await source.read(65536):
                sink.write(piece)
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True)

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = ground.clients_url.partition("?")[0].replace("@/", f"@127.0.0.1:{deaf.getsockname()[1]}/")
        async with Database(url) as database:
            watching = asyncio.create_task(watch_databases({"back": database}, interval_s=0.01))
            await until(lambda: told("up", "back") == 0, "it is away")
            async with await asyncio.start_server(pass_on, sock=deaf.dup()):
                await until(lambda: told("up", "back") == 1, "it is back")
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                await database.close()
