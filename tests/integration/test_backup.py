"""`voicebot backup` with a real PostgreSQL: made, listed, tried, restored, and everything that may go wrong."""

import asyncio
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.backup.names import name_of
from app.backup.plan import DatabasePlace
from app.backup.postgres import DatabaseServer, missing_roles
from app.errors import StoreError
from app.store.embedded import EmbeddedPostgres, _binaries
from app.store.pool import Database
from app.store.tickets import Ticket, Tickets

ROOT = Path(__file__).parents[2]
KEY = "dg-very-secret"
TABLES = {
    "clients": "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM clients AS t",
    "tickets": "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM tickets AS t",
}


TICKETS = r"""
INSERT INTO tickets (call_uuid, started_at, duration_seconds, summary, transcript)
SELECT gen_random_uuid(), timestamptz '2026-11-01 08:00:00.123456+01' + n * interval '1 minute', n / 7.0,
    E'« n° ' || n || E' »\n\t\\', jsonb_build_array(jsonb_build_object('text', 'Bonjour !', 'at_s', n / 3.0))
FROM generate_series(1, 30) AS n
"""
CLIENTS = """
INSERT INTO clients (first_name, last_name, phone)
SELECT 'Zoé', 'Lefèvre', '+3361234' || 1000 + n FROM generate_series(1, 50) AS n
"""


@dataclass(frozen=True)
class Site:
    """A machine to back up: two databases with something in them, recordings, configuration."""

    folder: Path
    urls: dict[str, str]
    admin_url: str
    reach: list[str]

    @property
    def shelf(self) -> Path:
        return self.folder / "backups"

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    @property
    def databases(self) -> dict[str, str]:
        """By kind, the database's name."""
        return {kind: url.partition("@/")[2].partition("?")[0] for kind, url in self.urls.items()}

    def plan(self, **changes: Any) -> Path:
        """Writes the plan."""
        newer = {"clients": {"clients": "phone"}, "tickets": {"tickets": "call_uuid"}}
        places = [{"name": name, "reach": self.reach, "newer": newer[kind]} for kind, name in self.databases.items()]
        content = {
            "directory": str(self.shelf),
            "databases": places,
            "recordings": str(self.recordings),
            "configuration": [str(self.folder / "etc")],
            "metrics": str(self.folder / "voicebot-backup.prom"),
            "deadline_s": 60,
            "wait_s": 0,
        }
        file = self.folder / "backup.yaml"
        file.write_text(yaml.safe_dump(content | changes))
        return file

    def voicebot(self, *words: str, limit: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
        """The command as it is typed; the plan must be written."""
        return subprocess.run(
            [sys.executable, "-m", "app", "backup", *words, "--plan", str(self.folder / "backup.yaml")],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "80"},
            preexec_fn=limit,
        )

    def made(self) -> Path:
        """A backup that succeeds."""
        before = self.names()
        done = self.voicebot("run")
        succeeded(done)
        (name,) = set(self.names()) - set(before)
        return self.shelf / name

    def names(self) -> list[str]:
        """What is in the directory but the lock."""
        if not self.shelf.exists():
            return []
        return sorted(entry.name for entry in self.shelf.iterdir() if entry.name != ".lock")

    def metrics(self) -> dict[str, float]:
        """What node exporter would tell."""
        text = (self.folder / "voicebot-backup.prom").read_text()
        return {
            sample.name.removeprefix("voicebot_"): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def content(self) -> dict[str, tuple[int, str]]:
        """Rows and checksum of both tables, counted by PostgreSQL itself."""
        rows = {kind: self.sql(TABLES[kind], url)[0] for kind, url in self.urls.items()}
        return {kind: (row[0], row[1]) for kind, row in rows.items()}

    def sql(self, statement: str, url: str | None = None) -> list[Any]:
        """Rows of a statement, by default in another database of the server."""

        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(url or self.admin_url)
            try:
                return list(await connection.fetch(statement))
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(fetch())).result(timeout=60)


def succeeded(done: subprocess.CompletedProcess[str]) -> None:
    """It said nothing of a failure."""
    assert done.stderr == ""
    assert done.returncode == 0


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one clear line of a failure."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("voicebot: ")
    return line.removeprefix("voicebot: ")


