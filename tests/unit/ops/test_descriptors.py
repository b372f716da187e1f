"""Room for descriptors: seen in the kernel's own figure of the table's size."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from app.ops.descriptors import raise_limit


def table_size() -> int:
    """Descriptors that the table of this process has room for (proc(5), `FDSize`)."""
    found = re.search(r"^FDSize:\s+(\d+)$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("descriptors", [300, 5_000, 1_000_000])
def test_the_table_has_room_and_nothing_stays_open(descriptors: int) -> None:
    """In a process of its own: the table never shrinks."""
    code = (
        "import os; from app.ops.descriptors import make_room, raise_limit;"
        "from tests.unit.ops.test_descriptors import table_size;"
        "before = len(os.listdir('/proc/self/fd'));"
        f"make_room({descriptors}); print(table_size(), raise_limit(), len(os.listdir('/proc/self/fd')) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30)
    size, limit, opened = map(int, done.stdout.split())
    assert size >= min(descriptors, limit)
    assert opened == 0


def test_the_limit_is_what_the_system_allows() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert raise_limit() >= min(hard if hard != resource.RLIM_INFINITY else 65_536, 65_536)
    assert os.sysconf("SC_OPEN_MAX") >= raise_limit()
