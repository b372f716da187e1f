"""The link of a worker to one Asterisk: connected, logged in, asked for signs of life, and made anew when it breaks."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from app.asterisk.announcements import Address
from app.asterisk.messages import PROVIDER, Message
from app.asterisk.session import Session
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderTimeoutError,
)
from app.ops import metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an Asterisk is waited for, and how often it is tried.

    Attributes:
        connect_s: for the connection.
        login_s: for the answer to the login; Asterisk lets a refused one wait.
        ping_every_s: a peer that is dead without a word is found this way.
        ping_s: for the answer to that.
        retry_s: before the first new try; doubled up to `max_retry_s`, and spread by a quarter so that all workers of
            all servers don't come back to a restarted Asterisk at the same instant.
        max_retry_s: the longest pause.
        refused_s: after a refused login; only a person can mend that.
    """

    connect_s: float = 3.0
    login_s: float = 5.0
    ping_every_s: float = 10.0
    ping_s: float = 5.0
    retry_s: float = 0.5
    max_retry_s: float = 15.0
    refused_s: float = 60.0


class Link:
    """A link, kept up from `start` to `stop`.

    Args:
        address: the Asterisk.
        port: of its manager.
        username: as in its manager.conf.
        secret: never told to anybody else.
        on_event: told of every event.
        patience: all its times.
        dice: 0 to 1, for the spread of pauses.
    """

    def __init__(
        self,
        address: Address,
        port: int,
        username: str,
        secret: str,
        on_event: Callable[[Message], None],
        *,
        patience: Patience | None = None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.address = address
        self._port = port
        self._username = username
        self._secret = secret
        self._on_event = on_event
        self._patience = patience or Patience()
        self._dice = dice
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._told = ""
        self._connected = metrics.AMI_CONNECTED.labels(str(address))
        self.tried = asyncio.Event()
        """It was up, or has failed, at least once."""

    @property
    def up(self) -> bool:
        """Logged in: announcements are heard, actions are taken."""
        return self._session is not None

    def start(self) -> None:
        """Connects, in the background; whoever calls this also calls `stop`."""
        if self._task is None:
            self._connected.set(0)
            self._task = asyncio.create_task(self._keep(), name=f"asterisk {self.address}")

    async def stop(self) -> None:
        """Logs off and ends."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=self._patience.connect_s)

    async def act(self, action: str, headers: Mapping[str, str], within_s: float) -> Message:
        """Sends an action and returns its answer; raises as `Session.act`."""
        if self._session is None:
            raise ProviderNetworkError(PROVIDER, f"no link to {self.address}")
        return await self._session.act(action, headers, within_s)

    async def _keep(self) -> None:
        patience = self._patience
        pause_s = patience.retry_s
        while True:
            began_s = asyncio.get_running_loop().time()
            try:
                await self._live()
            except ProviderError as error:
                metrics.ERRORS.labels(PROVIDER, error.kind).inc()
                self._tell(error)
                refused = isinstance(error, ProviderAuthError)
            except Exception:
                log.exception("asterisk link failed", asterisk=str(self.address))
                refused = False
            self.tried.set()
            if asyncio.get_running_loop().time() - began_s > patience.max_retry_s:
                pause_s = patience.retry_s  # it was well for a while
            wait_s = patience.refused_s if refused else pause_s
            pause_s = min(2 * pause_s, patience.max_retry_s)
            await asyncio.sleep(wait_s * (0.75 + 0.5 * self._dice()))

    async def _live(self) -> None:
        """One connection, to its end; raises the reason."""
        session = await self._connect()
        try:
            await self._log_in(session)
            self._session = session
            self._connected.set(1)
            self.tried.set()
            self._told = ""
            log.info("asterisk connected", asterisk=str(self.address))
            while not session.lost.done():
                await asyncio.wait([session.lost], timeout=self._patience.ping_every_s)
                if not session.lost.done():
                    await session.act("Ping", {}, self._patience.ping_s)
            raise session.lost.result()
        except ProviderError:
            session.abort()
            raise
        finally:
            self._session = None
            self._connected.set(0)
            session.close()

    async def _connect(self) -> Session:
        loop, patience = asyncio.get_running_loop(), self._patience
        try:
            async with asyncio.timeout(patience.connect_s):
                _, session = await loop.create_connection(
                    lambda: Session(self._on_event), str(self.address), self._port
                )
        except TimeoutError as error:
            raise ProviderTimeoutError(PROVIDER, f"no connection within {patience.connect_s:g} s") from error
        except OSError as error:
            raise ProviderNetworkError(PROVIDER, error.strerror or str(error)) from error
        return session

    async def _log_in(self, session: Session) -> None:
        """Asks for events of class `user` only: everything else would be read for nothing."""
        headers = {"Username": self._username, **await self._proof(session), "Events": "user"}
        try:
            await session.act("Login", headers, self._patience.login_s)
        except ProviderAuthError as error:
            raise ProviderAuthError(
                PROVIDER, f"login refused ({error.detail}): check AMI_USERNAME, AMI_SECRET and manager.conf there"
            ) from error

    async def _proof(self, session: Session) -> Mapping[str, str]:
        """What shows that we know the secret: never the secret itself, where the manager poses a challenge."""
        try:
            answer = await session.act("Challenge", {"AuthType": "MD5"}, self._patience.login_s)
        except (ProviderProtocolError, ProviderAuthError):
            return {"Secret": self._secret}
        said = f"{answer.get('challenge')}{self._secret}".encode()
        # Asterisk knows no other (`main/manager.c`, authenticate); it keeps the secret off the wire, no more.
        return {"AuthType": "MD5", "Key": hashlib.md5(said, usedforsecurity=False).hexdigest()}

    def _tell(self, error: ProviderError) -> None:
        """Once for each reason, until it is connected again."""
        if error.detail == self._told:
            return
        self._told = error.detail
        fields = {"asterisk": str(self.address), "port": self._port, "detail": error.detail}
        if isinstance(error, ProviderAuthError):
            log.error("asterisk refuses us", **fields)
        else:
            log.warning("asterisk not connected", **fields)