@pytest.fixture
def site(postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Site]:
    names = {kind: f"t_{uuid4().hex}" for kind in ("clients", "tickets")}
    urls = {kind: postgres.url(name) for kind, name in names.items()}
    socket = urls["clients"].partition("host=")[2]
    reach = ["env", f"PGHOST={socket}", "PGUSER=postgres", f"PATH={_binaries()}:{os.environ['PATH']}"]
    site = Site(tmp_path, urls, postgres.url("postgres"), reach)
    for kind, name in names.items():
        site.sql(f"CREATE DATABASE {name} TEMPLATE db_{kind}")
    try:
        site.sql(TICKETS, urls["tickets"])
        site.sql(CLIENTS, urls["clients"])
        site.recordings.mkdir()
        (site.recordings / "call_a.raw").write_bytes(os.urandom(50_000))
        (site.recordings / "call_a.json").write_text("{}")
        (site.recordings / "old.raw").write_bytes(b"old")
        os.utime(site.recordings / "old.raw", (time.time() - 8 * 86_400,) * 2)
        (site.folder / "etc/credentials").mkdir(parents=True)
        (site.folder / "etc/credentials/deepgram_api_key").write_text(KEY)
        (site.folder / "etc/voicebot.env").write_text(
            f'MAX_CONCURRENT_CALLS="40"\nOPENAI_API_KEY="{KEY}"\nTICKETS_DATABASE_URL="postgresql://voicebot:{KEY}@10.0.0.1/db"\n'
        )
        site.plan()
        yield site
    finally:
        ours = "|".join(["^voicebot_", *names.values()])
        for row in site.sql(f"SELECT datname FROM pg_database WHERE datname ~ '{ours}'"):
            site.sql(f'DROP DATABASE "{row["datname"]}" WITH (FORCE)')


