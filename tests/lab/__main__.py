"""Enters the laboratory: `make lab`, or `python -m tests.lab [WHAT FOR pytest]`.

    python -m tests.lab                              all of its tests
    python -m tests.lab tests/lab/test_calls.py -k ulaw
    python -m tests.lab missing                      names the packages that must be installed first
    python -m tests.lab build                        only builds what is built once, where that is still to be done
    python -m tests.lab up                           Asterisk servers and a bot that stay until Ctrl-C
    python -m tests.lab appliance up                 a bare Debian 13 that stays (`appliance/command.py`)

Everything runs in namespaces of its own (network, mounts, processes, shared memory), which end with the last process in
them: no interface, no address, no mount and no process of the laboratory is ever seen by the machine, and after a
crash, a SIGKILL included, the kernel takes all of it away. Files are written to a directory of its own; a `cat` that
waits for the end takes it away. `--basetemp=DIRECTORY` of pytest keeps what tests have written.
"""

import os
import signal
import subprocess
import sys
import tempfile
from types import FrameType

from app.errors import VoicebotError
from tests.lab.appliance.ansible import ansible_bin
from tests.lab.appliance.bare_root import bare_root
from tests.lab.appliance.stand_in_images import archive_of_images
from tests.lab.asterisk_root import asterisk_root
from tests.lab.network import MACHINE
from tests.lab.tools import check_tools, missing_packages

INSIDE = "inside"
ROOT_VARIABLE = "VOICEBOT_LAB_ROOT"
"""Where the Asterisk is; also the sign that a process runs in the laboratory."""
NETWORK_VARIABLE = "VOICEBOT_LAB_NETWORK"
"""Descriptor of the machine's own network, through which the appliance's host gets its packages."""
SET_UP = (
    ("mount", "-t", "tmpfs", "-o", "mode=755", "laboratory", "/run"),  # layers, sockets, `ip netns`: gone with us
    ("mount", "-t", "tmpfs", "laboratory", "/dev/shm"),  # a PostgreSQL that is killed leaves memory there
    ("mkdir", "-p", "/run/lock", "/run/netns"),
    ("ip", "link", "set", "lo", "up"),
)


def enter(words: list[str]) -> None:
    """Puts this process's place into namespaces of their own; does not return.

    Raises:
        VoicebotError: something is missing; it says what to do.
    """
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    check_tools()
    os.environ[ROOT_VARIABLE] = str(asterisk_root())
    # What needs the machine's network is made out here; once.
    bare_root(), archive_of_images(), ansible_bin()
    if words == ["build"]:
        print(os.environ[ROOT_VARIABLE])
        raise SystemExit(0)
    take_a_directory()
    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    os.set_inheritable(network, True)
    os.environ[NETWORK_VARIABLE] = str(network)
    unshare = ["unshare", "--net", "--mount", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.execvp("unshare", [*unshare, sys.executable, "-m", "tests.lab", INSIDE, *words])


def take_a_directory() -> None:
    """Makes a directory for temporary files of this process and of what it becomes; it goes when they are gone."""
    directory = tempfile.mkdtemp(prefix="laboratory-")
    waits, held = os.pipe()
    os.set_inheritable(held, True)  # by `unshare` and by process 1, no further
    # Process 1 may be gone a moment before the others: what they write then is taken away by the second attempt.
    take_away = 'cat; rm -rf -- "$0" || { sleep 1; rm -rf -- "$0"; }'
    devnull = subprocess.DEVNULL
    subprocess.Popen(
        ["sh", "-c", take_away, directory], stdin=waits, stdout=devnull, stderr=devnull, start_new_session=True
    )
    os.close(waits)
    os.environ["TMPDIR"] = directory


def be_init(words: list[str]) -> int:
    """Process 1 of the laboratory: sets it up, runs what was asked for, buries the dead; the exit code."""
    for command in SET_UP:
        subprocess.run(command, check=True)
    network = int(os.environ.pop(NETWORK_VARIABLE))
    MACHINE.touch()
    subprocess.run(["mount", "--bind", f"/proc/self/fd/{network}", str(MACHINE)], check=True, pass_fds=[network])
    os.close(network)
    module = ["tests.lab.up", *words[1:]] if words[:1] == ["up"] else ["pytest", *(words or ["tests/lab"])]
    child = subprocess.Popen([sys.executable, "-m", *module])

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the child by itself
    while True:
        pid, status = os.wait()
        if pid == child.pid:
            return os.waitstatus_to_exitcode(status)


def main() -> int:
    """Goes in, or is in already."""
    words = sys.argv[1:]
    if words[:1] == [INSIDE]:
        return be_init(words[1:])
    if words == ["missing"]:
        print(" ".join(missing_packages()))
        return 0
    try:
        if words[:1] == ["appliance"]:
            from tests.lab.appliance.command import command

            os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
            check_tools()
            command(words[1:])
            return 0
        enter(words)
    except VoicebotError as error:
        print(f"laboratory: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
