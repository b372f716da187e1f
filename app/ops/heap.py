"""The C library's heap: what was freed in the middle of it goes back to the system only if somebody asks.

A disk that stood still for two seconds leaves 20 MB of recordings behind, written and freed, under what was allocated
meanwhile. glibc gives back the end of the heap by itself, and no hole (malloc_trim(3)).
"""

import ctypes

WORTH_BYTES = 1_000_000
"""Free bytes that are worth it, beyond those that could not be given back before: giving back 20 MB stops the process
for 2.5 ms, looking for 0.3 ms. Three times as much would be 8 KB for each of four hundred calls."""


class _Mallinfo2(ctypes.Structure):
    """`struct mallinfo2` of mallinfo(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


class Heap:
    """Of this process. Without glibc 2.33 or later it does nothing."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None)
        self._info = getattr(libc, "mallinfo2", None)
        self._trim = getattr(libc, "malloc_trim", None)
        if self._info is not None:
            self._info.restype = _Mallinfo2
        self._kept_bytes = 0
        """What could not be given back the last time: it lies in pages that are in use."""

    @property
    def free_bytes(self) -> int:
        """What the C library holds and nobody uses; 0 where it does not tell."""
        return int(self._info().fordblks) if self._info is not None else 0

    def give_back(self) -> bool:
        """Returns free memory to the system, if there is much.

        Returns:
            Whether there was.
        """
        free_bytes = self.free_bytes
        self._kept_bytes = min(self._kept_bytes, free_bytes)
        if self._trim is None or free_bytes < self._kept_bytes + WORTH_BYTES:
            return False
        self._trim(0)
        self._kept_bytes = self.free_bytes
        return True
