"""A bare server that boots, and the others on its network.

    with Host.boot("try") as host:
        host.run("systemctl is-active ssh")
        host.peer("stranger").run("nc -z 198.51.100.10 22")
        host.ansible("ansible", "all", "-m", "ping")
        host.reboot()

A host lives until `stop`, or, if it was booted to stay, until the machine does; several may, by name.
"""

import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from app.errors import VoicebotError
from tests.lab.appliance.ansible import write_programs
from tests.lab.appliance.bare_root import appliance_cache, bare_root
from tests.lab.appliance.site import give_site
from tests.lab.appliance.stand_in_images import archive_of_images
from tests.lab.network import MACHINE

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
"""Of a host: it becomes the host's name, and part of paths."""
BOOT_TIMEOUT_S = 120.0
END_TIMEOUT_S = 60.0
COMMAND_TIMEOUT_S = 120.0
CLEAN = ("env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")
REPOSITORY = Path(__file__).parents[3]


class CommandFailed(VoicebotError):
    """A command on a host or a peer did not end with 0."""


def call(
    words: list[str], *, check: bool, timeout_s: float, directory: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Runs a program to its end, in a directory of this machine.

    Raises:
        CommandFailed: it failed and `check` is set, or it took too long; with the end of what it wrote.
    """
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
            cwd=directory,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{shlex.join(words)}: no end after {timeout_s:.0f} s") from None
    if check and done.returncode != 0:
        raise CommandFailed(f"{shlex.join(words)}: {done.returncode}: {(done.stdout + done.stderr).strip()[-3000:]}")
    return done


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else on the network: a network namespace; files and programs are the machine's.

    Attributes:
        name: one of `outside.PEERS`.
        namespace: a path that leads to it.
    """

    name: str
    namespace: Path

    def words(self, command: str) -> list[str]:
        """The command line that runs a shell command there."""
        return ["nsenter", f"--net={self.namespace}", "--", "sh", "-c", command]

    def run(
        self, command: str, *, check: bool = True, timeout_s: float = COMMAND_TIMEOUT_S
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a shell command there.

        Raises:
            CommandFailed: as `call`.
        """
        return call(self.words(command), check=check, timeout_s=timeout_s)


class Host:
    """One host that runs; made by `boot` or `find`.

    Attributes:
        name: of the host.
        directory: all its files: `root/`, `inventory.yml`, `bin/ansible-playbook` and others, `console.log`.
        inventory: for Ansible; written anew at every boot, for it names the process.
    """

    def __init__(self, name: str, supervisor: psutil.Process) -> None:
        self.name = name
        self.directory = hosts_directory() / name
        self.inventory = self.directory / "inventory.yml"
        self._supervisor = supervisor
        self._leash: int | None = None
        self._above: subprocess.Popen[bytes] | None = None

    @classmethod
    def boot(cls, name: str = "appliance", *, stays: bool = False) -> "Host":
        """Boots a new host from the bare root, and waits until it is up.

        Args:
            name: lower-case letters, digits and hyphens.
            stays: it goes on when this process ends.

        Raises:
            VoicebotError: there is one of that name, or it would not boot.
        """
        if not NAME.fullmatch(name):
            raise VoicebotError(f"a host's name is lower-case letters, digits and hyphens, unlike {name!r}")
        bare, images = bare_root(), archive_of_images().parent
        sweep()
        directory = hosts_directory() / name
        if directory.exists():
            raise VoicebotError(f"there is a host {name!r} already: python -m tests.lab appliance down --name {name}")
        (directory / "root").mkdir(parents=True)
        with (directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # nobody's sweep takes the directory away before the supervisor holds it
            call(["cp", "--archive", f"{bare}/.", str(directory / "root")], check=True, timeout_s=300)
            give_site(directory / "root", name)
        waits, leash = (None, None) if stays else os.pipe()
        unshared = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if MACHINE.exists():
            unshared = ["nsenter", f"--net={MACHINE}", "--", *unshared]  # its gateway needs the way out
        with (directory / "supervisor.log").open("w") as log:
            above = subprocess.Popen(
                [*unshared, sys.executable, "-m", "tests.lab.appliance.supervisor", str(directory), str(images)],
                stdin=subprocess.DEVNULL if waits is None else waits,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                start_new_session=True,
            )
        if waits is not None:
            os.close(waits)
        host = cls(name, psutil.Process(above.pid))
        host._leash, host._above = leash, above
        (directory / "supervisor.pid").write_text(str(above.pid))
        try:
            host._wait_until_up(not_this=None)
            write_programs(directory / "bin", host.inventory)
        except BaseException:
            host.stop()
            raise
        return host

    @classmethod
    def find(cls, name: str = "appliance") -> "Host":
        """The running host of that name.

        Raises:
            VoicebotError: there is none.
        """
        directory = hosts_directory() / name
        try:
            if is_free(directory):
                raise VoicebotError
            return cls(name, psutil.Process(int((directory / "supervisor.pid").read_text())))
        except (OSError, ValueError, psutil.NoSuchProcess, VoicebotError):
            raise VoicebotError(f"no host {name!r} runs: python -m tests.lab appliance up --name {name}") from None

    @property
    def pid(self) -> int:
        """The host's process 1, as the machine counts.

        Raises:
            VoicebotError: it is not running.
        """
        if (pid := self._init()) is None:
            raise VoicebotError(f"host {self.name!r} is not running; its last words: {self._last_words()}")
        return pid

    def words(self, command: str) -> list[str]:
        """The command line that runs a shell command as root on the host."""
        entered = ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        return [*entered, "--wd=/root", "--", *CLEAN, "sh", "-c", command]

    def run(
        self, command: str, *, check: bool = True, timeout_s: float = COMMAND_TIMEOUT_S
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a shell command as root on the host.

        Raises:
            CommandFailed: as `call`.
        """
        return call(self.words(command), check=check, timeout_s=timeout_s)

    def peer(self, name: str) -> Peer:
        """One of `outside.PEERS`, or the switch itself."""
        first = self._supervisor.children()[0].pid
        return Peer(name, Path("/proc", str(first), "root/run/netns", name))

    def ansible(
        self, program: str, *words: str, check: bool = True, timeout_s: float = 900.0
    ) -> "subprocess.CompletedProcess[str]":
        """Runs one of Ansible's programs with this host as its inventory, in the folder `ansible`.

        Raises:
            CommandFailed: as `call`.
        """
        words = (str(self.directory / "bin" / program), *words)
        return call([*words], check=check, timeout_s=timeout_s, directory=REPOSITORY / "ansible")

    def reboot(self) -> None:
        """Reboots it as `systemctl reboot` does, and waits until it is up again.

        Raises:
            VoicebotError: it did not come back.
        """
        before = self.pid
        self.run("systemctl reboot", check=False)  # the command may be gone with the host before it has said so
        self._wait_until_up(not_this=before)

    def stop(self) -> None:
        """Switches it off and removes all of it; without effect on one that is gone."""
        with suppress(psutil.NoSuchProcess):
            for child in self._supervisor.children():
                child.send_signal(signal.SIGTERM)
            try:
                self._supervisor.wait(END_TIMEOUT_S)
            except psutil.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait(END_TIMEOUT_S)
        if self._above is not None:
            self._above.wait()
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _init(self) -> int | None:
        with suppress(psutil.NoSuchProcess):
            for child in self._supervisor.children(recursive=True):
                if child.name() == "systemd" and child.ppid() != self._supervisor.pid and _numbers(child.pid)[-1] == 1:
                    return int(child.pid)
        return None

    def _wait_until_up(self, not_this: int | None) -> None:
        end_s = time.monotonic() + BOOT_TIMEOUT_S
        while time.monotonic() < end_s:
            if not self._supervisor.is_running() or self._supervisor.status() == psutil.STATUS_ZOMBIE:
                break
            pid = self._init()
            if pid is not None and pid != not_this:
                said = self.run("systemctl is-system-running --wait", check=False, timeout_s=BOOT_TIMEOUT_S)
                if said.stdout.strip() in ("running", "degraded"):
                    self.inventory.write_text(self._inventory(pid))
                    return
            time.sleep(0.2)
        raise VoicebotError(f"host {self.name!r} did not come up; its last words: {self._last_words()}")

    def _inventory(self, pid: int) -> str:
        host = {
            "ansible_connection": "community.docker.nsenter",
            "ansible_nsenter_pid": pid,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        return yaml.safe_dump({"all": {"children": {"voicebot": {"hosts": {self.name: host}}}}})

    def _last_words(self) -> str:
        lines: list[str] = []
        for log in ("console.log", "supervisor.log"):
            with suppress(OSError):
                lines += (self.directory / log).read_text(errors="replace").splitlines()[-5:]
        return " / ".join(lines)


def hosts_directory() -> Path:
    """Where the hosts' directories are."""
    return appliance_cache() / "hosts"


def running() -> list[str]:
    """Names of the hosts that run."""
    return sorted(lock.parent.name for lock in hosts_directory().glob("*/lock") if not is_free(lock.parent))


def is_free(directory: Path) -> bool:
    """Whether no supervisor holds a host's directory."""
    with (directory / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def sweep() -> None:
    """Takes away the directories of hosts that were killed."""
    for lock in hosts_directory().glob("*/lock"):
        if is_free(lock.parent):
            shutil.rmtree(lock.parent, ignore_errors=True)


def _numbers(pid: int) -> list[int]:
    """A process's numbers, from the namespace of ours to its own."""
    with suppress(OSError):
        for line in Path("/proc", str(pid), "status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return [int(number) for number in line.split()[1:]]
    return [0]
