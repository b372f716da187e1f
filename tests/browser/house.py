"""A dashboard as it is run: a process of its own over a real PostgreSQL, with the calls of a demonstration in it."""

import asyncio
import hashlib
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import ConfigError
from app.store.embedded import EmbeddedPostgres
from dashboard.access.users import write_user

READER, SUPERVISOR, OTHER = "lise", "anne", "luc"
PASSWORD = "un mot de passe bien long"
"""Of all three; the databases that it opens are those of a test."""
START_S = 30.0
PORTS = (20_000, 32_000)
"""Below those that connections are given (ip_local_port_range begins at 32768)."""
VOICEBOT = Path(".venv/bin/voicebot")
STALE_S = 6 * 3600.0
"""A history older than that has an empty day today."""


@dataclass(slots=True)
class Data:
    """What a dashboard looks at.

    Attributes:
        directory: of a demonstration.
        postgres: its database server; runs while somebody is in `history`.
    """

    directory: Path
    postgres: EmbeddedPostgres

    @property
    def recordings(self) -> Path:
        """Where the sound is."""
        return self.directory / "recordings"

    def stop_postgres(self) -> None:
        """All who are connected lose their connection."""
        _apart(self.postgres.stop)

    def start_postgres(self) -> None:
        """Again, on the same socket."""
        _apart(self.postgres.start)


@contextmanager
def history(directory: Path, days: int) -> Iterator[Data]:
    """Calls of so many days, made by `voicebot demo --history` unless fresh ones are in the directory.

    Raises:
        ConfigError: the server's own environment is missing.
    """
    made = directory / f"history-{days}-{_recipe()}"
    if not made.exists() or time.time() - made.stat().st_mtime > STALE_S:
        if not VOICEBOT.exists():
            raise ConfigError([f"no {VOICEBOT}: make setup"])
        shutil.rmtree(directory, ignore_errors=True)
        command = [str(VOICEBOT), "demo", "--history", f"{days}d", "--directory", str(directory)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        made.touch()
    postgres = EmbeddedPostgres(directory / "postgres")
    data = Data(directory, postgres)
    data.start_postgres()
    try:
        yield data
    finally:
        data.stop_postgres()


def _recipe() -> str:
    """Changes with what a history is made by: another schema, or other calls."""
    files = [*sorted(Path("app/store/migrations").rglob("*.sql")), *sorted(Path("app/commands").glob("history*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Dashboard:
    """A running process.

    Attributes:
        port: on 127.0.0.1.
        log: file with all that it said.
    """

    port: int
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """Where a browser goes."""
        return f"http://127.0.0.1:{self.port}"

    def request(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: "list[tuple[str, str]] | None" = None,
        body: bytes = b"",
        source: str = "127.0.0.1",
    ) -> Answer:
        """One request, its headers exactly as they are given, from an address of this machine."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(source, 0))
        try:
            told = [*(headers or []), ("Content-Length", str(len(body)))]
            named = any(name.lower() == "host" for name, _ in told)
            connection.putrequest(method, path, skip_host=named, skip_accept_encoding=True)
            for name, value in told:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def upgraded(self, path: str, headers: list[tuple[str, str]]) -> int:
        """The status of a request for a WebSocket; the connection is not used further."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as connection:
            lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
            connection.sendall("\r\n".join(lines).encode())
            return int(connection.recv(64).split()[1])

    def log_in(self, user: str, *, source: str = "127.0.0.1") -> str:
        """The cookie of a new session, as a browser would send it."""
        body = f"name={user}&password={PASSWORD.replace(' ', '+')}".encode()
        kind = [("Content-Type", "application/x-www-form-urlencoded")]
        answer = self.request("/login", method="POST", headers=kind, body=body, source=source)
        assert answer.status == 303, (answer.status, answer.body)
        return answer.headers["set-cookie"].partition(";")[0]


@contextmanager
def dashboard(data: Data, directory: Path, **settings: str) -> Iterator[Dashboard]:
    """Starts one, with three users; ends it by its own process id.

    Args:
        data: what it looks at.
        directory: for its users and its log.
        settings: further ones, or others than the usual.
    """
    directory.mkdir(parents=True, exist_ok=True)
    users = directory / "users"
    for name, role in ((READER, "reader"), (SUPERVISOR, "supervisor"), (OTHER, "supervisor")):
        write_user(users, name, role, PASSWORD)
    port = free_port()
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "PYTHONPATH": os.getcwd(),
        "TICKETS_DATABASE_URL": data.postgres.tickets_url,
        "CLIENTS_DATABASE_URL": data.postgres.clients_url,
        "RECORDINGS_DIR": str(data.recordings),
        "LIVE_DIR": str(data.directory / "live"),
        "DASHBOARD_USERS_FILE": str(users),
        "DASHBOARD_SECURE_COOKIE": "false",
        "DASHBOARD_PORT": str(port),
        "PERSONAL_IP": "127.0.0.1",
        **settings,
    }
    log = directory / "dashboard.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard"], env=environment, stdout=output, stderr=output, start_new_session=True
        )
    running = Dashboard(port, log, process)
    try:
        _wait_until_ready(running)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(running: Dashboard) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        assert running.process.poll() is None, running.log.read_text()
        with suppress(OSError):
            running.request("/login")
            return
        time.sleep(0.05)
    raise AssertionError(f"the dashboard did not start: {running.log.read_text()}")


def _apart(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In a thread of its own: in the tests' own one Playwright's loop runs."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(work())).result()


def free_port() -> int:
    """A port that nobody has right now, and that the kernel gives nobody who connects.

    Of those that it gives, one that asks again and again whether somebody listens would one day get the very port that
    it asks, and talk to itself.
    """
    for port in random.sample(range(*PORTS), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
