"""A second place for backups, on another machine: rsync over SSH, under a temporary name until it is whole.

There, too, recordings that the backup before has already are not sent again (`--link-dest`).
"""

import shlex
from datetime import datetime
from pathlib import Path

from app.backup.names import is_name, is_partial, outdated, partial_of
from app.backup.plan import TARGET, Plan
from app.backup.programs import QUICK_S, run
from app.errors import BackupError

STALLED_S = 60
"""rsync(1) --timeout: nothing was sent or received for so long."""


class Target:
    """The place that the plan names.

    Raises:
        BackupError: the plan names none.
    """

    def __init__(self, plan: Plan) -> None:
        found = TARGET.fullmatch(plan.target)
        if found is None:
            raise BackupError("the plan names no target")
        self._place = plan.target
        self._host, self._path = found["host"], found["path"].rstrip("/")
        self._plan = plan

    def take(self, folder: Path, now: datetime) -> list[str]:
        """Copies a complete backup there, then removes outdated ones there; returns their names.

        Raises:
            BackupError: the place can't be reached, is full, or has no rsync.
        """
        try:
            names = self._on_it(f"mkdir -p -m 700 {self._path} && ls -A {self._path}").splitlines()
            self._send(folder, sorted(filter(is_name, names)))
            gone = outdated([*names, folder.name], now, self._plan.keep_days, self._plan.keep_at_least)
            stale = [name for name in names if is_partial(name) and name != partial_of(folder.name)]
            if gone or stale:
                places = " ".join(f"{self._path}/{name}" for name in [*gone, *stale])
                self._on_it(f"rm -rf {places}", self._plan.deadline_s)
        except BackupError as error:
            raise BackupError(
                f"{folder.name} is complete in {folder.parent}, but not at {self._place}: {error}"
            ) from None
        return gone

    def _send(self, folder: Path, there: list[str]) -> None:
        if folder.name in there:
            return
        partial = f"{self._path}/{partial_of(folder.name)}"
        words = ["rsync", "--archive", f"--timeout={STALLED_S}", f"--rsh={shlex.join(self._plan.ssh)}"]
        words += [f"--link-dest=../{there[-1]}"] if there else []
        run([*words, f"{folder}/", f"{self._host}:{partial}/"], deadline_s=self._plan.deadline_s)
        self._on_it(f"sync && mv -T {partial} {self._path}/{folder.name}", self._plan.deadline_s)

    def _on_it(self, command: str, deadline_s: float = QUICK_S) -> str:
        """Runs a shell command there; paths in it have no character that means something to a shell."""
        host = self._host.replace("[", "").replace("]", "")  # ssh takes no brackets, rsync needs them
        return run([*self._plan.ssh, "--", host, command], deadline_s=deadline_s)
