"""Who is calling: what a dialplan announced, kept until the call comes. Pure: the time is an argument.

UserEvent(VoicebotCall,CallUUID: …,CallerNumber: …,CallerName: …,Dialled: …,Attempt: new|returned,Reason: …)
UserEvent(VoicebotUnanswered,CallUUID: …,Reason: …)
"""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from app.asterisk.messages import Message
from app.asterisk.numbers import caller_number

Address = IPv4Address | IPv6Address

USER_EVENT = "VoicebotCall"
UNANSWERED_EVENT = "VoicebotUnanswered"
KEPT_S = 10.0
"""The call comes within milliseconds; a dialplan that tries another server first needs 2 s for each that is away."""
MAX_KEPT = 1_000
MAX_NAME_CHARACTERS = 80
HEADERS = ("channel", "calluuid", "callernumber", "callername", "dialled", "attempt", "reason")


@dataclass(frozen=True, slots=True)
class Announcement:
    """A call that will come, or came back.

    Attributes:
        call_uuid: the one that AudioSocket will say.
        asterisk: who announced it; good for calls from there only.
        channel: its name on that Asterisk.
        caller_number: E.164 where it could be made so; None when withheld.
        caller_name: as the telephone shows it.
        dialled: what the caller dialled.
        returned: the technician did not answer, and the caller is back.
        reason: why then, Asterisk's DIALSTATUS.
    """

    call_uuid: UUID
    asterisk: Address
    channel: str
    caller_number: str | None = None
    caller_name: str = ""
    dialled: str = ""
    returned: bool = False
    reason: str = ""


def read_announcement(event: Message, asterisk: Address) -> Announcement | None:
    """The announcement in an event; None for any other event.

    Raises:
        ValueError: it makes no sense. That goes for a header that stands there twice, too: a caller's name with a comma
            in it can bring headers of its own, as Asterisk splits the arguments of UserEvent there.
    """
    if event.get("event") != "UserEvent" or event.get("userevent") != USER_EVENT:
        return None
    if twice := event.repeated.intersection(HEADERS):
        raise ValueError(f"more than one {', '.join(sorted(twice))}")
    if not event.get("channel"):
        raise ValueError("no channel")
    attempt = event.get("attempt") or "new"
    if attempt not in ("new", "returned"):
        raise ValueError("Attempt is neither new nor returned")
    return Announcement(
        call_uuid=UUID(event.get("calluuid")),
        asterisk=asterisk,
        channel=event.get("channel"),
        caller_number=caller_number(event.get("callernumber")),
        caller_name=event.get("callername")[:MAX_NAME_CHARACTERS],
        dialled=event.get("dialled")[:MAX_NAME_CHARACTERS],
        returned=attempt == "returned",
        reason=event.get("reason")[:MAX_NAME_CHARACTERS],
    )


def read_unanswered(event: Message) -> UUID | None:
    """The call that ended without any technician having answered, if that is what an event tells.

    Raises:
        ValueError: it names no call.
    """
    if event.get("event") != "UserEvent" or event.get("userevent") != UNANSWERED_EVENT:
        return None
    return UUID(event.get("calluuid"))


class Announcements:
    """Those that no call has come for yet; too old ones and too many are forgotten.

    Args:
        kept_s: how long.
        max_kept: how many.
    """

    def __init__(self, kept_s: float = KEPT_S, max_kept: int = MAX_KEPT) -> None:
        self._kept_s = kept_s
        self._max_kept = max_kept
        self._waiting: OrderedDict[tuple[Address, UUID], tuple[float, Announcement]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, announcement: Announcement, now_s: float) -> None:
        """Keeps it; the later one of two for a call counts."""
        self._forget_old(now_s)
        key = (announcement.asterisk, announcement.call_uuid)
        self._waiting.pop(key, None)
        self._waiting[key] = (now_s, announcement)
        if len(self._waiting) > self._max_kept:
            self._waiting.popitem(last=False)

    def find(self, call_uuid: UUID, asterisk: Address, now_s: float) -> Announcement | None:
        """The announcement of this call, by this Asterisk."""
        self._forget_old(now_s)
        _, found = self._waiting.get((asterisk, call_uuid), (0.0, None))
        return found

    def use_up(self, announcement: Announcement) -> None:
        """Its call has come: the same UUID once more is nobody announced."""
        self._waiting.pop((announcement.asterisk, announcement.call_uuid), None)

    def _forget_old(self, now_s: float) -> None:
        while self._waiting:
            key, (added_s, _) = next(iter(self._waiting.items()))
            if now_s - added_s < self._kept_s:
                return
            del self._waiting[key]
