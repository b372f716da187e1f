"""What systemd is told of the server: ready, stopping, how the drain goes, signs of life (sd_notify(3)).

A message is one datagram of `NAME=value` lines to the socket in $NOTIFY_SOCKET; no answer comes. Where that is not set
(by hand, in a container) nothing is told and nothing is missing.
"""

import asyncio
import os
import socket
from collections.abc import Callable, MutableMapping

import structlog

log = structlog.get_logger(__name__)

DRAIN_EVERY_S = 1.0
EXTENSION_S = 15.0
"""What each message of a drain asks for (EXTEND_TIMEOUT_USEC). So TimeoutStopSec need not be as long as the longest
call, and a server that hangs while it stops is ended soon."""
LOOK_AGAIN_S = 1.0
"""An unwell server is looked at so soon again: it may be well before the watchdog's time is up."""


class Systemd:
    """The other end of $NOTIFY_SOCKET.

    Attributes:
        watchdog_s: signs of life are due so often; 0: nobody waits for any.

    Args:
        address: a path, `@name` for an abstract address, or "" for nobody.
        watchdog_s: see above.
    """

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = watchdog_s
        self._failed = False

    @classmethod
    def of(cls, environment: MutableMapping[str, str] = os.environ) -> "Systemd":
        """As the environment says; its variables are taken out, for they are not meant for children."""
        address = environment.pop("NOTIFY_SOCKET", "")
        usec = environment.pop("WATCHDOG_USEC", "")
        pid = environment.pop("WATCHDOG_PID", "")
        ours = pid in ("", str(os.getpid())) and usec.isdecimal()
        return cls(address, int(usec) / 1e6 if ours else 0.0)

    def ready(self, status: str) -> None:
        """The server takes calls."""
        self._tell(READY=1, STATUS=status)

    def stopping(self) -> None:
        """It has been told to stop."""
        self._tell(STOPPING=1)

    async def draining(self, calls: Callable[[], int]) -> None:
        """Asks for more time, every second, until it is cancelled."""
        while True:
            self._tell(STATUS=f"draining {calls()} calls", EXTEND_TIMEOUT_USEC=int(EXTENSION_S * 1e6))
            await asyncio.sleep(DRAIN_EVERY_S)

    async def stay_alive(self, well: Callable[[], bool]) -> None:
        """Gives signs of life twice as often as they are due, as long as all is well, until it is cancelled."""
        if self.watchdog_s <= 0:
            return
        every_s = self.watchdog_s / 2
        while True:
            if is_well := well():
                self._tell(WATCHDOG=1)
            await asyncio.sleep(every_s if is_well else min(every_s, LOOK_AGAIN_S))

    def _tell(self, **fields: str | int) -> None:
        if not self._address:
            return
        message = "\n".join(f"{name}={value}" for name, value in fields.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plug:
                plug.setblocking(False)
                plug.sendto(message.encode(), self._address)
            self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("systemd not told", detail=error.strerror or str(error))
            self._failed = True
