"""One database by its server's own programs: dumped and counted at one instant, restored beside, put into place."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.backup.files import Writer
from app.backup.manifest import DatabaseContent, TableContent
from app.backup.plan import DatabasePlace
from app.backup.programs import QUICK_S, Program, bounded, run
from app.errors import BackupError

MAINTENANCE = "postgres"
"""The database that one is connected to while another one is made, renamed or dropped."""
END_OF_ANSWER = "-- end of answer --"
LEAVE_MS = 10_000
"""How long a connection may take to end when it is told to."""

PLAIN_TEXT = """
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
SET bytea_output = 'hex'; SET search_path = pg_catalog; SET lock_timeout = '30s';
"""
"""So that a row has the same words wherever and whenever it is read."""
TABLES = """
SELECT json_build_object('name', nspname || '.' || relname, 'sql', format('%I.%I', nspname, relname))
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname !~ '^pg_'
ORDER BY nspname, relname;
"""
CONTENT = """
SELECT json_build_object(
    'rows', count(*),
    'checksum', coalesce(sum(high), 0) || '-' || coalesce(sum(low), 0))
FROM (
    SELECT ('x' || left(hash, 16))::bit(64)::bigint::numeric AS high,
        ('x' || right(hash, 16))::bit(64)::bigint::numeric AS low
    FROM (SELECT md5((whole_row.*)::text) AS hash FROM {table} AS whole_row) AS hashes
) AS halves;
"""
"""A sum does not care for the order, and needs no sorting of millions of rows."""
ABOUT = """
SELECT json_build_object(
    'server', current_setting('server_version'),
    'owner', pg_get_userbyid(datdba),
    'grants', (
        SELECT coalesce(json_agg(json_build_array(role, privilege_type) ORDER BY role, privilege_type), '[]')
        FROM (
            SELECT coalesce(rolname, '') AS role, privilege_type
            FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) LEFT JOIN pg_roles ON pg_roles.oid = grantee
            WHERE grantee <> datdba
        ) AS granted))
FROM pg_database WHERE datname = current_database();
"""


IDENTIFIER = r'(?P<role>"(?:[^"]|"")+"|[^\s;"]+)'
CREATE_ROLE = re.compile(rf"CREATE ROLE {IDENTIFIER};")
OF_ROLE = re.compile(rf'(?:ALTER ROLE|GRANT (?:"(?:[^"]|"")+"|[^\s;"]+) TO) {IDENTIFIER}[\s;]')
"""As pg_dumpall writes them, one a line: what a role may, and of which others it is a member."""


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string for SQL, with standard_conforming_strings, which is the default."""
    return "'" + text.replace("'", "''") + "'"


