"""Clients: looked for by the beginning of any of their words; names of those who called."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.queries.filters import telephone
from dashboard.queries.source import QUERY_S, Source

COLUMNS = "id, first_name, last_name, company, email, phone, created_at"
PAGE_SIZE = 50
WORDS_MAX = 6
INDEXED = "client_words(first_name, last_name, company, email, phone)"
"""As in the index `clients_words`."""


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One client; the fields are the table's columns."""

    id: int
    first_name: str
    last_name: str
    company: str | None
    email: str | None
    phone: str
    created_at: datetime

    @property
    def name(self) -> str:
        """As it is spoken."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def full_name(self) -> str:
        """With the company, if there is one."""
        return f"{self.name} ({self.company})" if self.company else self.name


async def client_page(source: Source, words: str, *, offset: int = 0, limit: int = PAGE_SIZE) -> list[ClientRow]:
    """Clients in whom each of the words begins one of theirs; the newest first, all of them without words."""
    query = prefixes(words)
    found = f"{INDEXED} @@ to_tsquery('simple', $3)" if query else "$3 = ''"
    rows = await source.fetch(
        f"SELECT {COLUMNS} FROM clients WHERE {found} ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2",
        limit,
        max(offset, 0),
        query,
        within_s=QUERY_S,
    )
    return [_row(row) for row in rows]


async def client_by_id(source: Source, number: int) -> ClientRow | None:
    """One client, None if there is none."""
    if not 0 < number < 2**63:
        return None
    rows = await source.fetch(f"SELECT {COLUMNS} FROM clients WHERE id = $1", number, within_s=QUERY_S)
    return _row(rows[0]) if rows else None


async def client_names(source: Source, numbers: Iterable[int | None]) -> dict[int, str]:
    """Names (with the company) of the clients with these numbers, in one query."""
    wanted = sorted({number for number in numbers if number is not None})
    if not wanted:
        return {}
    rows = await source.fetch(f"SELECT {COLUMNS} FROM clients WHERE id = ANY($1::bigint[])", wanted, within_s=QUERY_S)
    return {client.id: client.full_name for client in map(_row, rows)}


async def clients_by_phone(source: Source, phones: Iterable[str]) -> dict[str, str]:
    """Names (with the company) by telephone number, of those that are clients."""
    sql = f"SELECT {COLUMNS} FROM clients WHERE phone = ANY($1::text[])"
    rows = await source.fetch(sql, sorted(set(phones)), within_s=QUERY_S)
    return {client.phone: client.full_name for client in map(_row, rows)}


def prefixes(words: str) -> str:
    """What was typed as a query of PostgreSQL: `dup:* & pie:*`. Only letters and digits are left of it.

    A telephone number is looked for as it stands in the table.
    """
    if re.fullmatch(r"[\d\s.+()-]{4,}", words.strip()) and (number := telephone(words)):
        return f"{number.removeprefix('+')}:*"
    plain = unicodedata.normalize("NFD", words.lower().replace("œ", "oe").replace("æ", "ae"))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return " & ".join(f"{part}:*" for part in re.findall(r"[a-z0-9]+", bare)[:WORDS_MAX])


def _row(row: Mapping[str, Any]) -> ClientRow:
    return ClientRow(*(row[column] for column in COLUMNS.split(", ")))
