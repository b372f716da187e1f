"""In front of everything: pages, WebSocket, sound. Nothing of Streamlit runs for whom this turns away."""

from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access.peer import Network, contains, real_address
from dashboard.access.refusals import Refusals
from dashboard.access.sessions import Sessions
from dashboard.shell import SCRIPT_HASH
from dashboard.words import language_of, word

OPEN_PATHS = ("/login",)
"""What is answered without a session, to those whose address is allowed."""
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'self'; script-src 'self' blob: '{SCRIPT_HASH}'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; font-src 'self' data:; media-src 'self'; worker-src 'self' blob:;"
        " connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""Streamlit needs inline styles, and loads what our components run as blobs."""


class Gate:
    """ASGI middleware: first the address, then the session.

    Args:
        app: what is protected.
        allowed: PERSONAL_IP.
        trusted: TRUSTED_PROXIES.
        sessions: of those who logged in.
        cookie: name of the cookie that holds the token.
        refusals: told of those who are turned away.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed: Sequence[Network],
        trusted: Sequence[Network],
        sessions: Sessions,
        cookie: str,
        refusals: Refusals,
    ) -> None:
        self._app = app
        self._allowed = allowed
        self._trusted = trusted
        self._sessions = sessions
        self._cookie = cookie
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one WebSocket, or the process's life."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else None
        address = real_address(peer, headers.getlist("x-forwarded-for"), self._trusted)
        if not contains(self._allowed, address):
            self._refusals.note(address, "address")
            language = language_of(headers.get("accept-language"))
            await _refuse(scope, receive, send, 403, word("address_refused", language, address=str(address or "?")))
            return
        # What comes behind sees the address that was decided on, and no header that says otherwise.
        kept = [(name, value) for name, value in scope["headers"] if not name.lower().startswith(b"x-forwarded")]
        scope = {**scope, "client": (str(address), 0), "headers": kept}
        if scope["path"] in OPEN_PATHS and scope["type"] == "http":
            await self._app(scope, receive, _with_headers(send))
            return
        user = self._sessions.user_of(token_in(headers.get("cookie", ""), self._cookie))
        if user is None:
            if scope["path"] not in ("/", "/favicon.ico"):  # whoever begins there has done nothing wrong
                self._refusals.note(address, "session")
            await _ask_to_log_in(scope, receive, send, headers)
            return
        scope["state"] = {**scope.get("state", {}), "user": user}
        await self._app(scope, receive, _with_headers(send))


def token_in(header: str, cookie: str) -> str | None:
    """The token in a Cookie header."""
    try:
        morsel = SimpleCookie(header).get(cookie)
    except CookieError:
        return None
    return morsel.value if morsel else None


async def _ask_to_log_in(scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
    wants_page = scope["type"] == "http" and scope["method"] == "GET" and "text/html" in headers.get("accept", "")
    if wants_page and not scope["path"].startswith(("/recordings", "/media", "/_stcore", "/static", "/assets")):
        await RedirectResponse("/login", 303)(scope, receive, _with_headers(send))
        return
    await _refuse(scope, receive, send, 401, word("session_needed", language_of(headers.get("accept-language"))))


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})  # before it was accepted: HTTP 403
        return
    response: Response = PlainTextResponse(reason, status, headers={"Cache-Control": "no-store"})
    await response(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
        await send(message)

    return wrapped