class TestRun:
    def test_what_a_backup_holds(self, site: Site) -> None:
        backup = site.made()
        files = {str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file()}
        dumps = {f"databases/{name}{end}" for name in site.databases.values() for end in (".dump", ".globals.sql")}
        settings = f"configuration{site.folder}/etc/voicebot.env"
        recordings = {"recordings/call_a.raw", "recordings/call_a.json"}
        assert files == {"manifest.json", "SHA256SUMS", settings, *dumps, *recordings}
        manifest = json.loads((backup / "manifest.json").read_text())
        tables = {
            kind: manifest["databases"][name]["tables"][f"public.{kind}"]["rows"]
            for kind, name in site.databases.items()
        }
        assert tables == {"clients": 50, "tickets": 30}
        assert manifest["recordings"] == 2
        # sha256sum itself agrees, and nobody else may read any of it.
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=backup, check=True)
        assert {oct(path.stat().st_mode & 0o077) for path in [site.shelf, *backup.rglob("*")]} == {"0o0"}

    def test_no_secret_is_in_it_in_clear(self, site: Site) -> None:
        backup = site.made()
        assert [path for path in backup.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []
        assert 'MAX_CONCURRENT_CALLS="40"' in (backup / f"configuration{site.folder}/etc/voicebot.env").read_text()

    def test_prometheus_hears_of_it(self, site: Site) -> None:
        backup = site.made()
        told = site.metrics()
        assert name_of(datetime.fromtimestamp(told["backup_last_success_timestamp_seconds"], UTC)) == backup.name
        assert told["backup_failed"] == 0
        assert told["backup_size_bytes"] > 50_000
        assert told["restore_drill_last_success_timestamp_seconds"] == 0

    def test_rows_that_come_meanwhile_do_not_disturb_it(self, site: Site) -> None:
        """Dump and counts are of one instant: a drill of a backup made under writes finds it whole."""
        statement = (
            "INSERT INTO tickets (call_uuid, started_at) SELECT gen_random_uuid(), now() FROM generate_series(1, 5)"
        )
        insert = [*site.reach, "psql", "--quiet", f"--dbname={site.databases['tickets']}", f"--command={statement}"]
        writer = subprocess.Popen(["sh", "-c", f"while {shlex.join(insert)}; do :; done"], start_new_session=True)
        try:
            for _ in range(3):
                site.made()
                done = site.voicebot("drill")
                succeeded(done)
        finally:
            os.killpg(writer.pid, signal.SIGKILL)
            writer.wait()
        ((count,),) = site.sql("SELECT count(*) FROM tickets", site.urls["tickets"])
        assert count > 40, "nothing was written meanwhile"

    def test_recordings_take_room_once(self, site: Site) -> None:
        first = site.made()
        (site.recordings / "call_b.raw").write_bytes(b"new")
        (site.recordings / "call_a.json").write_text("changed")
        second = site.made()
        shared = [(backup / "recordings/call_a.raw").stat().st_ino for backup in (first, second)]
        assert shared[0] == shared[1] != (site.recordings / "call_a.raw").stat().st_ino
        assert (first / "recordings/call_a.json").read_text() == "{}"
        assert (second / "recordings/call_a.json").read_text() == "changed"
        assert (second / "recordings/call_b.raw").read_bytes() == b"new"

    def test_old_backups_go_and_the_newest_never(self, site: Site) -> None:
        days = [name_of(datetime.now(UTC) - timedelta(days=age)) for age in (40, 30, 20, 10)]
        backup = site.made()
        for name in days:
            shutil.copytree(backup, site.shelf / name)
        newest = site.made()
        assert site.names() == sorted([days[3], backup.name, newest.name])
        site.plan(keep_days=1, keep_at_least=2)
        last = site.made()
        assert site.names() == [backup.name, newest.name, last.name], "of today, all stay"

    def test_what_an_interrupted_one_left_is_no_backup_and_goes(self, site: Site) -> None:
        backup = site.made()
        half = site.shelf / ".29991231T000000Z.partial"
        copied = site.shelf / "29991230T000000Z"
        shutil.copytree(backup, half)
        shutil.copytree(backup, copied)
        (copied / "SHA256SUMS").unlink()
        listed = {row["name"]: row.get("problem") for row in json.loads(site.voicebot("list", "--json").stdout)}
        assert listed == {
            backup.name: None,
            half.name: "not complete; never restored",
            copied.name: "not complete; never restored",
        }
        done = site.voicebot("drill")
        assert done.returncode == 0
        assert backup.name in done.stdout
        site.made()
        assert not half.exists()
        assert copied.exists(), "somebody put it there"

    def test_a_terminated_one_leaves_nothing(self, site: Site) -> None:
        pipe = site.folder / "never"
        os.mkfifo(pipe)  # a pg_dump that hangs: its program waits for somebody to read
        stuck = site.folder / "pg_dump"
        stuck.write_text(f"#!/bin/sh\necho begun > {site.folder}/begun\nexec cat {pipe}\n")
        stuck.chmod(0o755)
        site.plan(databases=[{"name": site.databases["tickets"], "reach": self._with_programs(site)}])
        running = subprocess.Popen(
            [sys.executable, "-m", "app", "backup", "run", "--plan", str(site.folder / "backup.yaml")], cwd=ROOT
        )
        while not (site.folder / "begun").exists():
            assert running.poll() is None
            time.sleep(0.02)
        locked = one_line(site.voicebot("run"))
        assert f"another one is at work in {site.shelf}: process {running.pid}" in locked
        assert "another one is at work" in one_line(site.voicebot("drill"))
        running.terminate()
        assert running.wait(20) == 143
        assert site.names() == []
        assert site.metrics()["backup_failed"] == 1

    def test_a_program_that_hangs_is_ended(self, site: Site) -> None:
        pipe = site.folder / "never"
        os.mkfifo(pipe)
        stuck = site.folder / "pg_dump"
        stuck.write_text(f"#!/bin/sh\nexec cat {pipe}\n")
        stuck.chmod(0o755)
        site.plan(deadline_s=2, databases=[{"name": site.databases["tickets"], "reach": self._with_programs(site)}])
        assert "no end after 2 s" in one_line(site.voicebot("run"))
        assert site.names() == []

    @staticmethod
    def _with_programs(site: Site) -> list[str]:
        """Programs of the site's own folder win."""
        return [word.replace("PATH=", f"PATH={site.folder}:") for word in site.reach]

    def test_a_full_disk(self, site: Site) -> None:
        (site.recordings / "long.raw").write_bytes(bytes(300_000))
        done = site.voicebot("run", limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)))
        told = one_line(done)
        assert told.startswith("File too large: ")
        assert "recordings/long.raw" in told
        assert site.names() == []
        assert site.metrics()["backup_failed"] == 1

    def test_a_database_that_is_away(self, site: Site) -> None:
        site.plan(
            databases=[
                {"name": "db_tickets", "reach": [*site.reach[:1], f"PGHOST={site.folder}", *site.reach[2:]]},
            ]
        )
        assert "No such file or directory" in one_line(site.voicebot("run"))
        assert site.names() == []

    def test_a_program_that_is_not_there(self, site: Site) -> None:
        site.plan(databases=[{"name": "db_tickets", "reach": ["docker-is-not-here", "exec"]}])
        assert one_line(site.voicebot("run")) == "docker-is-not-here: No such file or directory; is it installed?"

    def test_a_failure_keeps_the_time_of_the_last_success(self, site: Site) -> None:
        site.made()
        assert site.voicebot("drill").returncode == 0
        before = site.metrics()
        site.plan(databases=[{"name": "db_tickets", "reach": ["false"]}])
        assert site.voicebot("run").returncode == 1
        assert site.metrics() == before | {"backup_failed": 1}

    def test_a_target_that_is_away(self, site: Site) -> None:
        ssh = site.folder / "ssh"
        ssh.write_text('#!/bin/sh\necho "ssh: connect to host $2 port 22: No route to host" >&2\nexit 255\n')
        ssh.chmod(0o755)
        site.plan(target="voicebot@192.0.2.9:/srv/voicebot", ssh=[str(ssh)])
        told = one_line(site.voicebot("run"))
        (name,) = site.names()
        assert told.startswith(f"{name} is complete in {site.shelf}, but not at voicebot@192.0.2.9:/srv/voicebot: ")
        assert told.endswith("ssh: connect to host voicebot@192.0.2.9 port 22: No route to host")
        assert site.metrics()["backup_failed"] == 1
        assert site.metrics()["backup_last_success_timestamp_seconds"] == 0

    def test_a_plan_that_is_wrong(self, site: Site) -> None:
        site.plan(target="nowhere", keep_days=0, directory="backups", more=1)
        done = site.voicebot("run")
        assert done.returncode == 2
        lines = done.stderr.splitlines()
        assert len(lines) == 4
        for told in ("directory: backups is relative", "keep_days: ", "more: ", "no place for ssh; write for instance"):
            assert any(told in line for line in lines), told


