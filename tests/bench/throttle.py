"""A process that gets a part of a core and no more: so a worker is the limit where the load has no core of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import VoicebotError

PERIOD_US = 4000
"""Short, so that what waits for its share waits for 3 ms at the longest and lateness stays that of the worker."""
CPU_V1 = Path("/sys/fs/cgroup/cpu")
V2 = Path("/sys/fs/cgroup")


class NoThrottleError(VoicebotError):
    """This machine or this user can't have a part of a core."""


@contextmanager
def throttled(pids: list[int], share: float) -> Iterator[None]:
    """Gives each process so much of a core, by a control group of its own (cpu.max, or cpu.cfs_quota_us of version 1).

    Raises:
        NoThrottleError: not here, or not for this user.
    """
    root = CPU_V1 if (CPU_V1 / "cpu.cfs_quota_us").exists() else V2
    groups = [root / f"voicebot-bench-{pid}" for pid in pids]
    try:
        try:
            for group, pid in zip(groups, pids, strict=True):
                group.mkdir()
                _limit(group, round(share * PERIOD_US))
                (group / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise NoThrottleError(
                f"no control group for a part of a core: {error.strerror} ({error.filename})"
            ) from error
        yield
    finally:
        for group, pid in zip(groups, pids, strict=True):
            _dissolve(root, group, pid)


def _limit(group: Path, quota_us: int) -> None:
    # The weight: a group competes with the whole session of the load (sched(7), autogroup), which is in a hurry.
    if group.parent == CPU_V1:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        (group / "cpu.shares").write_text("10000")
    else:
        if "cpu" not in (V2 / "cgroup.subtree_control").read_text().split():
            (V2 / "cgroup.subtree_control").write_text("+cpu")
        (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        (group / "cpu.weight").write_text("1000")


def _dissolve(root: Path, group: Path, pid: int) -> None:
    if group.exists():
        if os.path.exists(f"/proc/{pid}"):
            (root / "cgroup.procs").write_text(str(pid))
        group.rmdir()
