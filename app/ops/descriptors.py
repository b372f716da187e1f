"""File descriptors of this process: as many as the system allows, and room for them before the first call.

The kernel's table of them doubles when it is full, at 64, 128, 256, … descriptors. In a process with threads it then
waits until no processor can still be reading the old one (`synchronize_rcu` in the kernel's fs/file.c): `socket(2)` and
`accept(2)` took 7 to 19 ms, in which no frame of any call left. The table never shrinks, so it is made large once.
"""

import fcntl
import os
import resource

MOST = 65_536
"""A call needs three to five; no server has more than ten thousand calls (`MAX_CONCURRENT_CALLS`)."""


def raise_limit() -> int:
    """Up to what the system allows: the usual 1024 are for programs that `select`.

    Returns:
        How many this process may have open.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MOST if soft == resource.RLIM_INFINITY else soft


def make_room(descriptors: int) -> None:
    """Lets the table grow for so many now, in one step (eight bytes each); more than are allowed are left out."""
    highest = min(descriptors, raise_limit()) - 1
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.close(fcntl.fcntl(nothing, fcntl.F_DUPFD_CLOEXEC, highest))
    os.close(nothing)
