"""Logins: who has which session, and how often somebody may try."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from dashboard.access.users import User, Users

SESSIONS_MAX = 1000
IDLE_S = 4 * 3600.0
"""A browser left open over lunch stays in; one left open over night does not."""
FREE_TRIES = 5
LOCK_S = 30.0
LOCK_MAX_S = 900.0
WATCHED_MAX = 10_000


@dataclass(slots=True)
class Session:
    """One login.

    Attributes:
        user: as they were when they logged in.
        fingerprint: of their line in the file then.
        ends_s: on the clock of `Sessions`.
        seen_s: the last request.
    """

    user: User
    fingerprint: str
    ends_s: float
    seen_s: float


class Sessions:
    """All logins of this process; they are gone with it. What is kept is not what the browser holds, but its hash.

    Args:
        users: who may log in.
        lasts_s: how long a login lasts.
        now_s: a monotonic clock.
    """

    def __init__(self, users: Users, lasts_s: float, now_s: Callable[[], float]) -> None:
        self._users = users
        self._lasts_s = lasts_s
        self._now_s = now_s
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def begin(self, user: User) -> str:
        """A new session; the token for the browser's cookie."""
        token = secrets.token_urlsafe(32)
        now_s = self._now_s()
        while len(self._sessions) >= SESSIONS_MAX:
            self._sessions.popitem(last=False)
        fingerprint = self._users.fingerprint(user.name)
        self._sessions[_digest(token)] = Session(user, fingerprint, now_s + self._lasts_s, now_s)
        return token

    def user_of(self, token: str | None, *, idle: bool = False) -> User | None:
        """Who holds this token; None when it is none, has ended, or the user was removed or changed.

        Args:
            token: as the browser sent it.
            idle: a page asks that refreshes by itself: nobody need sit in front of it.
        """
        if not token:
            return None
        key = _digest(token)
        session = self._sessions.get(key)
        if session is None:
            return None
        now_s = self._now_s()
        stale = now_s >= session.ends_s or now_s - session.seen_s >= IDLE_S
        if stale or self._users.fingerprint(session.user.name) != session.fingerprint:
            del self._sessions[key]
            return None
        if not idle:
            session.seen_s = now_s
        return session.user

    def end(self, token: str | None) -> None:
        """Logged out."""
        if token:
            self._sessions.pop(_digest(token), None)


class Throttle:
    """Slows down guessing: after five failures of one address, or for one name, each next try waits longer.

    Args:
        now_s: a monotonic clock.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, *keys: str) -> float:
        """How long the next try of any of these has to wait; 0 if not at all."""
        now_s = self._now_s()
        return max((self._failures.get(key, (0, 0.0))[1] - now_s for key in keys), default=0.0)

    def failed(self, *keys: str) -> None:
        """A wrong password."""
        for key in keys:
            count = self._failures.pop(key, (0, 0.0))[0] + 1
            locked_s = min(LOCK_S * 2 ** min(count - FREE_TRIES, 10), LOCK_MAX_S) if count >= FREE_TRIES else 0.0
            self._failures[key] = (count, self._now_s() + locked_s)
        while len(self._failures) > WATCHED_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """The right one: forgotten."""
        for key in keys:
            self._failures.pop(key, None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
