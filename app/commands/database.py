"""`voicebot db migrate`: brings both databases to the newest schema."""

from rich.console import Console

from app.config import load_settings
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate


async def migrate_both() -> int:
    """Applies what is missing, in the databases of the settings or in the embedded PostgreSQL."""
    settings = load_settings()
    if settings.clients_database_url is None or settings.tickets_database_url is None:
        async with EmbeddedPostgres(settings.embedded_postgres_dir) as embedded:
            return await _migrate(embedded.clients_url, embedded.tickets_url)
    return await _migrate(settings.clients_database_url, settings.tickets_database_url)


async def _migrate(clients_url: str, tickets_url: str) -> int:
    console = Console(highlight=False)
    applied = {"clients": await migrate(clients_url, "clients"), "tickets": await migrate(tickets_url, "tickets")}
    for database, names in applied.items():
        console.print(f"{database}: {', '.join(names) if names else 'up to date'}")
    return 0
