"""`python -m dashboard`: the dashboard, behind a proxy that has the certificate."""

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import altair  # noqa: F401  # a second, which the first visitor would wait
import pandas  # noqa: F401
import streamlit as st
import uvicorn
from starlette.types import ASGIApp

from app.errors import ConfigError
from dashboard.access.gate import Gate
from dashboard.access.login import Login
from dashboard.config import load_dashboard_settings
from dashboard.desk import Desk, open_desk
from dashboard.paths import PATHS
from dashboard.recordings import Recordings
from dashboard.shell import shell_routes

log = logging.getLogger("dashboard")
MAIN_PAGE = Path(__file__).with_name("main.py")
GRACE_S = 3


def application(desk: Desk) -> ASGIApp:
    """Everything, the gate in front."""
    settings = desk.settings
    login = Login(
        desk.users, desk.sessions, desk.throttle, desk.cookie, settings.secure_cookie, desk.refusals, log.info
    )
    recordings = Recordings(desk)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        yield
        desk.close()

    inner = st.App(MAIN_PAGE, routes=[*login.routes(), *recordings.routes(), *shell_routes(PATHS)], lifespan=lifespan)
    return Gate(inner, settings.personal_ip, settings.trusted_proxies, desk.sessions, desk.cookie, desk.refusals)


def main() -> int:
    """Runs until a signal."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        settings = load_dashboard_settings()
    except ConfigError as error:
        for problem in error.problems:
            print(f"dashboard: {problem}", file=sys.stderr)
        return 2
    desk = open_desk(settings)
    if desk.users.empty:
        log.warning("nobody may log in: %s has no users", settings.users_file)
    os.environ.setdefault("STREAMLIT_SERVER_PORT", str(settings.port))
    # The peer of the connection decides, and forwarded headers are read in one place only: the gate.
    uvicorn.run(
        application(desk),
        host=settings.host,
        port=settings.port,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        ws_max_size=4 * 1024 * 1024,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
