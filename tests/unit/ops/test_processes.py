"""What the system says of a process."""

import os
import subprocess
import sys

import psutil

from app.ops.processes import figures_of


def test_the_same_as_others_read() -> None:
    figures, other = figures_of(os.getpid()), psutil.Process()
    assert figures is not None
    assert abs(figures.cpu_s - sum(other.cpu_times()[:2])) < 1.0
    assert abs(figures.resident_bytes - other.memory_info().rss) < 32_000_000
    assert figures.threads == other.num_threads()
    assert abs(figures.open_fds - other.num_fds()) <= 1  # the folder itself


def test_a_name_with_spaces_and_parentheses_is_read_over() -> None:
    """The name is the program's to choose: `prctl(PR_SET_NAME)`."""
    code = "import sys; open('/proc/self/comm', 'w').write('a ) b (c'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        figures = figures_of(process.pid)
        process.communicate(b"")
    assert figures is not None
    assert figures.threads == 1
    assert figures.resident_bytes > 1_000_000


def test_nobody_is_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert figures_of(process.pid) is None
