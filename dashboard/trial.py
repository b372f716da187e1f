"""`make dashboard`: the dashboard over what `voicebot demo --history 30d` left, on this machine alone.

python -m dashboard.trial [DIRECTORY]     default: var/demo
"""

import asyncio
import os
import secrets
import sys
from pathlib import Path

from app.errors import StoreError
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from dashboard.__main__ import main as serve
from dashboard.access.users import write_user

USER = "demo"


def main(words: list[str]) -> int:
    """Runs until a signal."""
    directory = Path(words[0]) if words else Path("var/demo")
    if not (directory / "postgres").is_dir():
        print(f"nothing to look at in {directory}: run `voicebot demo --history 30d` first", file=sys.stderr)
        return 2
    postgres = EmbeddedPostgres(directory / "postgres")
    try:
        asyncio.run(_start(postgres))
    except StoreError as error:
        print(f"dashboard: {error}", file=sys.stderr)
        return 1
    password = secrets.token_urlsafe(9)
    users = directory / "dashboard-users"
    write_user(users, USER, "supervisor", password)
    defaults = {
        "TICKETS_DATABASE_URL": postgres.tickets_url,
        "CLIENTS_DATABASE_URL": postgres.clients_url,
        "RECORDINGS_DIR": str(directory / "recordings"),
        "LIVE_DIR": str(directory / "live"),
        "DASHBOARD_USERS_FILE": str(users),
        "DASHBOARD_SECURE_COOKIE": "false",
        "PERSONAL_IP": "127.0.0.1,::1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    print(f"http://127.0.0.1:{os.environ.get('DASHBOARD_PORT', '8502')}  user {USER}, password {password}", flush=True)
    try:
        return serve()
    finally:
        asyncio.run(postgres.stop())


async def _start(postgres: EmbeddedPostgres) -> None:
    await postgres.start()
    await migrate(postgres.clients_url, "clients")
    await migrate(postgres.tickets_url, "tickets")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
