"""What queries are asked of."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

QUERY_S = 5.0
"""A page that takes longer says that the database does not answer."""


class Source(Protocol):
    """A database as `app.store.pool.Database` is one."""

    async def fetch(self, sql: str, *arguments: object, within_s: float = ...) -> Sequence[Mapping[str, Any]]:
        """Rows of one statement; raises StoreError."""
        ...
