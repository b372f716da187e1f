"""All the Asterisk servers of one worker: who announced which call, and where calls are sent on to."""

import asyncio
import contextlib
from collections.abc import Callable
from uuid import UUID

import structlog

from app.asterisk.announcements import Address, Announcement, Announcements, read_announcement, read_unanswered
from app.asterisk.link import Link, Patience
from app.asterisk.messages import PROVIDER, Message
from app.asterisk.route import Route
from app.config import THIS_MACHINE, Settings
from app.errors import ProviderError, ProviderNetworkError
from app.ops import metrics

log = structlog.get_logger(__name__)


class Switchboard:
    """A link to every Asterisk that the settings name by its address; without AMI_USERNAME there are none.

    Args:
        settings: addresses, port, user and secret.
        patience: of the links.
        on_unanswered: told of each call that ended without any technician having answered.
    """

    def __init__(
        self,
        settings: Settings,
        patience: Patience | None = None,
        *,
        on_unanswered: Callable[[UUID], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._announcements = Announcements()
        self._on_unanswered = on_unanswered
        self._links = {
            address: Link(
                address,
                settings.ami_port,
                settings.ami_username,
                settings.ami_secret.get_secret_value(),
                self._listener(address),
                patience=patience,
            )
            for address in settings.ami_addresses
        }

    def start(self) -> None:
        """Connects to all, in the background; whoever calls this also calls `stop`."""
        for link in self._links.values():
            link.start()

    async def stop(self) -> None:
        """Logs off everywhere."""
        await asyncio.gather(*(link.stop() for link in self._links.values()))

    async def tried(self, within_s: float) -> None:
        """Waits until every link is up or has failed once: who takes calls before that has heard no announcement."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                for link in self._links.values():
                    await link.tried.wait()

    @property
    def links_up(self) -> int:
        """Asterisk servers whose announcements would arrive just now."""
        return sum(link.up for link in self._links.values())

    def hears(self, peer: Address | None) -> bool:
        """Whether an announcement of this peer would arrive just now."""
        link = self._link_to(peer)
        return link is not None and link.up

    def announced(self, call_uuid: UUID, peer: Address | None) -> Announcement | None:
        """The announcement of a call that comes from `peer`."""
        link = self._link_to(peer)
        return self._announcements.find(call_uuid, link.address, self._loop.time()) if link is not None else None

    def use_up(self, announcement: Announcement) -> None:
        """The call has come."""
        self._announcements.use_up(announcement)

    async def send_on(self, announcement: Announcement, route: Route, within_s: float) -> None:
        """Tells the call's dialplan where it goes when the bot has ended its part.

        All variables go out at once; Asterisk takes them in order.

        Raises:
            ProviderError: not told in time, or not at all; the dialplan does what it does without.
        """
        link = self._link_to(announcement.asterisk)
        if link is None:
            raise ProviderNetworkError(PROVIDER, f"no link to {announcement.asterisk}")
        try:
            async with asyncio.TaskGroup() as actions:
                for name, value in route.variables:
                    headers = {"Channel": announcement.channel, "Variable": name, "Value": value}
                    actions.create_task(link.act("Setvar", headers, within_s), name="setvar")
        except* ProviderError as errors:
            error = errors.exceptions[0]
            assert isinstance(error, ProviderError)
            metrics.ERRORS.labels(PROVIDER, error.kind).inc()
            raise error from None

    def _link_to(self, peer: Address | None) -> Link | None:
        if peer is None:
            return None
        link = self._links.get(peer)
        # ::1 and 127.0.0.1 are the same Asterisk, whichever of them AudioSocket came by.
        return self._links.get(THIS_MACHINE) if link is None and peer.is_loopback else link

    def _listener(self, address: Address) -> Callable[[Message], None]:
        def hear(event: Message) -> None:
            try:
                announcement, unanswered = read_announcement(event, address), read_unanswered(event)
            except ValueError as error:
                log.warning("announcement makes no sense", asterisk=str(address), detail=str(error))
                return
            if announcement is not None:
                self._announcements.add(announcement, self._loop.time())
            if unanswered is not None and self._on_unanswered is not None:
                self._on_unanswered(unanswered)

        return hear
