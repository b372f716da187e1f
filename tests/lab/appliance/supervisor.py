"""The process above a laboratory host: its network, its boots, its end.

It is process 1 of a process namespace, with mounts of its own: when it dies, however it dies, the kernel takes host,
peers, network and mounts with it. The network stays the machine's, which the gateway needs; the host's and the peers'
are `ip netns` of its own /run.

    python -m tests.lab.appliance.supervisor DIRECTORY IMAGES

`DIRECTORY` is one of `appliance/hosts/`; it holds `root/`. `IMAGES` is a folder that the host sees below /var/cache.
With a pipe as standard input, the end of that pipe is its end.
"""

import asyncio
import ctypes
import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from types import FrameType

from tests.lab.appliance import outside
from tests.lab.appliance.bare_root import appliance_cache
from tests.lab.appliance.gateway import PORT, Gateway
from tests.lab.appliance.site import IMAGES, PIP_CACHE
from tests.lab.network import CLONE_NEWNET

CGROUPS = Path("/sys/fs/cgroup")
CGROUP_PREFIX = "voicebot-lab-"
REBOOT = 133
"""systemd-nspawn's exit code for a container that wants to be started again (EXIT_FORCE_RESTART)."""


def set_up(name: str) -> None:
    """Mounts, and a control group: systemd wants cgroup2, whatever the machine has mounted."""
    outside.must("mount", "-t", "tmpfs", "-o", "mode=755", "laboratory", "/run")
    for directory in ("/run/lock", "/run/netns"):
        os.mkdir(directory)
    subprocess.run(["umount", "--recursive", str(CGROUPS)], capture_output=True, check=False)
    outside.must("mount", "-t", "cgroup2", "cgroup2", str(CGROUPS))
    for left in CGROUPS.glob(f"{CGROUP_PREFIX}*"):
        remove_cgroup(left)  # of hosts that were killed; a living one's can't be removed
    mine = CGROUPS / (CGROUP_PREFIX + name)
    mine.mkdir(exist_ok=True)
    (mine / "cgroup.procs").write_text("0")


def remove_cgroup(group: Path) -> None:
    """Removes an empty control group and those below it."""
    for below, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            os.rmdir(below)


@contextmanager
def gateway() -> Iterator[None]:
    """Runs the gateway in a thread that ends with the process."""
    listener = _listener()
    served = Gateway(appliance_cache() / "downloads" / "debian")
    threading.Thread(target=lambda: asyncio.run(served.serve(listener)), daemon=True, name="gateway").start()
    yield


def _listener() -> socket:
    made: list[socket] = []

    def work() -> None:
        # A network namespace is a matter of the thread: this one never comes back from there.
        with Path("/run/netns", outside.SWITCH).open() as place:
            if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        listener = socket()
        listener.bind((outside.address4("gateway"), PORT))
        listener.listen(128)
        made.append(listener)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return made[0]


def boot(directory: Path, images: Path) -> int:
    """Boots the host and waits for its end; the exit code of systemd-nspawn."""
    outside.plug_in_host()
    pip_cache = appliance_cache() / "downloads" / "pip"
    pip_cache.mkdir(parents=True, exist_ok=True)
    words = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", f"--machine={directory.name}"]
    words += [f"--directory={directory / 'root'}", f"--network-namespace-path=/run/netns/{outside.HOST}"]
    # Docker in it wants most of these; a virtual machine's root has them all.
    words += ["--capability=all", "--system-call-filter=@keyring bpf"]
    words += ["--console=pipe", "--resolv-conf=off", "--timezone=off", "--link-journal=no"]
    words += [f"--bind={pip_cache}:{PIP_CACHE}", f"--bind-ro={images}:{IMAGES}"]
    with (directory / "console.log").open("ab") as console:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            check=False,
            env={"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", "LC_ALL": "C.UTF-8"},
        )
    return done.returncode


def end_with_pipe() -> None:
    """Where standard input is a pipe, its end becomes a SIGTERM."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="leash").start()


def end(number: int, frame: FrameType | None) -> None:
    """SIGTERM: the host is switched off, not shut down."""
    raise SystemExit(0)


def main() -> None:
    """Builds the network and boots the host until it is switched off."""
    directory = Path(sys.argv[1])
    lock = (directory / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    signal.signal(signal.SIGTERM, end)
    end_with_pipe()
    set_up(directory.name)
    try:
        outside.build()
        with gateway():
            while boot(directory, Path(sys.argv[2])) == REBOOT:
                pass
    finally:
        mine = CGROUPS / (CGROUP_PREFIX + directory.name)
        (CGROUPS / "cgroup.procs").write_text("0")
        with suppress(OSError):
            (mine / "cgroup.kill").write_text("1")
        for _ in range(50):
            remove_cgroup(mine)
            if not mine.exists():
                break
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            threading.Event().wait(0.1)


if __name__ == "__main__":
    main()
