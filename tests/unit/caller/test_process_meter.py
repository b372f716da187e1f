import os
import subprocess
import sys
import threading

import pytest

from app.caller.process_meter import CoreTime, Usage, busy_percent, cpu_s, process_tree, read_core, read_usage
from app.errors import ConfigError


def usage(run_s: float, coarse_s: float) -> Usage:
    return Usage(0.0, coarse_s, 0.0, run_s, 0.0, 0, 1, 1, 1)


def test_this_process_is_seen_as_it_is() -> None:
    before = read_usage(os.getpid())
    while cpu_s(before, read_usage(os.getpid())) < 0.05:
        pass
    after = read_usage(os.getpid())
    assert after.rss_bytes > 10_000_000
    assert after.threads >= threading.active_count()
    assert after.descriptors >= 3


def test_children_count_too() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in process_tree(os.getpid())
    finally:
        child.communicate(b"\n")


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="no such process"):
        read_usage(2**22 + 1)


def test_a_thread_that_ended_is_not_forgotten() -> None:
    assert cpu_s(usage(1.0, 1.0), usage(1.5, 1.5)) == 0.5
    assert cpu_s(usage(1.0, 1.0), usage(1.1, 2.0)) == pytest.approx(0.97)


def test_the_share_of_a_core() -> None:
    assert busy_percent(CoreTime(10.0, 100.0), CoreTime(12.5, 110.0)) == 25.0
    assert busy_percent(CoreTime(0.0, 0.0), CoreTime(0.0, 0.0)) == 0.0
    assert read_core(min(os.sched_getaffinity(0))).total_s > 0
    assert read_core(99_999) == CoreTime(0.0, 0.0)