class TestDrill:
    def test_a_good_backup(self, site: Site) -> None:
        backup = site.made()
        done = site.voicebot("drill")
        succeeded(done)
        assert f"{backup.name} can be restored" in done.stdout
        told = site.metrics()
        assert told["restore_drill_failed"] == 0
        assert time.time() - told["restore_drill_last_success_timestamp_seconds"] < 60
        assert name_of(datetime.fromtimestamp(told["restore_drill_backup_timestamp_seconds"], UTC)) == backup.name
        assert site.sql("SELECT datname FROM pg_database WHERE datname LIKE 'voicebot_drill%'") == []

    def test_a_bit_that_fell_over(self, site: Site) -> None:
        backup = site.made()
        assert site.voicebot("drill").returncode == 0
        dump = backup / f"databases/{site.databases['tickets']}.dump"
        content = bytearray(dump.read_bytes())
        content[len(content) // 2] ^= 1
        dump.write_bytes(content)
        before = site.metrics()
        assert one_line(site.voicebot("drill")) == (
            f"backup {backup.name} is damaged: databases/{dump.name} is not as it was written"
        )
        assert site.metrics() == before | {"restore_drill_failed": 1}
        assert "is damaged" in one_line(site.voicebot("restore", "newest", "--yes"))

    def test_a_dump_that_was_wrong_when_it_was_written(self, site: Site) -> None:
        """Its checksum is right: only restoring it shows that a row is not what it was."""
        backup = site.made()
        site.sql(
            "UPDATE tickets SET summary = 'another' WHERE id = (SELECT min(id) FROM tickets)", site.urls["tickets"]
        )
        other = site.made()
        dump = f"databases/{site.databases['tickets']}.dump"
        shutil.copy(backup / dump, other / dump)
        self._sum_anew(other)
        assert one_line(site.voicebot("drill")) == (
            f"backup {other.name}: {site.databases['tickets']}:"
            " rows of table public.tickets are not those that were backed up"
        )
        assert site.sql("SELECT datname FROM pg_database WHERE datname LIKE 'voicebot_drill%'") == []

    def test_a_dump_that_ends_too_early(self, site: Site) -> None:
        backup = site.made()
        dump = backup / f"databases/{site.databases['clients']}.dump"
        dump.write_bytes(dump.read_bytes()[:-400])
        self._sum_anew(backup)
        assert "pg_restore: error: " in one_line(site.voicebot("drill"))
        assert site.metrics()["restore_drill_failed"] == 1

    @staticmethod
    def _sum_anew(backup: Path) -> None:
        files = [
            str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file() and path.name != "SHA256SUMS"
        ]
        sums = subprocess.run(["sha256sum", *files], cwd=backup, capture_output=True, text=True, check=True).stdout
        (backup / "SHA256SUMS").write_text(sums)

    def test_no_backup_at_all(self, site: Site) -> None:
        assert "no backup 'newest'" in one_line(site.voicebot("drill"))
        assert site.metrics()["restore_drill_failed"] == 1


class TestRestore:
    def test_both_databases_lost(self, site: Site) -> None:
        before = site.content()
        site.made()
        for name in site.databases.values():
            site.sql(f"DROP DATABASE {name} WITH (FORCE)")
        (site.recordings / "call_a.raw").unlink()
        done = site.voicebot("restore", "newest", "--yes")
        succeeded(done)
        assert "1 recordings given back" in done.stdout
        assert site.content() == before
        # The next ticket gets a number that nobody has.
        statement = "INSERT INTO tickets (call_uuid, started_at) VALUES (gen_random_uuid(), now()) RETURNING id"
        assert site.sql(statement, site.urls["tickets"])[0]["id"] > 1030

    def test_the_present_ones_are_kept_beside(self, site: Site) -> None:
        backup = site.made()
        before = site.content()
        site.sql("DELETE FROM tickets", site.urls["tickets"])
        done = site.voicebot("restore", backup.name, "--yes")
        succeeded(done)
        assert site.content() == before
        (kept,) = re.findall(rf"\b{site.databases['tickets']}_before_\w+", done.stdout)
        url = site.urls["tickets"].replace(site.databases["tickets"], kept)
        assert site.sql("SELECT count(*) FROM tickets", url) == [(0,)]

    def test_what_came_after_the_backup_is_taken_over(self, site: Site) -> None:
        url = site.urls["tickets"]
        site.made()
        before = {row["call_uuid"]: row for row in site.sql("SELECT * FROM tickets", url)}
        # One is spoilt, one is gone, two are new; the second got the number of one that will be back.
        (low,) = site.sql("SELECT min(id) FROM tickets", url)[0]
        site.sql(f"UPDATE tickets SET summary = 'spoilt' WHERE id = {low + 1}", url)
        site.sql(f"DELETE FROM tickets WHERE id = {low}", url)
        odd = r"E'tab\\t \\\\N \\\\. « é »\\n'"
        for number in ("DEFAULT", str(low)):
            columns = "(id, call_uuid, started_at, summary)"
            site.sql(f"INSERT INTO tickets {columns} VALUES ({number}, gen_random_uuid(), now(), {odd})", url)
        new = {
            row["call_uuid"]: row for row in site.sql("SELECT * FROM tickets", url) if row["call_uuid"] not in before
        }
        done = site.voicebot("restore", "newest", "--yes")
        succeeded(done)
        assert "2 newer tickets were taken over from it" in done.stdout
        assert "0 newer clients were taken over from it" in done.stdout
        after = {row["call_uuid"]: row for row in site.sql("SELECT * FROM tickets", url)}
        assert {uuid: after[uuid] for uuid in before} == before
        kept_number, other = sorted(new, key=lambda uuid: -int(new[uuid]["id"]))
        assert after[kept_number] == new[kept_number], "its number was told to the caller"
        assert {**after[other], "id": low} == dict(new[other])
        numbers = [row["id"] for row in after.values()]
        assert len(numbers) == len(set(numbers)) == 32
        statement = "INSERT INTO tickets (call_uuid, started_at) VALUES (gen_random_uuid(), now()) RETURNING id"
        assert site.sql(statement, url)[0]["id"] > max(numbers)
        assert not list(site.shelf.glob(".*before*")), "nothing is left on the way"

    def test_what_can_not_be_taken_over_is_told_and_kept(self, site: Site) -> None:
        url = site.urls["tickets"]
        site.made()
        site.sql("ALTER TABLE tickets DROP CONSTRAINT tickets_status_check", url)
        site.sql("INSERT INTO tickets (call_uuid, started_at, status) VALUES (gen_random_uuid(), now(), 'odd')", url)
        done = site.voicebot("restore", "newest", "--yes")
        succeeded(done)
        assert "WARNING: rows of tickets that came after the backup could not be taken over: " in done.stdout
        assert "tickets_status_check" in done.stdout
        assert site.sql("SELECT count(*) FROM tickets", url) == [(30,)]

    def test_rights_and_owner_come_back(self, site: Site) -> None:
        name = site.databases["tickets"]
        role = f"reader_{uuid4().hex[:8]}"
        site.sql(f"CREATE ROLE {role} LOGIN")
        try:
            site.sql(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
            site.sql(f"GRANT CONNECT ON DATABASE {name} TO {role}")
            site.sql(f"ALTER DATABASE {name} OWNER TO {role}")
            site.sql(f"GRANT SELECT ON tickets TO {role}", site.urls["tickets"])
            rights = f"SELECT datacl::text, datdba::regrole::text FROM pg_database WHERE datname = '{name}'"
            before = site.sql(rights)
            site.made()
            # The role is lost, too.
            site.sql(f"DROP DATABASE {name} WITH (FORCE)")
            site.sql(f"DROP ROLE {role}")
            done = site.voicebot("restore", "newest", "--yes")
            succeeded(done)
            assert site.sql(rights) == before
            assert site.sql(f"SELECT has_table_privilege('{role}', 'tickets', 'SELECT')", site.urls["tickets"]) == [
                (True,)
            ]
        finally:
            site.sql(f"ALTER DATABASE {name} OWNER TO postgres")
            site.sql(f"DROP OWNED BY {role}", site.urls["tickets"])
            site.sql(f"DROP OWNED BY {role}")
            site.sql(f"DROP ROLE {role}")

    async def test_a_server_that_writes_meanwhile_waits_and_goes_on(self, site: Site) -> None:
        """Its pool is open all the time: refused while the database is shut, served by the restored one afterwards."""
        place = DatabasePlace(name=site.databases["tickets"], reach=tuple(site.reach))
        site.made()
        async with Database(site.urls["tickets"]) as database:
            table = Tickets(database)
            assert await database.ping()
            await asyncio.to_thread(DatabaseServer(place, 60).shut)
            late = Ticket(call_uuid=uuid4(), started_at=datetime(2026, 11, 2, tzinfo=UTC))
            with pytest.raises(StoreError) as refused:
                await table.save(late)
            assert type(refused.value) is StoreError, "a ticket that is refused for ever would be set aside"
            succeeded(await asyncio.to_thread(site.voicebot, "restore", "newest", "--yes"))
            await table.save(late)
            found = await table.by_call(late.call_uuid)
            assert found is not None
            assert replace(found, id=None) == late
            assert len(await table.latest(100)) == 31

    def test_others_on_the_server_are_left_alone(self, site: Site) -> None:
        """Who is connected to another database keeps the connection when one is shut."""
        tickets, clients = (
            DatabaseServer(DatabasePlace(name=site.databases[kind], reach=tuple(site.reach)), 60)
            for kind in ("tickets", "clients")
        )
        with clients.session() as theirs:
            tickets.shut()
            assert theirs.ask("SELECT 1;") == ["1"]

    def test_nothing_changes_when_it_fails(self, site: Site) -> None:
        backup = site.made()
        before = site.content()
        dump = backup / f"databases/{site.databases['tickets']}.dump"
        dump.write_bytes(dump.read_bytes()[:-400])
        TestDrill._sum_anew(backup)
        assert "pg_restore: error: " in one_line(site.voicebot("restore", "newest", "--yes"))
        assert site.content() == before
        assert site.sql("SELECT datname FROM pg_database WHERE datname ~ '_before_|^voicebot_'") == []

    def test_somebody_must_say_yes(self, site: Site) -> None:
        site.made()
        done = site.voicebot("restore", "newest")
        assert done.returncode == 2
        assert "Say --yes" in done.stderr

    def test_a_name_that_is_none(self, site: Site) -> None:
        assert one_line(site.voicebot("restore", "../etc", "--yes")).startswith("no backup '../etc'")


def test_only_roles_that_are_missing_are_made() -> None:
    written = """CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER;
CREATE ROLE "a b";
ALTER ROLE "a b" WITH LOGIN PASSWORD 'SCRAM';
CREATE ROLE voicebot;
ALTER ROLE voicebot WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:x';
GRANT readers TO voicebot WITH INHERIT TRUE GRANTED BY postgres;
GRANT readers TO postgres GRANTED BY postgres;"""
    assert missing_roles(written, {"postgres", "a b"}).splitlines() == written.splitlines()[4:7]