class Session:
    """SQL in a transaction that sees one instant, by a psql that stays.

    Attributes:
        snapshot: name of that instant, for pg_dump.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.ask(PLAIN_TEXT)
        self.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;")
        self.snapshot = self.ask("SELECT pg_export_snapshot();")[0]

    def ask(self, sql: str) -> list[str]:
        """Lines of the answer.

        Raises:
            BackupError: PostgreSQL refused, or did not answer in time.
        """
        with suppress(OSError):  # it is gone: what it said last is below
            self._program.stdin.write(f"{sql}\n\\echo {END_OF_ANSWER}\n".encode())
            self._program.stdin.flush()
        lines: list[str] = []
        while line := self._program.stdout.readline().decode():
            if line.rstrip("\n") == END_OF_ANSWER:
                return lines
            lines.append(line.rstrip("\n"))
        self._program.end()
        raise BackupError("psql ended in the middle of an answer")

    def content(self) -> DatabaseContent:
        """What is in the database at that instant."""
        tables = [json.loads(line) for line in self.ask(TABLES)]
        contents = {
            table["name"]: TableContent(**json.loads(self.ask(CONTENT.format(table=table["sql"]))[0]))
            for table in tables
        }
        return DatabaseContent(**json.loads(self.ask(ABOUT)[0]), tables=contents)


class DatabaseServer:
    """The server of one database of the plan.

    Args:
        place: which database, and how its server is reached.
        deadline_s: for one command that moves data.
    """

    def __init__(self, place: DatabasePlace, deadline_s: float) -> None:
        self.name = place.name
        self._reach = place.reach
        self._deadline_s = deadline_s

    @contextmanager
    def session(self, database: str | None = None) -> Iterator[Session]:
        """A transaction on a database of this server, this one by default.

        Raises:
            BackupError: the server can't be reached, or has no such database.
        """
        deadline_s = 2 * self._deadline_s  # a dump is made in it, and then everything is counted
        words = self._psql(database or self.name, deadline_s)
        with Program(words, deadline_s=deadline_s, feed=subprocess.PIPE) as program:
            yield Session(program)
            program.stdin.close()
            program.end()

    def dump(self, session: Session, into: Writer) -> None:
        """Writes the database as it is at the session's instant, in pg_dump's custom format.

        Raises:
            BackupError: pg_dump failed.
            OSError: the disk is full.
        """
        words = [
            "pg_dump",
            "--format=custom",
            f"--snapshot={session.snapshot}",
            "--lock-wait-timeout=30s",
            f"--dbname={self.name}",
        ]
        run(bounded(self._reach, words, self._deadline_s), deadline_s=self._deadline_s, into=into.write)

    def dump_globals(self, into: Writer) -> None:
        """Writes the server's roles and settings; passwords as SCRAM verifiers, as the server itself keeps them.

        Raises:
            BackupError: pg_dumpall failed.
        """
        words = ["pg_dumpall", "--globals-only", f"--database={MAINTENANCE}"]
        run(bounded(self._reach, words, QUICK_S), into=into.write)

    def restore_beside(self, scratch: str, dump: Path) -> None:
        """Restores a dump into a new database, which only the superuser may connect to; an old one of that name goes.

        Raises:
            BackupError: pg_restore stumbled over anything at all.
        """
        self.drop(scratch)
        self.sql(
            f"CREATE DATABASE {quoted(scratch)} TEMPLATE template0",
            f"REVOKE ALL ON DATABASE {quoted(scratch)} FROM PUBLIC",
        )
        words = ["pg_restore", "--exit-on-error", f"--dbname={scratch}"]
        run(bounded(self._reach, words, self._deadline_s), deadline_s=self._deadline_s, file=dump)

    def content_of(self, database: str) -> DatabaseContent:
        """What is in a database of this server now."""
        with self.session(database) as session:
            return session.content()

    def drop(self, database: str) -> None:
        """Removes a database, whoever is connected; without effect where there is none."""
        self.sql(f"DROP DATABASE IF EXISTS {quoted(database)} WITH (FORCE)")

    def exists(self, database: str) -> bool:
        """Whether the server has it."""
        return bool(self.sql(f"SELECT 1 FROM pg_database WHERE datname = {literal(database)}"))

    def roles(self) -> set[str]:
        """Names of all roles of the server."""
        return set(self.sql("SELECT rolname FROM pg_roles"))

    def shut(self) -> None:
        """Lets nobody connect to the database any more and ends who is connected; without effect where there is none.

        Raises:
            BackupError: somebody would not leave.
        """
        if not self.exists(self.name):
            return
        self.sql(f"ALTER DATABASE {quoted(self.name)} WITH ALLOW_CONNECTIONS false")
        theirs = f"SELECT pid FROM pg_stat_activity WHERE datname = {literal(self.name)}"
        # Materialised: beside the other condition, the planner might end everybody's connection first and compare then.
        self.sql(f"WITH theirs AS MATERIALIZED ({theirs}) SELECT pg_terminate_backend(pid, {LEAVE_MS}) FROM theirs")
        if left := self.sql(theirs):
            raise BackupError(f"{self.name}: process {left[0]} of PostgreSQL does not end its connection")

    def open(self) -> None:
        """Lets connect who may, again."""
        if self.exists(self.name):
            self.sql(f"ALTER DATABASE {quoted(self.name)} WITH ALLOW_CONNECTIONS true")

    def set_aside(self, kept: str) -> bool:
        """Gives the database, which was shut, another name under which the superuser can read it.

        Returns:
            Whether there was one.
        """
        if not self.exists(self.name):
            return False
        self.sql(f"ALTER DATABASE {quoted(self.name)} RENAME TO {quoted(kept)}")
        self.sql(f"ALTER DATABASE {quoted(kept)} WITH ALLOW_CONNECTIONS true")
        return True

    def put_into_place(self, database: str, content: DatabaseContent | None = None) -> None:
        """Gives another database this one's name, which must be free, and its rights, in one transaction."""
        steps: list[str] = []
        if content is not None:
            steps += [f"ALTER DATABASE {quoted(database)} OWNER TO {quoted(content.owner)}"]
            steps += [
                f"GRANT {privilege} ON DATABASE {quoted(database)} TO {quoted(role) if role else 'PUBLIC'}"
                for role, privilege in content.grants
            ]
        self.sql("BEGIN", *steps, f"ALTER DATABASE {quoted(database)} RENAME TO {quoted(self.name)}", "COMMIT")

    def copy_out(self, database: str, query: str, into: Writer) -> None:
        """Writes the rows of a query in COPY's text format."""
        words = self._psql(database, self._deadline_s)
        run(words, text=f"COPY ({query}) TO STDOUT;\n", deadline_s=self._deadline_s, into=into.write)

    def run_script(self, database: str, script: Path) -> list[str]:
        """Runs a file for psql and returns the lines of its answers."""
        return run(self._psql(database, self._deadline_s), deadline_s=self._deadline_s, file=script).splitlines()

    def sql(self, *statements: str, database: str = MAINTENANCE) -> list[str]:
        """Runs statements and returns the lines of their answers.

        Raises:
            BackupError: the server can't be reached, or refuses one.
        """
        words = self._psql(database, QUICK_S)
        return run(words, text="".join(f"{one};\n" for one in statements)).splitlines()

    def _psql(self, database: str, deadline_s: float) -> list[str]:
        options = [
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={database}",
        ]
        return bounded(self._reach, ["psql", *options], deadline_s)


def missing_roles(globals_sql: str, there: set[str]) -> str:
    """The statements of pg_dumpall that make the roles which are not there; who is there keeps its password. Pure.

    Args:
        globals_sql: what `pg_dumpall --globals-only` wrote: one statement a line.
        there: roles of the server.
    """
    kept: list[str] = []
    made: set[str] = set()
    for line in globals_sql.splitlines():
        if match := CREATE_ROLE.match(line):
            if _plain(match["role"]) in there:
                continue
            made.add(match["role"])
        elif not (match := OF_ROLE.match(line)) or match["role"] not in made:
            continue
        kept.append(line)
    return "\n".join(kept)


def _plain(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier
