"""The page to log in, and out: plain HTML, before anything of Streamlit is loaded."""

import asyncio
import html
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.access.gate import token_in
from dashboard.access.refusals import Refusals
from dashboard.access.sessions import Sessions, Throttle
from dashboard.access.users import Users
from dashboard.shell import ICON
from dashboard.words import Language, language_of, word

FORM_MAX_BYTES = 4096
AT_A_TIME = 2
"""Checks of passwords: each takes a core for 50 ms and 64 MB."""

PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title><link rel="icon" href="{icon}"><style>
:root{{color-scheme:light;--ink:#16262e;--blue:#0b5c7a;--line:#7b8d96}}
*{{box-sizing:border-box}}
body{{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef3f6;color:var(--ink);
font:16px/1.5 system-ui,"DejaVu Sans",sans-serif}}
main{{width:min(24rem,92vw);background:#fff;border-radius:14px;padding:2rem;box-shadow:0 6px 30px #16262e1f}}
h1{{margin:0 0 .25rem;font-size:1.4rem}}p{{margin:0 0 1.25rem}}
label{{display:block;font-weight:600;margin:1rem 0 .3rem}}
input{{width:100%;font:inherit;padding:.65rem .75rem;border:1px solid var(--line);border-radius:8px;background:#fff}}
button{{width:100%;font:inherit;font-weight:600;margin-top:1.5rem;padding:.75rem;border:0;border-radius:8px;
background:var(--blue);color:#fff;cursor:pointer}}
input:focus-visible,button:focus-visible,a:focus-visible{{outline:3px solid #e8a33d;outline-offset:2px}}
.problem{{background:#fdecea;color:#8a1c14;border-radius:8px;padding:.65rem .75rem}}
footer{{margin-top:1.25rem;text-align:center}}a{{color:var(--blue)}}
</style></head><body><main><h1>{title}</h1><p>{hint}</p>{problem}
<form method="post" action="/login?lang={language}">
<label for="name">{name}</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" required autofocus>
<label for="password">{password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">{enter}</button></form>
<footer><a href="/login?lang={other}" hreflang="{other}" lang="{other}">{other_name}</a></footer>
</main></body></html>"""


class Login:
    """The two routes.

    Args:
        users: who may log in.
        sessions: begun and ended here.
        throttle: against guessing.
        cookie: its name.
        secure: cookie over TLS only.
        refusals: told who tried to log in and could not.
        log: told who logged in.
    """

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        throttle: Throttle,
        cookie: str,
        secure: bool,
        refusals: Refusals,
        log: Callable[[str], None],
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._throttle = throttle
        self._cookie = cookie
        self._secure = secure
        self._refusals = refusals
        self._log = log
        self._places = asyncio.Semaphore(AT_A_TIME)

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/login", self._show, methods=["GET"]),
            Route("/login", self._enter, methods=["POST"]),
            Route("/logout", self._leave, methods=["GET"]),
        ]

    async def _show(self, request: Request) -> Response:
        problem = "no_users" if self._users.empty else ""
        return _page(_language(request), problem, 200)

    async def _enter(self, request: Request) -> Response:
        language = _language(request)
        if not _from_here(request):
            return _page(language, "wrong_origin", 403)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > FORM_MAX_BYTES:
                return _page(language, "wrong_login", 413)
        form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
        name, password = form.get("name", [""])[0].strip(), form.get("password", [""])[0]
        address = request.client.host if request.client else ""
        keys = (f"address {address}", f"name {name}")
        if self._throttle.wait_s(*keys) > 0:
            self._refusals.note(address, "too_many_tries")
            return _page(language, "too_many_tries", 429)
        # Counted before it is known: tries at once are not free.
        self._throttle.failed(*keys)
        async with self._places:
            user = await asyncio.to_thread(self._users.check, name, password)
        if user is None:
            self._refusals.note(address, "password")
            return _page(language, "wrong_login", 401)
        self._throttle.succeeded(*keys)
        self._sessions.end(token_in(request.headers.get("cookie", ""), self._cookie))
        self._log(f"login of {user.name} ({user.role}) from {address}")
        response = RedirectResponse(f"/?lang={language}", 303)
        response.set_cookie(
            self._cookie, self._sessions.begin(user), path="/", secure=self._secure, httponly=True, samesite="lax"
        )
        return response

    async def _leave(self, request: Request) -> Response:
        self._sessions.end(token_in(request.headers.get("cookie", ""), self._cookie))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="lax")
        return response


def _page(language: Language, problem: str, status: int) -> Response:
    other: Language = "en" if language == "fr" else "fr"
    shown = f'<p class="problem" role="alert">{html.escape(word(problem, language))}</p>' if problem else ""
    text = PAGE.format(
        language=language,
        icon=ICON,
        title=html.escape(word("title", language)),
        hint=html.escape(word("login_hint", language)),
        name=html.escape(word("login_name", language)),
        password=html.escape(word("login_password", language)),
        enter=html.escape(word("login_enter", language)),
        problem=shown,
        other=other,
        other_name={"fr": "Français", "en": "English"}[other],
    )
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def _language(request: Request) -> Language:
    wanted = request.query_params.get("lang")
    return language_of(wanted or request.headers.get("accept-language"))


def _from_here(request: Request) -> bool:
    """A form of another site's page must not log anybody in."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
