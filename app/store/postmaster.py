"""The processes of the embedded PostgreSQL: as which user they run, whether they live, how they end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from app.errors import StoreError
from app.store.pool import one_line

POLL_S = 0.02
CAP_DAC_READ_SEARCH_BIT = 2  # linux/capability.h


def run_program(command: Sequence[str | Path], directory: Path, end_s: float) -> str:
    """Runs one of PostgreSQL's programs as a user it accepts and returns what it printed."""
    line = [*as_servant(Path(command[0]), directory), *map(str, command)]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=bare_environment(),
            start_new_session=True,
        )
        try:
            code = process.wait(max(0.1, end_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            # initdb runs servers of its own.
            family = _family(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _wait_for_end(family, 2.0)
            raise StoreError(f"{Path(command[0]).name} did not end within the deadline") from None
        output.seek(0)
        printed = output.read().decode(errors="replace")
    if code != 0:
        lines = printed.strip().splitlines() or [f"exit code {code}"]
        raise StoreError(f"{Path(command[0]).name}: {lines[-1]}")
    return printed


def bare_environment() -> dict[str, str]:
    """Nothing of ours: neither PGHOST and its like nor any secret."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def as_servant(program: Path, directory: Path) -> list[str]:
    """What to put before a command: PostgreSQL refuses to run as root, so root runs it as "nobody".

    Where "nobody" can't reach the program or the data (a checkout under /root), the process is lent the
    capability to pass through directories; no permission on disk is changed.
    """
    if os.geteuid() != 0:
        return []
    if (setpriv := shutil.which("setpriv")) is None:
        raise StoreError("root needs setpriv to start the embedded PostgreSQL: apt install util-linux")
    nobody = pwd.getpwnam("nobody")
    prefix = [setpriv, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    if not (_reachable(program) and _reachable(directory)):
        own = int(Path("/proc/self/status").read_text().split("CapPrm:")[1].split()[0], 16)
        capability = "dac_read_search" if own >> CAP_DAC_READ_SEARCH_BIT & 1 else "dac_override"
        prefix += [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"]
    return [*prefix, "--"]


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def postmaster(data: Path) -> int | None:
    """Process id of the living postmaster of this cluster.

    The file alone proves nothing: after a reboot, or in a container, its id may belong to anybody.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return None
    # A zombie has no arguments left, so it counts as gone.
    return pid if os.path.basename(arguments[0]) == b"postgres" and os.fsencode(data) in arguments else None


def shut_down(pid: int, patience_s: float) -> None:
    """Ends a postmaster: fast (SIGINT), then immediate (SIGQUIT), then SIGKILL of all its processes."""
    family = _family(pid)
    for sign, limit_s in ((signal.SIGINT, patience_s), (signal.SIGQUIT, 2.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, sign)
        if _wait_for_end(family, limit_s):
            return
    family = [*filter(_is_postgres, {*family, *_family(pid)})]
    for member in family:
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    _wait_for_end(family, 2.0)


def _wait_for_end(pids: Sequence[int], limit_s: float) -> bool:
    """Waits until none of these processes runs PostgreSQL; False when the time was too short."""
    end_s = time.monotonic() + limit_s
    while any(map(_is_postgres, pids)):
        if time.monotonic() > end_s:
            return False
        time.sleep(POLL_S)
    return True


def _is_postgres(pid: int) -> bool:
    """Whether this process still runs PostgreSQL; a zombie, or one being torn down, has no arguments left."""
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(member for child in children for member in _family(int(child)))]


def forget_foreign_process(pid_file: Path) -> None:
    """Removes a left-over lock file whose process number now belongs to another program, or to a zombie.

    PostgreSQL itself would refuse to start then. A number that nobody has is left to PostgreSQL, which also
    looks for orphans of the last server before it takes the directory.
    """
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    if Path(f"/proc/{pid}").exists():
        pid_file.unlink(missing_ok=True)


def fatal_line(said: str, log: Path) -> str:
    """Why a server ended, from what it wrote to its log."""
    lines = [line for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return one_line((fatal or lines or [f"see {log}"])[-1])
