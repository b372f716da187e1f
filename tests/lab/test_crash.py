"""A laboratory that is killed leaves nothing behind: a second one, in the first, is."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

READY_TIMEOUT_S = 150
GONE_S = 10
NAMESPACES = ("net", "mnt", "pid", "ipc")


def traces() -> set[str]:
    """Processes, their namespaces, mounts, interfaces, shared memory and temporary files."""
    processes = [Path(path) for path in Path("/proc").iterdir() if path.name.isdigit()]
    found = {f"process {line}" for process in processes for line in lives(process)}
    found |= {link for process in processes for link in namespaces(process)}
    for table in ("/proc/self/mountinfo", "/proc/sysvipc/shm"):
        found |= {f"{table} {' '.join(line.split()[:5])}" for line in Path(table).read_text().splitlines()}
    found |= {f"interface {line.partition(':')[0].strip()}" for line in Path("/proc/net/dev").read_text().splitlines()}
    for directory in (tempfile.gettempdir(), "/dev/shm", "/run", "/run/netns"):
        found |= {str(path) for path in Path(directory).iterdir()}
    return found


def lives(process: Path) -> Iterator[str]:
    """A process by its id, its command line and the time when it began."""
    with suppress(OSError):
        words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        began = (process / "stat").read_text().rpartition(")")[2].split()[19]
        yield f"{process.name} {began} {words}"


def namespaces(process: Path) -> Iterator[str]:
    for kind in NAMESPACES:
        with suppress(OSError):
            yield str((process / "ns" / kind).readlink())


async def test_nothing_is_left_of_a_laboratory_that_was_killed() -> None:
    before = traces()
    laboratory = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.lab", "up"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert laboratory.stdout is not None
        async with asyncio.timeout(READY_TIMEOUT_S):
            while b"Ctrl-D ends" not in await laboratory.stdout.readline():
                assert not laboratory.stdout.at_eof(), "it did not start"
        meanwhile = traces() - before
    finally:
        laboratory.kill()
        await laboratory.wait()
    for trace in ("/usr/sbin/asterisk -f", " app serve", "postgres", "net:[", "mnt:[", "pid:[", "ipc:[", "laboratory-"):
        assert any(trace in line for line in meanwhile), f"there was no {trace} to be left"
    end_s = time.monotonic() + GONE_S
    while left := traces() - before:
        assert time.monotonic() < end_s, f"left after {GONE_S} s: {sorted(left)}"
        await asyncio.sleep(0.1)
